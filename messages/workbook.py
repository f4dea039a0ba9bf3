"""Tables of cells: Excel workbooks, and the HTML tables that shops save as .xls."""

import datetime
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from messages.archive import open_zip
from messages.columns import (
    find_header,
    is_closing,
    is_header,
    is_rule,
    is_total,
    pick_columns,
    plain_name,
    same_names,
    unique_names,
)
from messages.delimited import no_text_column
from messages.errors import LogError, reason_of
from messages.rows import RawRow, Reading, drained, given, without_end

_ERRORS = frozenset(
    {
        "#N/A",
        "#VALUE!",
        "#REF!",
        "#DIV/0!",
        "#NAME?",
        "#NULL!",
        "#NUM!",
        "#SPILL!",
        "#CALC!",
        "#GETTING_DATA",
        "#FIELD!",
        "#BLOCKED!",
    }
)
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")
_HEADER_WITHIN = 40
_MAX_CELLS = 10_000_000
_MAX_XML = 400 << 20  # bytes of a workbook's sheets, unpacked


class CellError(str):
    """The text of a cell that holds no value: an error, or a formula that was never calculated."""

    __slots__ = ()


def read_workbook(data: bytes, name: str, chosen: Mapping[str, str] | None = None) -> Reading:
    """Rows of all sheets that have a text column, in the order of the sheets; hidden rows count as any other."""
    sheets = list(_sheets(data, name))
    tables = [
        (title, rows, find_header([[text_of(c) for c in r] for r in rows[:_HEADER_WITHIN]], chosen))
        for title, rows in sheets
    ]
    if not any(found for *_, found in tables):
        names = [text_of(c) for _, rows, _ in tables for r in rows[:1] for c in r]
        raise no_text_column(name, names)
    rows: list[RawRow] = []
    notes: list[str] = []
    first: list[str] = []
    for title, cells, found in tables:
        if found is None:
            if any(any(text_of(c).strip() for c in r) for r in cells):
                notes.append(f"Sheet {title!r} was left out: none of its columns holds a message text.")
            continue
        rows += _table_rows(cells, found[0], f"sheet {title}, row", len(rows), chosen, notes, first)
        first = first or [text_of(c) for c in cells[found[0]] if text_of(c).strip()]
    return Reading(rows, tuple(notes))


def text_of(cell: Any) -> str:
    """A cell as text: whole numbers without a point, dates in ISO form.

    >>> [text_of(c) for c in (None, 100.0, 0.5, True, datetime.datetime(2026, 11, 3, 9, 5))]
    ['', '100', '0.5', 'TRUE', '2026-11-03T09:05:00']
    """
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if cell != cell:
        return ""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    if isinstance(cell, (datetime.datetime, datetime.date, datetime.time)):
        return cell.isoformat()
    return str(cell)


def _table_rows(
    cells: Sequence[Sequence[Any]],
    header_at: int,
    where: str,
    n_before: int,
    chosen: Mapping[str, str] | None,
    notes: list[str],
    first: Sequence[str] = (),
) -> Iterator[RawRow]:
    header = [text_of(c) for c in cells[header_at]]
    while header and not header[-1].strip():
        header.pop()
    names = unique_names(header)
    head = [plain_name(h) for h in header]
    texts = [names.index(c) for c in pick_columns(names, chosen).get("text", ()) if c in names]
    names = same_names(names, first or names, chosen)
    number = n_before
    end = len(cells)
    while end > header_at + 1 and len(names) > 1 and _is_remark([text_of(c) for c in cells[end - 1]], texts):
        end -= 1
    if any(text_of(c).strip() for row in cells[end:] for c in row):
        notes.append(f"Left out as closing lines: {where} {end + 1} and below.")
    for index, row in enumerate(cells[header_at + 1 : end], header_at + 2):
        filled = [text_of(c) for c in row]
        if not any(c.strip("\x00 \t\r\n\ufeff\u200b\u3000\xa0") for c in filled):
            continue
        if is_rule(filled):
            continue
        if len(head) > 1 and is_header(filled, head):
            notes.append(f"Left out a repeated header: {where} {index}.")
            continue
        if len(names) > 1 and is_total(filled) and not any(filled[i].strip() for i in texts if i < len(filled)):
            notes.append(f"Left out as a totals line: {where} {index}.")
            continue
        number += 1
        values = dict(zip(names, row, strict=False))
        extra = any(c.strip() for c in filled[len(names) :])
        yield RawRow(
            number,
            values,
            f"{where} {index}",
            "wrong_field_count" if extra else "",
            (),
            "\t".join(c[:2000] for c in filled).rstrip("\t"),
        )


def _is_remark(row: Sequence[str], texts: Sequence[int]) -> bool:
    """Whether a row below the last one is blank, sums up or signs off."""
    filled = [c for c in row if c.strip()]
    no_text = not any(row[i].strip() for i in texts if i < len(row))
    return not filled or (no_text and (is_total(row) or is_closing(filled)))


def _has_formulas(archive: zipfile.ZipFile) -> bool:
    """True when a sheet holds a formula; only then is a second look needed for those without a value."""
    for member in archive.infolist():
        if member.filename.startswith("xl/worksheets/"):
            tail = b""
            with archive.open(member) as stream:
                while chunk := stream.read(1 << 20):
                    if re.search(rb"<(?:\w+:)?f[ />]", tail + chunk):
                        return True
                    tail = chunk[-16:]
    return False


def _sheets(data: bytes, name: str) -> Iterator[tuple[str, list[list[Any]]]]:
    import io
    import warnings

    import openpyxl

    def load(cached: bool) -> Any:
        return openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=cached, keep_links=False)

    archive = open_zip(data, name)
    if sum(m.file_size for m in archive.infolist() if m.filename.endswith(".xml")) > _MAX_XML:
        raise LogError(f"{name}: more than {_MAX_XML >> 20} MB of cells. Save it as CSV, or split it.")
    try:
        formulas = _has_formulas(archive)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            values = load(cached=True)
            written = load(cached=False) if formulas else None
            for sheet in values.worksheets:
                sheet.reset_dimensions()
                rows = _cells(sheet, name)
                if written is not None:
                    _mark_formulas(rows, written[sheet.title])
                yield sheet.title, rows
    except LogError:
        raise
    except Exception as error:  # a damaged workbook fails anywhere in openpyxl, in any way
        raise LogError(
            f"{name}: damaged workbook ({reason_of(error)}). Open it in Excel, save it again as .xlsx or CSV."
        ) from None


def _cells(sheet: Any, name: str) -> list[list[Any]]:
    """The cells of a sheet, without the blank ones at the end of each row."""
    rows: list[list[Any]] = []
    n_cells = 0
    for cells in sheet.iter_rows():
        row = [_value(cell) for cell in cells]
        while row and row[-1] is None:
            row.pop()
        rows.append(row)
        n_cells += len(row) + 1
        if n_cells > _MAX_CELLS:
            raise LogError(f"{name}: has more than {_MAX_CELLS} cells. Split the log into smaller files.")
    return rows


def _value(cell: Any) -> Any:
    """The value of a cell; what looks like an error but is a text stays a text."""
    value = cell.value
    if cell.data_type == "e" or (cell.data_type != "s" and isinstance(value, str) and value in _ERRORS):
        return CellError(value)
    if isinstance(value, str):
        return _ESCAPE.sub(lambda m: chr(int(m[1], 16)), value) if "_x" in value else value
    # Excel keeps 15 digits: a longer whole number has lost its last ones, also where the file writes them out.
    return float(value) if isinstance(value, int) and abs(value) >= 1e15 else value


def _mark_formulas(rows: list[list[Any]], written: Any) -> None:
    """Put a CellError where a formula stands that no program has calculated yet."""
    written.reset_dimensions()
    for row, formulas in zip(rows, written.iter_rows(), strict=False):
        for index, cell in enumerate(formulas):
            if cell.data_type == "f" and (index >= len(row) or row[index] is None):
                row += [None] * (index + 1 - len(row))
                row[index] = CellError("formula without a value")


def read_html_table(text: str, name: str, chosen: Mapping[str, str] | None = None) -> Reading:
    """Rows of the tables in an HTML page; it is how many shop back ends write ".xls".

    >>> page = "<table><tr><th>Message ID<th>Message<tr><td>M1<td>Hello<br>there</table>"
    >>> [row.values for row in read_html_table(page, "log.xls").rows]
    [{'Message ID': 'M1', 'Message': 'Hello\\nthere'}]
    """
    from selectolax.lexbor import LexborHTMLParser

    tree = LexborHTMLParser(text)
    tables = []
    for table in tree.css("table"):
        rows = [[_cell_text(cell) for cell in row.css("td, th")] for row in table.css("tr")]
        found = find_header(rows, chosen)
        if found:
            tables.append((found[1], rows, found[0]))
    if not tables:
        first = tree.css_first("tr")
        raise no_text_column(name, [_cell_text(c) for c in first.css("td, th")] if first else [])
    _, cells, header_at = max(tables, key=lambda t: (t[0], len(t[1])))
    notes = ["The file is an HTML page; its table was read."]
    found_rows = list(_table_rows(cells, header_at, "table row", 0, chosen, notes))
    reading = Reading(found_rows, tuple(notes))
    whole = "</table" in text[-100_000:].casefold()
    return reading if whole else drained(without_end(given(reading), "The page ends within its table."))


def _cell_text(cell: Any) -> str:
    for br in cell.css("br"):
        br.replace_with("\n")
    return (cell.text() or "").strip(" \t\r\n")
