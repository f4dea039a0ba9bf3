"""Tables of cells: Excel workbooks, and the HTML tables that shops save as .xls."""

import datetime
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from messages.archive import open_zip
from messages.clean import with_surrogates, without_surrogates
from messages.columns import (
    filled_to,
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
    tables = [
        (title, rows, find_header([_texts(row) for row in rows[:_HEADER_WITHIN]], chosen))
        for title, rows in _sheets(data, name)
    ]
    if not any(found for *_, found in tables):
        names = [text_of(c) for _, rows, _ in tables for r in rows[:1] for c in r]
        raise no_text_column(name, names)
    rows: list[RawRow] = []
    notes: list[str] = []
    first: list[str] = []
    for title, cells, found in tables:
        if found:
            rows += _table_rows(cells, found[0], f"sheet {title}, row", len(rows), chosen, notes, first)
            first = first or [name for name in _texts(cells[found[0]]) if name.strip()]
        elif _holds_text(cells):
            notes.append(f"Sheet {title!r} was left out: none of its columns holds a message text.")
    return Reading(rows, tuple(notes))


def text_of(cell: Any) -> str:
    """A cell as text: whole numbers without a point, dates in ISO form.

    >>> [text_of(c) for c in (None, 100.0, 0.5, True, datetime.datetime(2026, 11, 3, 9, 5))]
    ['', '100', '0.5', 'TRUE', '2026-11-03T09:05:00']
    """
    if type(cell) is str:  # so in most
        return cell
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
    header = _texts(cells[header_at])
    header = header[: filled_to(header)]
    names = unique_names(header)
    head = [plain_name(h) for h in header]
    texts = [names.index(c) for c in pick_columns(names, chosen).get("text", ()) if c in names]
    names = same_names(names, first or names, chosen)
    end = _end_of_rows(cells, header_at + 1, texts) if len(names) > 1 else len(cells)
    if _holds_text(cells[end:]):
        notes.append(f"Left out as closing lines: {where} {end + 1} and below.")
    number = n_before
    for index, row in enumerate(cells[header_at + 1 : end], header_at + 2):
        filled = _texts(row)
        if _is_blank(filled) or is_rule(filled):
            continue
        if what := _no_row(filled, head, texts):
            notes.append(f"Left out {what}: {where} {index}.")
            continue
        number += 1
        reason = "wrong_field_count" if filled_to(filled) > len(names) else ""
        raw = "\t".join(c[:2000] for c in filled).rstrip("\t")
        yield RawRow(number, dict(zip(names, row, strict=False)), f"{where} {index}", reason, (), raw)


def _end_of_rows(cells: Sequence[Sequence[Any]], first: int, texts: Sequence[int]) -> int:
    end = len(cells)
    while end > first and _is_remark(_texts(cells[end - 1]), texts):
        end -= 1
    return end


def _texts(row: Sequence[Any]) -> list[str]:
    return [text_of(cell) for cell in row]


def _holds_text(rows: Sequence[Sequence[Any]]) -> bool:
    return any(text_of(cell).strip() for row in rows for cell in row)


def _is_blank(row: Sequence[str]) -> bool:
    return not any(cell.strip("\x00 \t\r\n\ufeff\u200b\u3000\xa0") for cell in row)


def _no_row(row: Sequence[str], head: Sequence[str], texts: Sequence[int]) -> str:
    """As what a line between the rows is left out; "" for a row, and wherever there is one column only."""
    if len(head) > 1 and is_header(row, head):
        return "a repeated header"
    return "as a totals line" if len(head) > 1 and is_total(row) and _has_no_text(row, texts) else ""


def _has_no_text(row: Sequence[str], texts: Sequence[int]) -> bool:
    return not any(row[i].strip() for i in texts if i < len(row))


def _is_remark(row: Sequence[str], texts: Sequence[int]) -> bool:
    """Whether a row below the last one is blank, sums up or signs off."""
    filled = [c for c in row if c.strip()]
    return not filled or (_has_no_text(row, texts) and (is_total(row) or is_closing(filled)))


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

    visible, hidden = without_surrogates(text)  # a damaged byte would vanish
    tree = LexborHTMLParser(visible)
    tables = []
    for table in tree.css("table"):
        rows = [[with_surrogates(_cell_text(c), hidden) for c in row.css("td, th")] for row in table.css("tr")]
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
