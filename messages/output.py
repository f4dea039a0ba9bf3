"""Writes a table whole or not at all, in a form that a spreadsheet opens without running anything."""

import os
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from messages.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

TABLES = (".csv", ".tsv", ".xlsx", ".jsonl", ".parquet")
CELL_LIMIT = 32_767  # characters in one cell of a workbook
LIST_LIMIT = 255  # characters of a drop-down list; a longer one is left out
_CUT = " … [cut: the cell holds 32,767 characters]"
_RUNS = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")


def guard(cell: str) -> str:
    """The cell with an apostrophe before anything that a spreadsheet would run; `unguard` takes it off again.

    >>> guard("=HYPERLINK(1)"), guard("－5 Grad"), guard("'=1"), guard("It hums = bad")
    ("'=HYPERLINK(1)", "'－5 Grad", "''=1", 'It hums = bad')
    """
    return "'" + cell if _RUNS.match(cell) else cell


def unguard(cell: str) -> str:
    """The text before `guard`.

    >>> all(unguard(guard(t)) == t for t in ("=1", "'=1", "''@x", "'quoted'", ""))
    True
    """
    return cell[1:] if cell.startswith("'") and _RUNS.match(cell[1:]) else cell


def write_table(frame: "pd.DataFrame", path: str | Path, choices: "Mapping[str, Sequence[str]] | None" = None) -> None:
    """Write a table as CSV (UTF-8 with BOM, so that Excel opens it), TSV, XLSX, JSONL or Parquet, by file name.

    The file appears whole or not at all; on any error the old one stays as it was. Cells of CSV, TSV and XLSX are
    guarded. `choices` gives the cells of a column a drop-down list in XLSX; whatever else is typed there is warned of.
    Raises InputError naming the file and the reason.
    """
    path = Path(path)
    writers: dict[str, Callable[[pd.DataFrame, Path], None]] = {
        ".csv": lambda f, p: _write_delimited(f, p, ","),
        ".tsv": lambda f, p: _write_delimited(f, p, "\t"),
        ".xlsx": partial(_write_workbook, choices=choices or {}),
        ".jsonl": _write_lines,
        ".parquet": lambda f, p: f.to_parquet(p, index=False),
    }
    check_output(path, tuple(writers))
    write_whole(path, partial(writers[path.suffix.lower()], frame))


def write_text(text: str, path: str | Path) -> None:
    """Write a text as UTF-8, whole or not at all, its line ends as they are.

    Raises InputError naming the file and the reason.
    """
    path = Path(path)
    check_output(path, (path.suffix.lower(),))
    write_whole(path, lambda p: p.write_bytes(text.encode("utf-8", "replace")))


def write_whole(path: Path, write: Callable[[Path], Any]) -> None:
    """Write beside the file, then take its place; on any error the old one stays as it was."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=path.suffix)
    temporary = Path(name)
    try:
        os.close(handle)
        write(temporary)
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror or error}). Nothing was changed.") from None
    finally:
        temporary.unlink(missing_ok=True)


def check_output(path: Path, suffixes: tuple[str, ...] = TABLES) -> None:
    """Raise InputError, before any work is done, when a table could not be written there."""
    if path.suffix.lower() not in suffixes:
        raise InputError(
            f"{path}: cannot write {path.suffix or 'a name without ending'}. Allowed: {' '.join(suffixes)}."
        )
    if not path.parent.is_dir():
        raise InputError(f"{path}: the folder {path.parent} does not exist. Create it or choose another.")
    if path.is_dir():
        raise InputError(f"{path}: is a folder. Give the name of a file.")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _as_text(value: Any) -> Any:
    """A cell as a person reads it: lists joined, times as ISO, nothing for nothing."""
    if value is None or (isinstance(value, float) and value != value):
        return ""
    if isinstance(value, (list, tuple)):
        return " ".join(map(str, value))
    if hasattr(value, "isoformat"):
        return "" if value != value else value.isoformat()
    return value


def _guarded(frame: "pd.DataFrame") -> "pd.DataFrame":
    cells = frame.astype(object).map(_as_text).map(lambda v: guard(v) if isinstance(v, str) else v)
    return cells.rename(columns=lambda name: guard(str(name)))


def _write_delimited(frame: "pd.DataFrame", path: Path, separator: str) -> None:
    text = _guarded(frame).map(lambda v: v.encode("utf-8", "replace").decode("utf-8") if isinstance(v, str) else v)
    text.to_csv(path, sep=separator, index=False, encoding="utf-8-sig", lineterminator="\r\n")


def _write_lines(frame: "pd.DataFrame", path: Path) -> None:
    import json

    with path.open("w", encoding="utf-8", newline="\n") as out:
        for row in frame.astype(object).to_dict("records"):
            clean = {
                k: list(v) if isinstance(v, tuple) else None if _as_text(v) == "" and v != "" else v
                for k, v in row.items()
            }
            line = json.dumps(clean, ensure_ascii=False, default=_as_text)
            out.write(line.encode("utf-8", "replace").decode("utf-8") + "\n")


def _write_workbook(frame: "pd.DataFrame", path: Path, choices: Mapping[str, Sequence[str]]) -> None:
    import xlsxwriter

    safe = {
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "constant_memory": True,
    }
    with xlsxwriter.Workbook(str(path), safe) as book:
        sheet = book.add_worksheet("Henji")
        wrap = book.add_format({"text_wrap": True, "valign": "top"})
        head = book.add_format({"bold": True, "bg_color": "#E8EEF7", "bottom": 1})
        cells = _guarded(frame)
        for c, name in enumerate(cells.columns):
            wide = name in ("text", "reply", "reply_zh", "findings", "reasons", "why")
            sheet.set_column(c, c, 60 if wide else 18, wrap)
            sheet.write_string(0, c, str(name), head)
            if len(cells) and len(",".join(choices.get(str(name), ()))) <= LIST_LIMIT and name in choices:
                allowed = {"validate": "list", "source": list(choices[name]), "error_type": "warning"}
                sheet.data_validation(1, c, len(cells), c, allowed)
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, max(len(cells), 1), max(len(cells.columns) - 1, 0))
        for r, row in enumerate(cells.itertuples(index=False, name=None), 1):
            for c, value in enumerate(row):
                if isinstance(value, bool) or not isinstance(value, (int, float)):
                    text = str(value).encode("utf-8", "replace").decode("utf-8")
                    sheet.write_string(r, c, text if len(text) <= CELL_LIMIT else text[: CELL_LIMIT - len(_CUT)] + _CUT)
                else:
                    sheet.write_number(r, c, value)
