"""Delimited text, of any dialect, with its damage located: no row swallows another."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from messages.columns import (
    HEADER_WITHIN,
    find_header,
    is_closing,
    is_header,
    is_known_name,
    is_total,
    pick_columns,
    plain_name,
    same_names,
    unique_names,
)
from messages.encoding import Lines
from messages.errors import LogError
from messages.rows import RawRow, Reading

_DELIMITERS = (",", ";", "\t", "|", "^", "~", "\x1f", "\x01", "¦", "，", "||", "::", "|~|")
_LINE_END = "\r\n"
_SHAPE_SAMPLE = 2000
_LONGEST_SAMPLE = 100  # lines of one record in a sample


@dataclass(frozen=True)
class Dialect:
    """How fields are parted and quoted; no delimiter means one field a line, no quote that quotes are plain text."""

    delimiter: str
    quote: str = '"'
    backslash: bool = False


@dataclass(frozen=True)
class Record:
    """One record: its fields, the index of the line after it, and whether its quotes are closed and in their place."""

    fields: list[str]
    after: int
    closed: bool = True
    stray: bool = False


def read_record(lines: Sequence[str], start: int, d: Dialect, stop: Callable[[str], bool] | None = None) -> Record:
    r"""Read the record that begins at a line; a quoted field may go on over many lines.

    A quote that neither ends a field nor is doubled is taken as text, and the record is called stray. A field that
    meets a line for which `stop` is true, or the end, has lost its closing quote: the record is not closed.

    >>> read_record(['a,"b ""c""\n', 'd",e\n'], 0, Dialect(","))
    Record(fields=['a', 'b "c"\nd', 'e'], after=2, closed=True, stray=False)
    >>> read_record(['a,"27 inch\n', 'b,c\n'], 0, Dialect(",")).closed
    False
    """
    at = start
    line = lines[at].rstrip(_LINE_END)
    if not d.quote or d.quote not in line:
        return Record(line.split(d.delimiter) if d.delimiter else [line], start + 1)
    fields: list[str] = []
    stray = False
    i = 0
    while True:
        opening = i + len(line[i:]) - len(line[i:].lstrip(" ")) if line.startswith(" ", i) else i
        if not line.startswith(d.quote, opening):
            end = line.find(d.delimiter, i) if d.delimiter else -1
            fields.append(line[i:] if end < 0 else line[i:end])
            if end < 0:
                return Record(fields, at + 1, True, stray)
            i = end + len(d.delimiter)
            continue
        pieces: list[str] = []
        k = opening + 1
        while True:
            q = line.find(d.quote, k)
            if q < 0:
                pieces.append(lines[at][k:])
                at += 1
                if at == len(lines) or (stop is not None and stop(lines[at])):
                    return Record([*fields, "".join(pieces)], start + 1, False, stray)
                line, k = lines[at].rstrip(_LINE_END), 0
                continue
            if d.backslash and q > k and _escaped(line, q):
                pieces += [line[k : q - 1], d.quote]
                k = q + 1
                continue
            if line.startswith(d.quote, q + 1):
                pieces.append(line[k : q + 1])
                k = q + 2
                continue
            end = q + 1
            while line.startswith(" ", end):
                end += 1
            if end == len(line) or (d.delimiter and line.startswith(d.delimiter, end)):
                pieces.append(line[k:q])
                break
            stray = True
            pieces.append(line[k : q + 1])
            k = q + 1
        fields.append("".join(pieces))
        if end == len(line):
            return Record(fields, at + 1, True, stray)
        i = end + len(d.delimiter)


def _escaped(line: str, quote_at: int) -> bool:
    n = 0
    while quote_at - n > 0 and line[quote_at - n - 1] == "\\":
        n += 1
    return n % 2 == 1


def shape(cell: str) -> str:
    """A cell with its letters and digits made alike: what ids, dates and addresses have in common.

    >>> shape("M00017"), shape("302-9317832-3613179"), shape("2026-11-18T01:51:00Z")
    ('a9', '9-9-9', '9-9-9a9:9:9a')
    """
    return re.sub(r"\d+", "9", re.sub(r"[^\W\d_]+", "a", cell.strip()))


@dataclass(frozen=True)
class Table:
    """A header and what a row below it looks like: how many fields, and the shape of those that always look alike."""

    names: list[str]
    dialect: Dialect
    shapes: Mapping[int, frozenset[str]] = field(default_factory=dict)
    text_at: tuple[int, ...] = ()

    @property
    def n_fields(self) -> int:
        """The header's fields up to the last one with a name."""
        return len(self.names)

    def begins_record(self, cells: Sequence[str]) -> bool:
        """True when the cells that have a shape show it, and at least one does."""
        hits = 0
        for index, known in self.shapes.items():
            if index < len(cells) and cells[index].strip():
                if shape(cells[index][:200]) not in known:
                    return False
                hits += 1
        return hits > 0


def _sniff(lines: Sequence[str], chosen: Mapping[str, str] | None) -> tuple[Dialect, int] | None:
    """The dialect and the line of the header: whatever names most fields."""
    head = lines[: HEADER_WITHIN + 20]
    first = next((line for line in head if line.strip()), "").strip().casefold()
    told = re.fullmatch(r'"?sep=(.+?)"?', first)
    best: tuple[int, Dialect, int] | None = None
    for delimiter in (told[1],) if told and len(told[1]) <= 3 else (*_DELIMITERS, ""):
        dialect = Dialect(delimiter)
        rows = [_header_record(head, at, dialect) for at in range(len(head))]
        rows = [row if len(row) > 1 or not delimiter else [] for row in rows]
        found = find_header(rows, chosen)
        if found and (best is None or found[1] > best[0]):
            names = [name.strip() for name in rows[found[0]] if name.strip()]
            single = all(len(name) > 1 and name[0] == name[-1] == "'" for name in names)
            best = (found[1], Dialect(delimiter, "'") if single else dialect, found[0])
    if told and (best is None or best[0] < 2):  # what it tells is not true
        below = _sniff(lines[1:], chosen)
        return below and (below[0], below[1] + 1)
    return best and (best[1], best[2])


def _header_record(lines: Sequence[str], at: int, d: Dialect) -> list[str]:
    """The fields of a line; a quoted name may go on in the next ones ("Received⏎(UTC)")."""
    record = read_record(lines, at, d)
    return record.fields if record.closed and record.after - at <= 12 else read_record([lines[at]], 0, d).fields


def _clean_records(lines: Sequence[str], d: Dialect, n: int) -> list[list[str]]:
    """The records without any doubt in a sample."""
    clean = []
    at = 0
    while at < len(lines):
        record = read_record(lines[at : at + _LONGEST_SAMPLE], 0, d)
        sound = record.closed and not record.stray and len(record.fields) == n
        at += record.after if sound else 1
        clean += [record.fields] * sound
    return clean


def _shapes(records: Sequence[Sequence[str]]) -> dict[int, frozenset[str]]:
    """Columns whose cells look alike in at least three rows of four, digits or an @ in them."""
    found = {}
    for index in range(len(records[0]) if records else 0):
        cells = [r[index] for r in records if r[index].strip()]
        if len(cells) < 2 or sum(map(len, cells)) > 80 * len(cells):
            continue
        counts = Counter(shape(c[:200]) for c in cells)
        often = {s for s, k in counts.items() if k >= max(2, 0.1 * len(cells)) and ("9" in s or "@" in s)}
        if sum(counts[s] for s in often) >= 0.75 * len(cells):
            found[index] = frozenset(often)
    return found


def read_delimited(source: Lines, name: str, chosen: Mapping[str, str] | None = None) -> Reading:
    """Rows of a delimited file by position. Blank lines, titles and totals are no rows; they are noted.

    Raises LogError when no line names a text column.
    """
    lines, notes = [line.removeprefix("\ufeff") for line in source.lines], list(source.notes)
    lines[-1:] = [line.rstrip("\x1a") for line in lines[-1:]]  # how DOS ends a file
    sniffed = _sniff(lines, chosen)
    if sniffed is None and _whole_lines_quoted(lines):
        inner = [read_record([line], 0, Dialect("")).fields[0] + "\n" for line in lines]
        return read_delimited(Lines(inner, source.encoding, source.notes, source.complete), name, chosen)
    if sniffed is None:
        raise LogError(no_text_column(name, _first_names(lines)))
    dialect, at = sniffed
    if at:
        notes.append(f"Left out {at} line{'s' * (at > 1)} above the header, which stands in line {at + 1}.")
    rows: list[RawRow] = []
    left_out: list[str] = []
    complete = source.complete
    end = len(lines)
    first: list[str] = []
    while at < end:
        table, head, after = _table_at(lines, at, dialect, chosen)
        first = first or table.names
        end = min(end, _end_of_rows(lines, after, table, left_out))
        renamed = same_names(table.names, first, chosen)
        at, whole = _read_section(lines[:end], after, replace(table, names=renamed), head, rows, left_out)
        complete = complete and whole
    if left_out:
        notes.append(f"Left out: {', '.join(left_out[:10])}{', …' * (len(left_out) > 10)}.")
    if rows and end == len(lines) and _looks_cut(lines, rows[-1]):
        complete = False
        notes.append(f"The file seems to be cut: {rows[-1].place} ends within a row.")
    return Reading(rows, tuple(notes), complete)


def _table_at(
    lines: Sequence[str], at: int, d: Dialect, chosen: Mapping[str, str] | None
) -> tuple[Table, list[str], int]:
    """What the header in a line says of the rows below it; its plain names; the line below."""
    header = read_record(lines, at, d)
    while len(header.fields) > 1 and not header.fields[-1].strip():
        header.fields.pop()
    n = len(header.fields)
    dialect = _finish_dialect(lines[at:], d, n)
    names = unique_names(header.fields)
    texts = pick_columns(names, chosen).get("text", ())
    clean = _clean_records(lines[header.after : header.after + _SHAPE_SAMPLE], dialect, n)
    table = Table(names, dialect, _shapes(clean), tuple(names.index(c) for c in texts if c in names))
    return table, [plain_name(h) for h in header.fields], header.after


def _end_of_rows(lines: Sequence[str], at: int, table: Table, left_out: list[str]) -> int:
    """The line where totals and closing remarks begin that stand below all rows; they are noted."""
    end, found = len(lines), len(lines)
    while end > at:
        line = lines[end - 1]
        fields = read_record([line], 0, table.dialect).fields
        filled = [c for c in fields if c.strip("\x00 \t\r\n\u3000")]
        if filled:
            alone = len(filled) == 1 and len(fields) < table.n_fields and not lines[end - 2].strip()
            closing = (
                is_total(fields) or is_closing(filled) or (alone and shape(filled[0]) not in table.shapes.get(0, ()))
            )
            if table.dialect.quote in line or table.n_fields < 2 or not (closing and _has_no_text(fields, table)):
                break
            found = end - 1
        end -= 1
    left_out += [f"line {n + 1} (a total or closing line)" for n in range(found, len(lines)) if lines[n].strip()]
    return found


def _finish_dialect(lines: Sequence[str], d: Dialect, n: int) -> Dialect:
    r"""The dialect with what only the rows show, if more of them come out whole.

    \" may escape a quote, ' may be the quote, and in a tab-separated file quotes may be text.
    """
    sample = lines[: 2 * _SHAPE_SAMPLE]
    others = []
    if any("\\" + d.quote in line for line in sample):
        others.append(Dialect(d.delimiter, d.quote, backslash=True))
    if d.quote == '"' and any(f"{d.delimiter}'" in line or line.startswith("'") for line in sample):
        others.append(Dialect(d.delimiter, "'"))
    quoted = [line.rstrip(_LINE_END) for line in sample if d.quote in line]
    if d.delimiter == "\t" and quoted:
        enclosed = re.compile(rf"(?:^|\t){d.quote}[^\t]*{d.quote}\s*(?:\t|$)")
        if sum(bool(enclosed.search(line)) for line in quoted) * 2 < len(quoted):
            others.append(Dialect(d.delimiter, ""))
    whole = {k: len(_clean_records(sample, k, n)) for k in (d, *others)} if others else {d: 0}
    return max(whole, key=lambda k: whole[k])


def _whole_lines_quoted(lines: Sequence[str]) -> bool:
    """A program quoted each line once more: "M1,""Hello, I …"",DE"."""
    filled = [line.strip() for line in lines[:50] if line.strip()]
    whole = [read_record([line], 0, Dialect("")) for line in filled]
    return bool(filled) and all(
        w.closed and not w.stray and line.startswith('"') for w, line in zip(whole, filled, strict=True)
    )


def _first_names(lines: Sequence[str]) -> list[str]:
    """What the first filled line would call its columns."""
    line = next((line for line in lines if line.strip()), "")
    return max((read_record([line], 0, Dialect(d)).fields for d in _DELIMITERS), key=len)


def no_text_column(name: str, names: Sequence[str]) -> str:
    """The sentence of the refusal, with the columns seen and the one that looks nearest to a message.

    >>> print(no_text_column("zendesk.csv", ["Id", "Subject"]))
    zendesk.csv: no column holds the message text for certain. Columns seen: Id, Subject.
    Export the log with the message body, or name its column: columns={"text": "…"}.
    """
    from rapidfuzz import fuzz, process

    seen = [n.strip() for n in names if n.strip()][:40]
    if any("@" in n or len(n) > 60 or re.search(r"\d{4}", n) for n in seen):
        return (
            f"{name}: no column holds the message text for certain: no line among the first {HEADER_WITHIN} names the "
            "columns. Put their names in the first line, such as Message ID, Order ID, Message."
        )
    near = process.extractOne("message", seen, scorer=fuzz.ratio, processor=plain_name, score_cutoff=75)
    return (
        f"{name}: no column holds the message text for certain. Columns seen: {', '.join(seen) or 'none'}. "
        f'Export the log with the message body, or name its column: columns={{"text": "{near[0] if near else "…"}"}}.'
    )


def _whole_records(lines: Sequence[str], at: int, table: Table) -> Iterator[tuple[int, Record, str]]:
    """The records from a line on: where each begins, and "unbalanced_quote" where its quotes do not close."""
    n = table.n_fields
    budget = 5 * len(lines) + 10_000  # lines that may be looked at in vain for a closing quote

    def stops(line: str) -> bool:
        nonlocal budget
        budget -= 1
        if budget < 0 or not table.shapes or line.count(table.dialect.delimiter or "\n") < n - 1:
            return budget < 0
        cells = read_record([line], 0, table.dialect).fields
        return len(cells) >= n and table.begins_record(cells)

    while at < len(lines):
        record, reason = read_record(lines, at, table.dialect, stops), ""
        several = record.after > at + 1
        if not record.closed or (several and (record.stray or _filled_to(record.fields) > n)):
            record, reason = _on_its_own(lines[at], at, table)
        yield at, record, reason
        at = record.after


def _read_section(
    lines: list[str], at: int, table: Table, head: Sequence[str], rows: list[RawRow], left_out: list[str]
) -> tuple[int, bool]:
    """Add the rows below one header; the line of the next one (or the end), and whether no part was left unwritten."""
    complete = True
    for start, record, fault in _whole_records(lines, at, table):
        fields = record.fields
        raw = "".join(lines[start : record.after]).rstrip(_LINE_END)
        place = f"line {start + 1}" if record.after == start + 1 else f"lines {start + 1} to {record.after}"
        wrong = not fault and (len(fields) < table.n_fields or _filled_to(fields) > table.n_fields)
        if not any(c.strip("\x00\x1a \t\ufeff\u200b\u3000") for c in fields):
            complete = complete and "\x00" not in raw
        elif len(fields) >= 2 and is_header(fields, head):
            left_out.append(f"{place} (the header again)")
        elif not fault and is_total(fields) and _has_no_text(fields, table):
            left_out.append(f"{place} (a total or closing line)")
        elif not fault and _is_other_header(fields, table):
            left_out.append(f"{place} (another header)")
            return start, complete
        elif wrong and rows and _continues(fields, table):
            rows[-1] = _joined(rows[-1], raw, start)
        else:
            reason = fault or ("unbalanced_quote" if record.stray else "wrong_field_count") * wrong
            issues = ("unbalanced_quote",) if record.stray and not reason else ()
            values = dict(zip(table.names, fields, strict=False))
            rows.append(RawRow(len(rows) + 1, values, place, reason, issues, raw))
    return len(lines), complete


def _is_other_header(fields: Sequence[str], table: Table) -> bool:
    """The header of another table below this one: two exports with different columns were put together."""
    names = [c for c in fields if c.strip()]
    if len(names) < 2 or max(map(len, names)) > 60 or (table.shapes and table.begins_record(fields)):
        return False
    return sum(map(is_known_name, names)) >= max(2, 0.6 * len(names)) and "text" in pick_columns(names)


def _filled_to(fields: Sequence[str]) -> int:
    """How many fields there are when blank ones at the end are not counted, but at least what a row needs."""
    n = len(fields)
    while n and not fields[n - 1].strip():
        n -= 1
    return n


def _on_its_own(line: str, at: int, table: Table) -> tuple[Record, str]:
    """A line whose quote swallowed others, read alone: quotes as text if they pair up, else not to be trusted."""
    d = table.dialect
    text = line.rstrip(_LINE_END)
    cells = text.split(d.delimiter) if d.delimiter else [text]
    if len(cells) == table.n_fields and all(c.count(d.quote) % 2 == 0 for c in cells):
        bare = [c[1:-1] if len(c) > 1 and c[0] == c[-1] == d.quote and c.count(d.quote) == 2 else c for c in cells]
        return Record(bare, at + 1, True, True), ""
    return Record(read_record([line], 0, d).fields, at + 1), "unbalanced_quote"


def _has_no_text(fields: Sequence[str], table: Table) -> bool:
    """A totals line holds no message: its text cell is blank, not there, or a number beside the word."""
    text = max((fields[i] for i in table.text_at if i < len(fields)), key=len, default="")
    return table.n_fields > 1 and (not text.strip() or text.strip().isdigit())


def _continues(fields: Sequence[str], table: Table) -> bool:
    """A line that cannot begin a row goes on with the row before: an unquoted line break in a text."""
    ids = table.shapes.get(0)
    return ids is not None and len(fields) < table.n_fields and shape(fields[0][:200]) not in {*ids, ""}


def _joined(row: RawRow, raw: str, at: int) -> RawRow:
    place = re.sub(r"^lines? (\d+).*", rf"lines \1 to {at + 1}", row.place)
    return RawRow(row.number, row.values, place, row.reason or "wrong_field_count", row.issues, row.raw + "\n" + raw)


def _looks_cut(lines: list[str], last: RawRow) -> bool:
    """The last line has no end and its row is damaged."""
    return not lines[-1].endswith(("\n", "\r")) and last.reason in ("wrong_field_count", "unbalanced_quote")
