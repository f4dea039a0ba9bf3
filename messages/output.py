"""Writes a table whole or not at all, in a form that a spreadsheet opens without running anything."""

import csv
import io
import json
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from messages.errors import InputError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

TABLES = (".csv", ".tsv", ".xlsx", ".jsonl", ".parquet")
PARTS_OF_FILE = 100  # row groups in one file of a partitioned output
ROW_LIMIT = 1_048_575  # rows of a worksheet below its header
CELL_LIMIT = 32_767  # characters in one cell of a workbook
LIST_LIMIT = 255  # characters of a drop-down list; a longer one is left out
_CUT = " … [cut: the cell holds 32,767 characters]"
_RUNS = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
_MAY_RUN = frozenset("'=+-@\t\r\n＝＋－＠")


def guard(cell: str) -> str:
    """The cell with an apostrophe before anything that a spreadsheet would run; `unguard` takes it off again.

    >>> guard("=HYPERLINK(1)"), guard("－5 Grad"), guard("'=1"), guard("It hums = bad")
    ("'=HYPERLINK(1)", "'－5 Grad", "''=1", 'It hums = bad')
    """
    return "'" + cell if cell[:1] in _MAY_RUN and _RUNS.match(cell) else cell


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
    suffix = path.suffix.lower()
    check_output(path)

    def write(temporary: Path) -> None:
        if suffix == ".xlsx":
            _write_workbook(iter([frame]), [str(c) for c in frame.columns], temporary, choices or {})
        elif suffix == ".parquet":
            frame.to_parquet(temporary, index=False)
        else:
            assemble([encode_rows(frame, suffix)], [str(c) for c in frame.columns], suffix, temporary)

    write_whole(path, write)


def write_text(text: str, path: str | Path) -> None:
    """Write a text as UTF-8, whole or not at all, its line ends as they are.

    Raises InputError naming the file and the reason.
    """
    path = Path(path)
    check_output(path, (path.suffix.lower(),))
    write_whole(path, lambda p: p.write_bytes(text.encode("utf-8", "replace")))


def write_whole(path: Path, write: Callable[[Path], Any]) -> None:
    """Write beside the file, then take its place; on any error the old one stays as it was.

    Raises InputError naming the file and the reason.
    """
    try:
        write_beside(path, write)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror or error}). Nothing was changed.") from None


def write_beside(path: Path, write: Callable[[Path], Any]) -> None:
    """What `write_whole` does, with the error of the system as it is."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=path.suffix)
    temporary = Path(name)
    try:
        os.close(handle)
        write(temporary)
        os.chmod(temporary, 0o666 & ~_umask())
        put_in_place(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def put_in_place(made: Path, path: Path) -> None:
    """Give a file or folder that is written the place of an old one, once it is on the disk."""
    for file in [made] if made.is_file() else sorted(made.iterdir()):
        with file.open("rb") as written:
            os.fsync(written.fileno())
    if made.is_dir() and path.exists():
        os.replace(path, made.with_name("old"))
    os.replace(made, path)


def encode_rows(frame: "pd.DataFrame", suffix: str) -> bytes:
    """The rows of a table as a part of an output of this kind: text without a header, or a Parquet file.

    >>> import pandas as pd
    >>> encode_rows(pd.DataFrame({"row": [1], "text": ["=1"]}), ".csv")
    b"1,'=1\\r\\n"
    """
    if suffix in (".csv", ".tsv"):
        text = io.StringIO(newline="")
        write = csv.writer(text, delimiter="," if suffix == ".csv" else "\t", lineterminator="\r\n")
        columns = (frame.iloc[:, i].astype(object) for i in range(frame.shape[1]))
        write.writerows(
            zip(
                *([v if type(v) is str and v[:1] not in _MAY_RUN else _cell(v) for v in c] for c in columns),
                strict=True,
            )
        )
        return text.getvalue().encode("utf-8", "replace")
    if suffix == ".jsonl":
        return _json_lines(frame).encode("utf-8", "replace")
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet

    kinds = {**dict.fromkeys(("row", "start", "end"), pa.int64()), "probability": pa.float64(), "sure": pa.bool_()}
    kinds |= {
        str(n): pa.timestamp("us", tz="UTC") for n, kind in frame.dtypes.items() if isinstance(kind, pd.DatetimeTZDtype)
    }
    texts = {str(n) for n, kind in frame.dtypes.items() if isinstance(kind, pd.StringDtype)}
    kinds = {n: pa.string() if n in texts else kinds.get(n, pa.string()) for n in map(str, frame.columns)}
    schema = pa.schema([*kinds.items()])
    frame = frame.assign(**{n: frame[n].map(_encodable) for n in map(str, frame.columns) if frame[n].dtype == "object"})
    stream = io.BytesIO()
    table = pa.Table.from_pandas(frame, schema=schema, preserve_index=False).replace_schema_metadata()
    pyarrow.parquet.write_table(table, stream, write_page_checksum=True)
    return stream.getvalue()


def assemble(bodies: Iterable[bytes], columns: Sequence[str], suffix: str, path: Path) -> None:
    """Write the parts that `encode_rows` made, one after the other, as one file; as a folder where it has no ending."""
    if suffix in (".csv", ".tsv", ".jsonl"):
        import pandas as pd

        head = _guarded(pd.DataFrame(columns=list(columns))).to_csv(
            sep="," if suffix == ".csv" else "\t", index=False, lineterminator="\r\n"
        )
        with path.open("wb") as out:
            out.write(b"" if suffix == ".jsonl" else head.encode("utf-8-sig", "replace"))
            for body in bodies:
                out.write(body)
        return
    import pyarrow.parquet

    tables = (pyarrow.parquet.read_table(io.BytesIO(body)) for body in bodies)
    if suffix == ".xlsx":
        _write_workbook((table.to_pandas() for table in tables), columns, path, {})
    elif suffix == ".parquet":
        _write_groups(tables, path)
    else:
        path.mkdir()
        for number, first in enumerate(tables):
            _write_groups(chain([first], islice(tables, PARTS_OF_FILE - 1)), path / f"part-{number:05d}.parquet")


def _write_groups(tables: "Iterable[pa.Table]", path: Path) -> None:
    """A Parquet file with a row group for each table."""
    import pyarrow.parquet

    each = iter(tables)
    first = next(each, None)
    if first is None:
        return
    with pyarrow.parquet.ParquetWriter(path, first.schema, write_page_checksum=True) as writer:
        for table in chain([first], each):
            writer.write_table(table)


def quarantine_beside(output: Path, suffix: str) -> Path:
    """Where rows are set aside that do not stand in an output: a file beside it.

    >>> [quarantine_beside(Path(f"out{kind}"), kind).name for kind in (".csv", "", ".html")]
    ['out.quarantine.csv', 'out.quarantine.parquet', 'out.quarantine.csv']
    """
    return output.with_name(f"{output.stem if suffix else output.name}.quarantine{kind_beside(suffix)}")


def kind_beside(suffix: str) -> str:
    """How rows are set aside beside an output of a kind: as it is written, if it is a table."""
    return suffix if suffix in TABLES else ".csv" if suffix else ".parquet"


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


def check_folder(path: Path) -> None:
    """Raise InputError, before any work is done, when a folder of Parquet files could not be written there."""
    if not path.parent.is_dir():
        raise InputError(f"{path}: the folder {path.parent} does not exist. Create it or choose another.")
    if path.exists() and not path.is_dir():
        raise InputError(f"{path}: is a file. Give the name of a folder, or leave out the / at its end.")
    if path.is_dir() and (other := next((f.name for f in path.iterdir() if not _OURS.fullmatch(f.name)), "")):
        raise InputError(f"{path}: holds {other}, and would be written anew. Give the name of a new folder.")


_OURS = re.compile(r"part-\d{5}\.parquet")


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


def _encodable(value: Any) -> Any:
    """A text without half pairs of surrogates, which no file holds."""
    return value.encode("utf-8", "replace").decode("utf-8") if isinstance(value, str) else value


def _guarded(frame: "pd.DataFrame") -> "pd.DataFrame":
    return frame.astype(object).map(_cell).rename(columns=lambda name: guard(str(name)))


def _cell(value: Any) -> Any:
    text = value if isinstance(value, str) else _as_text(value)
    return guard(text) if isinstance(text, str) else text


def _json_lines(frame: "pd.DataFrame") -> str:
    lines = []
    for row in frame.astype(object).to_dict("records"):
        clean = {
            k: list(v) if isinstance(v, tuple) else None if _as_text(v) == "" and v != "" else v for k, v in row.items()
        }
        lines.append(json.dumps(clean, ensure_ascii=False, default=_as_text) + "\n")
    return "".join(lines)


def _write_workbook(
    frames: "Iterator[pd.DataFrame]", columns: Sequence[str], path: Path, choices: Mapping[str, Sequence[str]]
) -> None:
    import xlsxwriter

    safe = {
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "constant_memory": True,
    }
    with xlsxwriter.Workbook(str(path), safe) as book:
        book.set_properties({"created": datetime(2026, 1, 1, tzinfo=UTC)})  # the same bytes on any day
        sheet = book.add_worksheet("Henji")
        wrap = book.add_format({"text_wrap": True, "valign": "top"})
        head = book.add_format({"bold": True, "bg_color": "#E8EEF7", "bottom": 1})
        for c, name in enumerate(map(guard, columns)):
            wide = name in ("text", "reply", "reply_zh", "findings", "reasons", "reasons_zh", "why")
            sheet.set_column(c, c, 60 if wide else 18, wrap)
            sheet.write_string(0, c, name, head)
        sheet.freeze_panes(1, 0)
        n_rows = 0
        for frame in frames:
            for row in _guarded(frame).itertuples(index=False, name=None):
                n_rows += 1
                for c, value in enumerate(row):
                    if isinstance(value, bool) or not isinstance(value, (int, float)):
                        text = str(value).encode("utf-8", "replace").decode("utf-8")
                        cut = text if len(text) <= CELL_LIMIT else text[: CELL_LIMIT - len(_CUT)] + _CUT
                        sheet.write_string(n_rows, c, cut)
                    else:
                        sheet.write_number(n_rows, c, value)
        for c, name in enumerate(columns):
            if n_rows and name in choices and len(",".join(choices[name])) <= LIST_LIMIT:
                allowed = {"validate": "list", "source": list(choices[name]), "error_type": "warning"}
                sheet.data_validation(1, c, n_rows, c, allowed)
        sheet.autofilter(0, 0, max(n_rows, 1), max(len(columns) - 1, 0))
