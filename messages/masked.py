"""A copy of a log that may be shown to others: the same columns, without personal data."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from messages.columns import means, personal_columns, pick_columns, plain_name
from messages.encoding import visible_bytes
from messages.fields import hashed_sender, is_blank
from messages.log import read_rows
from messages.privacy import mask_personal
from messages.workbook import text_of

if TYPE_CHECKING:
    import pandas as pd

REMOVED = "⟨personal⟩"


def masked_table(
    path: str | Path,
    *,
    columns: Mapping[str, str] | None = None,
    encoding: str | None = None,
    marketplace: str | None = None,
) -> "pd.DataFrame":
    """Every row of a log with its columns: buyers hashed as in `read_log`, names, addresses and numbers taken out.

    Messages keep their words; what `mask_personal` finds in them is replaced. A damaged row keeps its place and says
    in a column `damage` what is wrong with it. Raises LogError as `read_log` does.
    """
    import pandas as pd

    reading = read_rows(path, columns=columns, encoding=encoding, marketplace=marketplace)
    names = list(dict.fromkeys(name for row in reading.rows for name in row.values))
    picked = pick_columns(names, columns)
    kinds = {name: kind_of(name, picked) for name in names}
    rows = [{name: _masked(row.values.get(name), kinds[name]) for name in names} for row in reading.rows]
    nested = [
        name for name in names if all(isinstance(row.values.get(name), (dict, type(None))) for row in reading.rows)
    ]
    frame = pd.DataFrame(rows, columns=names).drop(columns=nested)
    if any(row.reason for row in reading.rows):
        frame["damage"] = [row.reason for row in reading.rows]
    return frame


def kind_of(name: str, picked: Mapping[str, tuple[str, ...]]) -> str:
    """What a column holds: "buyer", "order_id", "personal", or "text" for anything else."""
    for field in ("buyer", "order_id"):
        if name in picked.get(field, ()):
            return field
    inner = plain_name(name.rpartition(".")[2])
    is_inside = "." in name and means(inner, "buyer")
    return "personal" if is_inside or {plain_name(name), inner} & personal_columns() else "text"


def _masked(value: Any, kind: str) -> str:
    if isinstance(value, (list, tuple)):
        value = " ".join(str(v) for v in value if not isinstance(v, (dict, list)))
    text = "" if isinstance(value, dict) else visible_bytes(text_of(value))
    if is_blank(text) or kind == "text":
        return _in_words(text)
    return {"buyer": hashed_sender(text), "order_id": "⟨order⟩"}.get(kind, REMOVED)


@lru_cache(maxsize=10_000)
def _in_words(text: str) -> str:
    return mask_personal(text)
