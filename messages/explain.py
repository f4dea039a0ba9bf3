"""What a log was understood as, and why: its format, its encoding, and what each column is taken for."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from messages.columns import not_the_buyer, pick_columns, plain_name, why_picked
from messages.content import open_content
from messages.delimited import dialect_in_words
from messages.encoding import decode_lines, why_encoding
from messages.fields import is_blank, records_of, survey
from messages.log import read_rows
from messages.masked import REMOVED, kind_of
from messages.privacy import mask_personal
from messages.rows import RawRow, given
from messages.workbook import text_of

_SHOWN = 60  # characters of an example
_MARK = re.compile("⟨[^⟨⟩]+⟩")  # that stands for what was taken out


@dataclass(frozen=True)
class Column:
    """A column: the field it is taken for or "", why, how many of its cells are filled, and one, masked."""

    name: str
    field: str
    why: str
    filled: int
    example: str


@dataclass(frozen=True)
class Explanation:
    """A log as `read_log` understands it. `missing` names what else a log may hold and this one does not say."""

    form: str
    encoding: str
    rows: int
    messages: int
    set_aside: Mapping[str, int]
    columns: tuple[Column, ...]
    missing: tuple[str, ...]
    notes: tuple[str, ...]
    complete: bool


def explain(
    path: str | Path,
    *,
    columns: Mapping[str, str] | None = None,
    encoding: str | None = None,
    marketplace: str | None = None,
) -> Explanation:
    """How `read_log` understands a file, column by column. Raises LogError as `read_log` does.

    A file of records without a text is explained all the same, so that one can see which column to name.
    """
    reading = read_rows(path, columns=columns, encoding=encoding, marketplace=marketplace)
    found = survey(lambda: given(reading), columns, marketplace)
    records = records_of(reading.rows, found.plan, {row.number for row in reading.rows if found.repeats(row)})
    picked = pick_columns(found.names, columns)
    form = _form(reading.rows)
    content = open_content(path)
    lines = decode_lines(content, content.name, encoding, marketplace) if form in _TEXTS else None
    shown = tuple(_column(name, picked, columns or {}, reading.rows, form) for name in found.names)
    reasons = Counter(record["reason"] for record in records)
    good = reasons.pop("", 0) if "text" in picked else 0
    fields = ("text", "message_id", "order_id", "received_at", "marketplace", "buyer", "subject")
    return Explanation(
        f"{form}, {dialect_in_words(lines.lines, columns)}" if lines and form == _DELIMITED else form,
        f"{lines.encoding}: {why_encoding(content.head, lines.encoding, encoding)}" if lines else "",
        len(reading.rows),
        good,
        dict(reasons.most_common()),
        shown,
        tuple(field for field in fields if field not in picked),
        reading.notes,
        reading.complete,
    )


_DELIMITED = "delimited text"
_FORMS = (
    (re.compile(r"mail \d"), "a mailbox or mail"),
    (re.compile(r"sheet "), "a workbook"),
    (re.compile(r"table row"), "a page of HTML"),
    (re.compile(r"row \d"), "Parquet"),
    (re.compile(r"record \d|line \d+, "), "JSON"),
    (re.compile(r"lines? \d"), _DELIMITED),
)
_TEXTS = (_DELIMITED, "JSON", "a page of HTML")


def _form(rows: Sequence[RawRow]) -> str:
    """What the places of the rows say.

    >>> _form([RawRow(1, {}, "sheet Oct, row 2")]), _form([RawRow(1, {}, "b.csv, line 2")]), _form([])
    ('a workbook', 'an archive', 'no rows')
    """
    if not rows:
        return "no rows"
    form = next((form for pattern, form in _FORMS if pattern.match(rows[0].place)), "an archive")
    return "JSON" if form == _DELIMITED and rows[0].raw.lstrip("\ufeff \t").startswith("{") else form


def _column(
    name: str,
    picked: Mapping[str, tuple[str, ...]],
    chosen: Mapping[str, str],
    rows: Sequence[RawRow],
    form: str,
) -> Column:
    fields = [field for field, names in picked.items() if name in names]
    why = "; ".join(_why(name, field, picked[field], chosen, form) for field in fields)
    if not fields and plain_name(name) in not_the_buyer():
        why = "tells who wrote a row"
    filled = [text for row in rows if not is_blank(text := text_of(row.values.get(name)))]
    example = " ".join(mask_personal(filled[0][:1000]).split())[:_SHOWN] if filled else ""
    if example and kind_of(name, picked) in ("buyer", "personal") and not _MARK.fullmatch(example):
        example = REMOVED  # a name alone looks like any other words
    return Column(name, " ".join(fields), why, len(filled), example)


def _why(name: str, field: str, names: Sequence[str], chosen: Mapping[str, str], form: str) -> str:
    if form == "a mailbox or mail" and field not in chosen:
        return "as the mail says"
    why = why_picked(name, field, chosen)
    return why if names[0] == name else f"{why}, read where {names[0]!r} is blank"
