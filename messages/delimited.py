"""Delimited text, of any dialect, with its damage located: no row swallows another."""

import csv
import re
import sys
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice

from messages.columns import (
    HEADER_WITHIN,
    filled_to,
    find_header,
    is_closing,
    is_header,
    is_known_name,
    is_rule,
    is_total,
    pick_columns,
    plain_name,
    same_names,
    unique_names,
)
from messages.encoding import Again, Lines
from messages.errors import NoTextColumn
from messages.rows import Ending, RawRow, Rows

_DELIMITERS = (",", ";", "\t", "|", "^", "~", "\x1f", "\x01", "¦", "，", "||", "::", "|~|")
_LINE_END = "\r\n"
_NOTHING = "\x00 \t\r\n\u3000"
_SHAPE_SAMPLE = 2000
_NAMED = 10  # lines that were left out and are named
_IN_VAIN = 100_000  # lines, and two for each that was read, may be looked at in vain for a closing quote
_LONGEST_SAMPLE = 100  # lines of one record in a sample
_LONGEST_NAME = 60  # characters of a cell in a header, or in a line that sums up
_LONGEST_PLAIN = 100_000  # characters of a record that Python's own reader is given: it refuses longer cells


@dataclass(frozen=True)
class Dialect:
    """How fields are parted and quoted; no delimiter means one field a line, no quote that quotes are plain text."""

    delimiter: str
    quote: str = '"'
    backslash: bool = False

    @cached_property
    def quoted(self) -> re.Pattern[str]:
        """A quoted field: what of it is in a line (1), the quote that closes it (2), the delimiter after that (3)."""
        q, delimiter = self.quote, re.escape(self.delimiter) or "(?!)"
        text = rf"(?:[^{q}\\]++|\\.?)*+" if self.backslash else f"[^{q}]*+"
        stray = rf"{q}(?! *+(?:{delimiter}|[\r\n]*+\Z))"
        return re.compile(rf" *+{q}({text}(?:(?:{q}{q}|{stray}){text})*+)({q} *+(?:({delimiter})|[\r\n]*+\Z))?", re.S)

    @cached_property
    def plain(self) -> re.Pattern[str] | None:
        """A record beyond doubt: what of it is quoted is so as a whole, and no quote stands anywhere else."""
        q, delimiter = self.quote, re.escape(self.delimiter)
        if self.backslash or len(q) != 1 or len(self.delimiter) != 1:
            return None
        cell = rf"(?:{q}[^{q}]*+(?:{q}{q}[^{q}]*+)*+{q}|[^{q}{delimiter}\r\n]*+)"
        return re.compile(rf"{cell}(?:{delimiter}{cell})*+")

    def meant(self, written: str) -> tuple[str, bool]:
        r"""What stands within quotes as it is meant, and whether a quote in it is neither doubled nor escaped.

        >>> Dialect(",").meant('a "" b'), Dialect(",", backslash=True).meant(r'27\" "wide"')
        (('a " b', False), ('27" "wide"', True))
        """
        q = self.quote
        if not self.backslash:
            return written.replace(q + q, q), q in written.replace(q + q, "")
        pair = rf"(\\\\)|[{q}\\]({q})"
        return re.sub(pair, r"\1\2", written), q in re.sub(pair, r"\1", written)


@dataclass(frozen=True)
class Record:
    """One record: its fields, the index of the line after it, and whether its quotes are closed and in their place."""

    fields: list[str]
    after: int
    closed: bool = True
    stray: bool = False


class Window:
    """The lines of a text by their number, each read when it is asked for and forgotten when it lies behind.

    Lines from `end` on are not there.

    >>> window = Window(["a", "b", "c"])
    >>> window[1], window.ahead(1, 9), window.forget(1), window.has(2), window.has(3)
    ('b', ['b', 'c'], None, True, False)
    """

    def __init__(self, lines: Iterable[str]):
        self._coming = iter(lines)
        self._kept: list[str] = []
        self._first = 0
        self.end = sys.maxsize

    def has(self, at: int) -> bool:
        """Whether there is a line of this number."""
        while at >= self._first + len(self._kept):
            line = next(self._coming, None)
            if line is None:
                return False
            self._kept.append(line)
        return at < self.end

    def __getitem__(self, at: int) -> str:
        if not self.has(at):
            raise IndexError(at)
        return self._kept[at - self._first]

    def ahead(self, at: int, n: int) -> list[str]:
        """The lines from a number on, at most so many."""
        self.has(at + n - 1)
        return self._kept[at - self._first : min(at + n, self.end) - self._first]

    def forget(self, before: int) -> None:
        """Drop the lines before a number, a thousand at a time."""
        if before - self._first >= 1000:
            del self._kept[: before - self._first]
            self._first = before


def _line(lines: Sequence[str] | Window, at: int) -> str | None:
    try:
        return lines[at]
    except IndexError:
        return None


def read_record(
    lines: Sequence[str] | Window, start: int, d: Dialect, stop: Callable[[str], bool] | None = None
) -> Record:
    r"""Read the record that begins at a line; a quoted field may go on over many lines.

    A quote that neither ends a field nor is doubled is taken as text, and the record is called stray. A field that
    meets a line for which `stop` is true, or the end, has lost its closing quote: the record is not closed.

    >>> read_record(['a,"b ""c""\n', 'd",e\n'], 0, Dialect(","))
    Record(fields=['a', 'b "c"\nd', 'e'], after=2, closed=True, stray=False)
    >>> read_record(['a,"27 inch\n', 'b,c\n'], 0, Dialect(",")).closed
    False
    """
    line = lines[start]
    if not d.quote or d.quote not in line:
        bare = line.rstrip(_LINE_END)
        return Record(bare.split(d.delimiter) if d.delimiter else [bare], start + 1)
    fields: list[str] = []
    at, i, stray = start, 0, False
    while i >= 0:  # where the next field begins
        found = d.quoted.match(line, i)
        if not found:
            end = line.find(d.delimiter, i) if d.delimiter else -1
            fields.append(line[i:end] if end >= 0 else line[i:].rstrip(_LINE_END))
            i = end + len(d.delimiter) if end >= 0 else -1
            continue
        written = found[1]
        if not found[2]:
            below, at, found = _rest_of_field(lines, at + 1, d, stop)
            written += below
        if d.quote in written:
            written, has_stray = d.meant(written)
            stray = stray or has_stray
        fields.append(written)
        if not found:
            return Record(fields, start + 1, False, stray)
        line, i = found.string, found.end() if found[3] else -1
    return Record(fields, at + 1, True, stray)


def _rest_of_field(
    lines: Sequence[str] | Window, at: int, d: Dialect, stop: Callable[[str], bool] | None
) -> tuple[str, int, re.Match[str] | None]:
    """What a quoted field has from a line on, the line where its quote closes, and what closes it; None if nothing."""
    pieces: list[str] = []
    while (line := _line(lines, at)) is not None and not (stop and stop(line)):
        at += 1
        if found := d.quoted.match(d.quote + line):
            pieces.append(found[1])
            if found[2]:
                return "".join(pieces), at - 1, found
    return "".join(pieces), at, None


def shape(cell: str) -> str:
    """A cell with its letters and digits made alike: what ids, dates and addresses have in common.

    >>> shape("M00017"), shape("302-9317832-3613179"), shape("2026-11-18T01:51:00Z")
    ('a9', '9-9-9', '9-9-9a9:9:9a')
    """
    return re.sub(r"\d+", "9", re.sub(r"[^\W\d_]+", "a", cell.strip()))


def _of_shape(known: str) -> str:
    """A pattern for the cells of a shape."""
    return "".join({"a": r"[^\W\d_]+", "9": r"\d+"}.get(char, re.escape(char)) for char in known)


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

    @cached_property
    def _shaped(self) -> dict[int, re.Pattern[str]]:
        """The cells that have a shape."""
        return {index: re.compile("|".join(map(_of_shape, known))) for index, known in self.shapes.items()}

    def begins_record(self, cells: Sequence[str]) -> bool:
        """True when the cells that have a shape show it, and at least one does."""
        hits = 0
        for index, known in self._shaped.items():
            if index < len(cells) and (cell := cells[index]).strip():
                if not known.fullmatch(cell[:200].strip()):
                    return False
                hits += 1
        return hits > 0


def _sniff(head: Sequence[str], chosen: Mapping[str, str] | None) -> tuple[Dialect, int] | None:
    """The dialect and the line of the header: whatever names most fields."""
    first = next((line for line in head if line.strip()), "").strip().casefold()
    told = re.fullmatch(r'"?sep=(.+?)"?', first)
    delimiters = (told[1],) if told and len(told[1]) <= 3 else (*_DELIMITERS, "")
    headers = [header for delimiter in delimiters if (header := _header_parted_by(delimiter, head, chosen))]
    best = max(headers, key=lambda header: header[0], default=None)
    if told and (best is None or best[0] < 2):  # what it tells is not true
        below = _sniff(head[1:], chosen)
        return below and (below[0], below[1] + 1)
    return best and best[1:]


def _header_parted_by(
    delimiter: str, head: Sequence[str], chosen: Mapping[str, str] | None
) -> tuple[int, Dialect, int] | None:
    """How many fields the header names with this delimiter, its dialect and its line."""
    dialect = Dialect(delimiter)
    rows = [_header_record(head, at, dialect) for at in range(len(head))]
    found = find_header([row if len(row) > 1 or not delimiter else [] for row in rows], chosen)
    if not found:
        return None
    at, n_named = found
    names = [name.strip() for name in rows[at] if name.strip()]
    single = all(len(name) > 1 and name[0] == name[-1] == "'" for name in names)
    return n_named, Dialect(delimiter, "'") if single else dialect, at


def dialect_in_words(lines: Iterable[str], chosen: Mapping[str, str] | None = None) -> str:
    """How the fields of a text are parted and quoted.

    >>> dialect_in_words(["sep=;\\n", "Id;Message\\n"]), dialect_in_words(["'Id'\\t'Message'\\n"])
    ("fields parted by ';'", "fields parted by tab, quoted by '")
    """
    sniffed = _sniff(list(islice(lines, HEADER_WITHIN + 20)), chosen)
    if not sniffed or not sniffed[0].delimiter:
        return "one field a line"
    d = sniffed[0]
    parted = {"\t": "tab"}.get(d.delimiter, repr(d.delimiter))
    return f"fields parted by {parted}" + (f", quoted by {d.quote}" if d.quote != '"' else "")


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
    """Columns whose cells look alike, and how."""
    columns = (([cell for cell in column if cell.strip()]) for column in zip(*records, strict=True))
    return {index: often for index, cells in enumerate(columns) if (often := _usual_shapes(cells))}


def _usual_shapes(cells: Sequence[str]) -> frozenset[str]:
    """Shapes with digits or an @ that at least three cells of four have; none where there are no such shapes."""
    if len(cells) < 2 or sum(map(len, cells)) > 80 * len(cells):
        return frozenset()
    counts = Counter(shape(cell[:200]) for cell in cells)
    often = {s for s, n in counts.items() if n >= max(2, 0.1 * len(cells)) and ("9" in s or "@" in s)}
    return frozenset(often) if sum(counts[s] for s in often) >= 0.75 * len(cells) else frozenset()


@dataclass
class _Course:
    """What reading has come to: whether nothing was lost, what was left out, the rows, the last of which may go on."""

    complete: bool
    left_out: list[str] = field(default_factory=list)
    n_rows: int = 0
    held: RawRow | None = None

    def leave_out(self, line: str) -> None:
        """Note a line, as long as there are not more than anybody reads."""
        if len(self.left_out) <= _NAMED:
            self.left_out.append(line)


def delimited_rows(source: Lines, name: str, chosen: Mapping[str, str] | None = None) -> Rows:
    """Rows of a delimited file by position. Blank lines, titles and totals are no rows; they are noted.

    Of the lines only a window is held, however large the file is.
    Raises NoTextColumn when no line names a text column.
    """
    lines = source.without_marks
    head = list(islice(lines, HEADER_WITHIN + 20))
    sniffed = _sniff(head, chosen)
    if sniffed is None and _whole_lines_quoted(head):
        inner = Again(lambda: (read_record([line.strip()], 0, Dialect("")).fields[0] + "\n" for line in lines))
        return (yield from delimited_rows(replace(source, lines=inner), name, chosen))
    if sniffed is None:
        raise no_text_column(name, _first_names(head))
    dialect, header_at = sniffed
    n_lines, tail = source.tail
    window = Window(lines)
    window.end = n_lines
    course = _Course(source.complete)
    first: list[str] = []
    at = header_at
    while at < window.end:
        table, names, after = _table_at(window, at, dialect, chosen)
        first = first or table.names
        window.end = min(window.end, _end_of_rows(tail, n_lines, after, table, course))
        renamed = replace(table, names=same_names(table.names, first, chosen))
        at = yield from _section(window, after, renamed, names, course)
    notes = [*source.notes, *_notes_on_what_was_left_out(header_at, course.left_out)]
    is_cut = False
    if course.held:
        is_cut, note = _torn(tail[-1], course.held, dialect) if window.end == n_lines else (False, "")
        notes += filter(None, [note])
        yield course.held
    return Ending(tuple(notes), course.complete and not is_cut)


def _notes_on_what_was_left_out(above: int, left_out: Sequence[str]) -> Iterator[str]:
    if above:
        yield f"Left out {above} line{'s' * (above > 1)} above the header, which stands in line {above + 1}."
    if left_out:
        yield f"Left out: {', '.join(left_out[:_NAMED])}{', …' * (len(left_out) > _NAMED)}."


def _torn(line: str, last: RawRow, d: Dialect) -> tuple[bool, str]:
    """Whether the last line shows that the file is cut, and what to say if it may be."""
    if line.endswith(("\n", "\r")):
        return False, ""
    if last.reason in ("wrong_field_count", "unbalanced_quote"):
        return True, f"The file seems to be cut: {last.place} ends within a row."
    if d.quote and line.endswith(d.quote):
        return False, ""
    return False, f"The last line has no line end: if the file was cut, the text in {last.place} is not whole."


def _table_at(window: Window, at: int, d: Dialect, chosen: Mapping[str, str] | None) -> tuple[Table, list[str], int]:
    """What the header in a line says of the rows below it; its plain names; the line below."""
    header = read_record(window, at, d)
    head = header.fields[: filled_to(header.fields) or 1]
    n = len(head)
    dialect = _finish_dialect(window.ahead(at, 2 * _SHAPE_SAMPLE), d, n)
    names = unique_names(head)
    texts = pick_columns(names, chosen).get("text", ())
    clean = _clean_records(window.ahead(header.after, _SHAPE_SAMPLE), dialect, n)
    table = Table(names, dialect, _shapes(clean), tuple(names.index(c) for c in texts if c in names))
    return table, [plain_name(h) for h in head], header.after


def _end_of_rows(tail: Sequence[str], n_lines: int, at: int, table: Table, course: _Course) -> int:
    """The line where totals and closing remarks begin that stand below all rows; they are noted.

    `tail` are the last of `n_lines` lines; `at` is the first below the header.
    """
    before = n_lines - len(tail)
    found = len(tail)
    for k in range(len(tail) - 1, max(at - before, 0) - 1, -1):
        fields = read_record([tail[k]], 0, table.dialect).fields
        if any(c.strip(_NOTHING) for c in fields):
            if table.dialect.quote in tail[k] or not _is_below_rows(fields, table, not tail[k - 1].strip()):
                break
            found = k
    for k in range(found, len(tail)):
        if tail[k].strip():
            course.leave_out(f"line {before + k + 1} (a total or closing line)")
    return before + found


def _is_below_rows(fields: Sequence[str], table: Table, after_blank: bool) -> bool:
    """Whether a line sums up or signs off; below a blank line anything does that stands alone and is no id."""
    filled = [c for c in fields if c.strip(_NOTHING)]
    alone = after_blank and len(filled) == 1 and len(fields) < table.n_fields
    remark = alone and shape(filled[0]) not in table.shapes.get(0, ())
    return _has_no_text(fields, table) and (is_total(fields) or is_closing(filled) or remark)


def _finish_dialect(sample: Sequence[str], d: Dialect, n: int) -> Dialect:
    """The dialect with what only the rows show, if more of them come out whole."""
    others = list(_other_dialects(sample, d))
    return max((d, *others), key=lambda k: len(_clean_records(sample, k, n))) if others else d


def _other_dialects(sample: Sequence[str], d: Dialect) -> Iterator[Dialect]:
    r"""\" may escape a quote, ' may be the quote, and in a tab-separated file quotes may be text."""
    if any("\\" + d.quote in line for line in sample):
        yield replace(d, backslash=True)
    if d.quote == '"' and any(f"{d.delimiter}'" in line or line.startswith("'") for line in sample):
        yield replace(d, quote="'")
    if d.delimiter == "\t":
        enclosed = re.compile(rf"(?:^|\t){d.quote}[^\t]*{d.quote}\s*(?:\t|$)")
        quoted = [line.rstrip(_LINE_END) for line in sample if d.quote in line]
        if sum(bool(enclosed.search(line)) for line in quoted) * 2 < len(quoted):
            yield replace(d, quote="")


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


def no_text_column(name: str, names: Sequence[str]) -> NoTextColumn:
    """The refusal, with the columns seen and the one that looks nearest to a message.

    >>> print(no_text_column("zendesk.csv", ["Id", "Subject"]))
    zendesk.csv: no column holds the message text for certain. Columns seen: Id, Subject.
    Export the log with the message body, or name its column: columns={"text": "…"}, or --map text=….
    """
    from rapidfuzz import fuzz, process

    seen = [n.strip() for n in names if n.strip()][:40]
    known = sum(map(is_known_name, seen))
    if (seen and known < len(seen) / 4) or any("@" in n or len(n) > 60 or re.search(r"\d{4}", n) for n in seen):
        # it looks like a first row, and whose is nobody's business
        return NoTextColumn(
            f"{name}: no column holds the message text for certain: no line among the first {HEADER_WITHIN} names the "
            "columns. Put their names in the first line, such as Message ID, Order ID, Message."
        )
    near = process.extractOne("message", seen, scorer=fuzz.ratio, processor=plain_name, score_cutoff=75)
    named = near[0] if near else "…"
    return NoTextColumn(
        f"{name}: no column holds the message text for certain. Columns seen: {', '.join(seen) or 'none'}. "
        f'Export the log with the message body, or name its column: columns={{"text": "{named}"}}, '
        f"or --map text={named}.",
        tuple(seen),
    )


def _whole_records(lines: Window, at: int, table: Table) -> Iterator[tuple[int, Record, str, str]]:
    """The records from a line on: where each begins, "unbalanced_quote" where its quotes do not close, its lines."""
    n = table.n_fields
    spent = 0  # lines that were looked at in vain for a closing quote

    def stops(line: str) -> bool:
        nonlocal spent
        spent += 1
        is_late = spent > _IN_VAIN + 2 * at
        if is_late or not table.shapes or line.count(table.dialect.delimiter or "\n") < n - 1:
            return is_late
        cells = read_record([line], 0, table.dialect).fields
        return len(cells) >= n and table.begins_record(cells)

    while lines.has(at):
        plain = _plain_record(lines, at, table)
        if plain and spent + plain[0].after - at <= _IN_VAIN + 2 * at:
            record, raw = plain
            spent += record.after - at - 1
            yield at, record, "", raw
        else:
            record, reason = read_record(lines, at, table.dialect, stops), ""
            several = record.after > at + 1
            if not record.closed or (several and (record.stray or filled_to(record.fields) > n)):
                record, reason = _on_its_own(lines[at], at, table)
            yield at, record, reason, "".join(lines[i] for i in range(at, record.after)).rstrip(_LINE_END)
        at = record.after
        lines.forget(at)


def _plain_record(lines: Window, at: int, table: Table) -> tuple[Record, str] | None:
    """The record that begins at a line, and its lines; None where there is anything about it to be looked at closely.

    So are nearly all; what they hold is what `read_record` finds, and Python's own reader finds it much faster.
    """
    text, after, d = lines[at], at + 1, table.dialect
    if not d.plain:
        return None
    if d.quote not in text:
        raw = text.rstrip(_LINE_END)
        return Record(raw.split(d.delimiter), after), raw
    if (n_quotes := text.count(d.quote)) % 2:
        pieces = [text]
        while n_quotes % 2:
            line = _line(lines, after)
            if line is None or line.count(d.delimiter) >= table.n_fields - 1:
                return None
            pieces.append(line)
            after, n_quotes = after + 1, n_quotes + line.count(d.quote)
        text = "".join(pieces)
    raw = text.rstrip(_LINE_END)
    if len(raw) > _LONGEST_PLAIN or not d.plain.fullmatch(raw):
        return None
    fields = next(csv.reader((raw,), delimiter=d.delimiter, quotechar=d.quote))
    return (Record(fields, after), raw) if after == at + 1 or filled_to(fields) <= table.n_fields else None


def _section(
    lines: Window, at: int, table: Table, head: Sequence[str], course: _Course
) -> Generator[RawRow, None, int]:
    """The rows below one header, each when the next is there: a line that cannot begin a row may belong to it.

    In the end the line of the next header (or the end).
    """
    for start, record, fault, raw in _whole_records(lines, at, table):
        fields = record.fields
        place = _place(start + 1, record.after)
        misfit = "" if fault else _misfit(record, table.n_fields)
        if not any(c.strip("\x00\x1a \t\ufeff\u200b\u3000") for c in fields):
            course.complete = course.complete and "\x00" not in raw
        elif what := _no_row(fields, bool(fault), table, head):
            course.leave_out(f"{place} ({what})")
            if what == _OTHER_HEADER:
                return start
        elif misfit and course.held and _continues(fields, table):
            course.held = _joined(course.held, raw, start)
        else:
            if course.held:
                yield course.held
            reason = fault or misfit
            course.n_rows += 1
            issues = ("unbalanced_quote",) if record.stray and not reason else ()
            values = dict(zip(table.names, fields, strict=False))
            course.held = RawRow(course.n_rows, values, place, reason, issues, raw)
    return lines.end


def _place(first: int, last: int) -> str:
    return f"line {first}" if first == last else f"lines {first} to {last}"


def _misfit(record: Record, n: int) -> str:
    """The reason why a record that has not the fields of its header is no message."""
    if len(record.fields) == n or (n < len(record.fields) and filled_to(record.fields) <= n):
        return ""
    return "unbalanced_quote" if record.stray else "wrong_field_count"


_OTHER_HEADER = "another header"


def _no_row(fields: Sequence[str], is_damaged: bool, table: Table, head: Sequence[str]) -> str:
    """What a line is that is not blank and yet no row, in words; "" for a row."""
    if is_rule(fields):
        return "a line of dashes"
    if len(fields) >= 2 and is_header(fields, head):
        return "the header again"
    if is_damaged or len(max(fields, key=len).strip()) > _LONGEST_NAME:  # words: so in most rows
        return ""
    if is_total(fields) and _has_no_text(fields, table):
        return "a total or closing line"
    return _OTHER_HEADER if _is_other_header(fields, table) else ""


def _is_other_header(fields: Sequence[str], table: Table) -> bool:
    """The header of another table below this one: two exports with different columns were put together."""
    names = [c for c in fields if c.strip()]
    if len(names) < 2 or max(map(len, names)) > _LONGEST_NAME or table.begins_record(fields):
        return False
    return sum(map(is_known_name, names)) >= max(2, 0.6 * len(names)) and "text" in pick_columns(names)


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
