"""Reading an exported log: which format it is, and the messages of buyers in it."""

import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from messages.archive import MAX_BYTES, check_size, log_members, open_zip, read_member
from messages.charset import html_charset, known_codec
from messages.columns import FIELDS, check_chosen, same_names
from messages.content import HEAD, Content, content_of, open_content
from messages.delimited import delimited_rows, no_text_column
from messages.encoding import DAMAGED, decode_lines, undecodable, visible_bytes, whole_text
from messages.errors import LogError
from messages.fields import Plan, Survey, add_languages, records_of, survey
from messages.json_log import json_rows
from messages.output import unguard
from messages.parquet import parquet_rows
from messages.rows import Ending, RawRow, Reading, Rows, drained, given, without_end
from messages.workbook import read_html_table, read_workbook

if TYPE_CHECKING:
    import pandas as pd

MESSAGE_COLUMNS = ("row", *(name for name in FIELDS if name != "scenario"), "issues")
QUARANTINE_COLUMNS = ("row", "message_id", "marketplace", "received_at", "reason", "place", "text")
_QUARANTINED = frozenset(QUARANTINE_COLUMNS)
_NOT_THE_BUYERS = ("not_a_buyer_message", "suspect_sender")
PART = 1_000  # rows of a log that are worked on together
PART_CHARACTERS = 4_000_000  # and what they may hold


@dataclass(frozen=True)
class Log:
    """What an export holds: rows in = messages + quarantined, by position in the file.

    `messages` has a row for each message of a buyer, its columns as in `MESSAGE_COLUMNS` (and `scenario` where the
    file is labelled); `issues` holds marks that do not cost a message its answer, with a blank between them.
    `quarantined` says for every other row where it stands and why it is no message. `complete` is False when the
    file is cut or damaged at its end; `notes` says in words what was left out or repaired.
    """

    messages: "pd.DataFrame"
    quarantined: "pd.DataFrame"
    complete: bool
    notes: tuple[str, ...]


def read_log(
    path: str | Path,
    *,
    columns: Mapping[str, str] | None = None,
    encoding: str | None = None,
    marketplace: str | None = None,
) -> Log:
    """Read an exported message log: CSV, TSV, XLSX, JSON, JSON lines, Parquet, mbox or eml, also in .gz and .zip.

    The format is seen from the content, whatever the name says. `columns` names the column of a field where the
    export calls it something unusual: `columns={"text": "Description"}`. `encoding` and `marketplace` help where
    the file does not show its encoding; `marketplace` also fills that column where the file leaves it open.

    Raises LogError, with the file, the reason and what to do, when the file cannot be read as a whole.
    """
    check_chosen(columns)
    content = open_content(path)
    reading = drained(_reader(content, _Hints(columns, encoding, marketplace))())
    found = _survey(content.name, lambda: given(reading), columns, marketplace)
    repeated = {row.number for row in reading.rows if found.repeats(row)}
    records = records_of(reading.rows, found.plan, repeated)
    add_languages(records)
    check_size(content.name, sum(len(record["text"]) for record in records), MAX_BYTES)
    messages, quarantined = _frames(records, bool(found.plan.scenario))
    return Log(messages, quarantined, found.ending.complete, _notes(found))


@dataclass(frozen=True)
class Part:
    """Some rows of a log, and all that is needed to read them apart from the others."""

    rows: list[RawRow]
    plan: Plan
    repeated: frozenset[int]
    file: str = ""  # the name of the log, where there are several
    first: int = 0  # rows of the log before these

    @property
    def span(self) -> tuple[int, int]:
        """The places of its first and last row in the log, counted from 0."""
        return self.first, self.first + len(self.rows) - 1

    def records(self) -> list[dict[str, Any]]:
        """A record for each row, as in `Log`, with its `reason` where it is set aside."""
        return records_of(self.rows, self.plan, self.repeated)


def frames_of(part: Part, languages: bool = False) -> "tuple[pd.DataFrame, pd.DataFrame]":
    """The messages of a part and what is set aside of it, as in `Log`; languages that it does not say where asked.

    Of several logs, the column `file` says which one a row is of.
    """
    records = part.records()
    if languages:
        add_languages(records)
    frames = _frames(records, bool(part.plan.scenario))
    for frame in frames if part.file else ():
        frame.insert(0, "file", part.file)
    return frames


def originals(part: Part) -> dict[int, str]:
    """By row: the cell of the message exactly as the export has it."""
    texts = part.plan.picked.get("text", ())
    return {
        row.number: next((str(row.values[name]) for name in texts if row.values.get(name) not in (None, "")), row.raw)
        for row in part.rows
    }


@dataclass(frozen=True)
class Parts:
    """A log of any size, gone through once already, to be read part by part: its memory does not grow with the log.

    `digest` is the SHA-256 of the file, `settings` what the caller said of it, `names` are its columns. The rest is as
    in `Log`.
    """

    name: str
    digest: str
    settings: str
    names: tuple[str, ...]
    n_rows: int
    labelled: bool
    complete: bool
    notes: tuple[str, ...]
    make: Callable[[], Iterator[Part]]

    def __iter__(self) -> Iterator[Part]:
        return self.make()


def read_parts(
    path: str | Path | Content,
    *,
    columns: Mapping[str, str] | None = None,
    encoding: str | None = None,
    marketplace: str | None = None,
    named: bool = False,
    as_it_lies: bool = False,
) -> Parts:
    """Read a log as `read_log` does, in parts. CSV, TSV, JSON lines and Parquet may be of any size, also in .gz.

    `path` may be an fsspec URL, or what `open_content` found there; each part is `named` where there are several logs.
    A file in which rows were set aside is read as the log that they come from, unless it is to be read `as_it_lies`.
    Raises LogError as `read_log` does, before the first part is given.
    """
    check_chosen(columns)
    content = path if isinstance(path, Content) else open_content(path)
    hints = _Hints(columns, encoding, marketplace, as_it_lies)
    rows = _reader(content, hints)
    found = _survey(content.name, rows, columns, marketplace)
    return Parts(
        name=content.name,
        digest=content.digest,
        settings=repr(hints),
        names=found.names,
        n_rows=found.n_rows,
        labelled=bool(found.plan.scenario),
        complete=found.ending.complete,
        notes=_notes(found),
        make=lambda: _parts(rows(), found, content.name if named else ""),
    )


def _parts(rows: Iterator[RawRow], found: Survey, file: str) -> Iterator[Part]:
    kept: list[RawRow] = []
    first = characters = 0
    for row in rows:
        kept.append(row)
        characters += len(row.raw) or sum(len(v) for v in row.values.values() if isinstance(v, str))
        if len(kept) == PART or characters > PART_CHARACTERS:
            yield _part(kept, found, file, first)
            first += len(kept)
            kept, characters = [], 0
    if kept or not found.n_rows:
        yield _part(kept, found, file, first)


def _part(rows: list[RawRow], found: Survey, file: str, first: int) -> Part:
    return Part(rows, found.plan, frozenset(row.number for row in rows if found.repeats(row)), file, first)


def _retried(rows: Rows) -> Rows:
    """The rows of a file of our own in which rows were set aside, as rows of the log that they come from.

    Their text is read, corrected or not; who is no buyer stays aside as long as `reason` says so.
    """
    while True:
        try:
            row = next(rows)
        except StopIteration as end:
            return end.value
        is_ours = not row.reason and row.values.keys() >= _QUARANTINED
        yield _as_it_came(row) if is_ours else row


def _as_it_came(row: RawRow) -> RawRow:
    cells = {name: unguard(str(row.values[name] or "")) for name in QUARANTINE_COLUMNS}
    number = int(cells["row"]) if cells["row"].isdecimal() else row.number
    reason = cells["reason"] if cells["reason"] in _NOT_THE_BUYERS else ""
    values = {name: cells[name] for name in QUARANTINE_COLUMNS if name not in ("row", "reason", "place")}
    return RawRow(number, values, cells["place"], reason, row.issues, row.raw)


def _survey(name: str, rows: Callable[[], Rows], columns: Mapping[str, str] | None, marketplace: str | None) -> Survey:
    found = survey(rows, columns, marketplace)
    if "text" not in found.plan.picked and found.readable:
        raise no_text_column(name, found.names)
    return found


def read_rows(
    path: str | Path,
    *,
    columns: Mapping[str, str] | None = None,
    encoding: str | None = None,
    marketplace: str | None = None,
) -> Reading:
    """Every row of a file as `read_log` finds it, before anybody says what its columns mean.

    Raises LogError as `read_log` does.
    """
    check_chosen(columns)
    return drained(_reader(open_content(path), _Hints(columns, encoding, marketplace))())


@dataclass(frozen=True)
class _Hints:
    """What the caller knows about a file."""

    columns: Mapping[str, str] | None = None
    encoding: str | None = None
    marketplace: str | None = None
    as_it_lies: bool = False


def _frames(records: list[dict[str, Any]], labelled: bool) -> "tuple[pd.DataFrame, pd.DataFrame]":
    import pandas as pd

    def table(rows: list[dict[str, Any]], columns: Iterable[str]) -> pd.DataFrame:
        return pd.DataFrame({name: [row[name] for row in rows] for name in columns})

    good = [r for r in records if not r["reason"]]
    messages = table(good, (*MESSAGE_COLUMNS, "scenario") if labelled else MESSAGE_COLUMNS)
    messages["received_at"] = pd.to_datetime(pd.Series([r["received_at"] for r in good], dtype=object), utc=True)
    quarantined = table([r for r in records if r["reason"]], QUARANTINE_COLUMNS)
    quarantined["received_at"] = [moment.isoformat() if moment else "" for moment in quarantined["received_at"]]
    return messages, quarantined


def _notes(found: Survey) -> tuple[str, ...]:
    notes = found.ending.notes if found.n_rows else (*found.ending.notes, "The file holds no rows.")
    return tuple(map(visible_bytes, notes))


# What a file begins with, and what to do about it.
_REFUSED: tuple[tuple[bytes | tuple[bytes, ...], str], ...] = (
    (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        "an old Excel (.xls) or encrypted workbook. Open it in Excel, remove the password, save it as .xlsx or CSV",
    ),
    (b"%PDF", "a PDF. Export the log as CSV, XLSX or JSON"),
    ((b"\x89PNG", b"\xff\xd8\xff", b"GIF8"), "an image. Export the log as CSV, XLSX or JSON"),
    (b"RIFF", "a media file. Export the log as CSV, XLSX or JSON"),
    (b"{\\rtf", "a Rich Text document. Export the log as CSV, XLSX or JSON"),
    (b"SQLite format 3\x00", "a database. Export its table as CSV"),
    (b"BZh", "packed with bzip2. Unpack it first"),
    (b"\xfd7zXZ\x00", "packed with xz. Unpack it first"),
    (b"\x28\xb5\x2f\xfd", "packed with zstd. Unpack it first"),
    (b"7z\xbc\xaf\x27\x1c", "packed with 7-Zip. Unpack it first"),
    (b"Rar!", "packed with RAR. Unpack it first"),
    (b"ARROW1", "an Arrow file. Write it as Parquet"),
    (b"FEA1", "a Feather file. Write it as Parquet"),
    (b"Obj\x01", "an Avro file. Write it as Parquet or JSON lines"),
    (b"\x89HDF", "an HDF5 file. Write it as Parquet or CSV"),
    (b"\x93NUMPY", "a NumPy array. Write it as Parquet or CSV"),
    ((b"\x7fELF", b"MZ"), "a program, not a log"),
    (b"!BDN", "an Outlook data file (.pst). Export the mails as mbox, .eml or CSV"),
    ((b"PK", b"\x1f\x8b"), "an archive within an archive. Unpack it and name the log"),
    (
        (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"),
        "a Python pickle; it can run any code and is never loaded. Write the log as CSV, Parquet or JSON lines",
    ),
)
_BLANK = "\ufeff \t\r\n\x00\x1e"
_HTML = re.compile(
    r"\s*(?:<\?xml[^>]*>\s*)?(?:<!--[^>]*-->\s*)*<(?:!doctype html|html|head|meta|body|style|div|table)\b", re.I
)
_LINE = rb"[^\r\n]*\r?\n"
_MAIL = re.compile(rb"(?:From \S%b)?(?:>?[A-Za-z][A-Za-z0-9-]{1,40}:[ \t]%b(?:[ \t]%b)*){2,}" % (_LINE, _LINE, _LINE))
_MAIL_HEADER = re.compile(
    rb"^(?:From|To|Subject|Date|Message-ID|Received|Return-Path|MIME-Version|Delivered-To|X-[\w-]+):", re.I | re.M
)


def _reader(content: Content, hints: _Hints) -> Callable[[], Rows]:
    """What gives the rows of a file, anew each time; what it is, and how its text is encoded, is found out once."""
    rows = _rows_of(content, hints)
    return rows if hints.as_it_lies else lambda: _retried(rows())


def _rows_of(content: Content, hints: _Hints) -> Callable[[], Rows]:
    """Read by content: the name of a file is only a hint, and often wrong."""
    if not content.packed:
        if content.head.startswith(b"PK"):
            return _whole(_read_zip(content.data(), content.name, hints))
        return _unpacked(content, hints)
    if content.head[257:262] == b"ustar":
        raise LogError(f"{content.name}: a tar archive. Unpack it and name the log in it.")
    rows = _unpacked(replace(content, name=re.sub(r"\.gz$", "", content.name, flags=re.I)), hints)
    if content.cut:
        return lambda: without_end(rows(), content.fault)
    return (lambda: _noted(rows(), content.fault)) if content.fault else rows


def _whole(reading: Reading) -> Callable[[], Rows]:
    """The rows of a file that is read at once."""
    return lambda: given(reading)


def _noted(rows: Rows, fault: str) -> Rows:
    """The same of a file that is not complete."""
    ending = yield from rows
    return Ending((*ending.notes, fault), False)


def _unpacked(content: Content, hints: _Hints) -> Callable[[], Rows]:
    for beginnings, what in _REFUSED:
        if content.head.startswith(beginnings):
            raise LogError(f"{content.name}: {what}.")
    if content.head.startswith(b"PAR1"):
        return lambda: parquet_rows(content, content.name)
    if _is_mail(_with_line_feeds(content.head)):
        return _mails(content)
    if content.is_unwritten:
        written = _unpacked(content.without_nuls(), hints)
        return lambda: _noted(written(), "The file ends in NUL bytes: its end was not written.")
    return _text_rows(content, hints)


def _with_line_feeds(data: bytes) -> bytes:
    r"""Text whose lines end in \r, as old Macs wrote it, with \n."""
    return data if b"\n" in data[:HEAD] else data.replace(b"\r", b"\n")


def _mails(content: Content) -> Callable[[], Rows]:
    from messages.mail import read_mail

    rows = list(read_mail(_with_line_feeds(content.data()), content.name))
    cut = [row.place for row in rows if row.reason == "truncated" or "truncated" in row.issues]
    return _whole(Reading(rows, (f"Cut off: {', '.join(cut[:10])}.",) if cut else (), not cut))


def _text_rows(content: Content, hints: _Hints) -> Callable[[], Rows]:
    name = content.name
    source = decode_lines(content, name, hints.encoding, hints.marketplace)
    start = next((line for line in source.lines if line.strip(_BLANK)), "").lstrip(_BLANK)
    if start.startswith(("{", "[")):
        return lambda: json_rows(source, name)
    if start.startswith("<"):
        text = whole_text(source.lines, name)
        if _HTML.match(text.lstrip("\ufeff")):
            return _whole(read_html_table(_in_declared_charset(content.data(), text), name, hints.columns))
        raise LogError(f"{name}: an XML document. Save it as .xlsx or CSV.")
    if _is_binary(source.lines):
        raise LogError(
            f"{name}: no text and no format that we know. "
            "Readable: CSV, TSV, XLSX, JSON, JSON lines, Parquet, mbox, eml, also in .gz and .zip."
        )
    return lambda: _misnamed(delimited_rows(source, name, hints.columns), name)


def _misnamed(rows: Rows, name: str) -> Rows:
    """Delimited text, with a note where the name says otherwise."""
    ending = yield from rows
    if name.lower().endswith((".xlsx", ".xls", ".parquet", ".json", ".jsonl")):
        note = f"The file is called {name}, but holds delimited text; it was read as such."
        return Ending((*ending.notes, note), ending.complete)
    return ending


def _read_zip(data: bytes, name: str, hints: _Hints) -> Reading:
    archive = open_zip(data, name)
    names = set(archive.namelist())
    if "xl/workbook.xml" in names or any(n.startswith("xl/worksheets/") for n in names):
        return read_workbook(data, name, hints.columns)
    if any(n.startswith(("word/", "ppt/", "xl/")) for n in names) or "mimetype" in names:
        raise LogError(f"{name}: an office document that is no .xlsx workbook. Save it as .xlsx or CSV.")
    readings, notes = _read_members(archive, name, hints)
    if not readings:
        raise LogError(
            f"{name}: no log in this archive. {' '.join(notes)[:600] or 'It is empty.'} Put one exported log in it."
        )
    rows = chain.from_iterable(reading.rows for reading in readings)
    numbered = [replace(row, number=n) for n, row in enumerate(rows, 1)]
    notes += chain.from_iterable(reading.notes for reading in readings)
    return Reading(numbered, tuple(notes), all(reading.complete for reading in readings))


def _read_members(archive: zipfile.ZipFile, name: str, hints: _Hints) -> tuple[list[Reading], list[str]]:
    """The logs in an archive, and what is to be said of its other files."""
    readings: list[Reading] = []
    notes: list[str] = []
    for member, left_out in log_members(archive):
        content = b"" if left_out else read_member(archive, member, name)
        if left_out:
            notes.append(f"{member.filename[:80]!r} was left out: {left_out}.")
        elif not content.strip(b"\x00 \t\r\n\xef\xbb\xbf"):
            notes.append(f"{member.filename[:80]!r} is empty.")
        else:
            try:
                readings.append(_of_member(content, member.filename, hints, readings[0] if readings else None))
            except LogError as error:
                if len(set(archive.namelist())) == 1:
                    raise LogError(f"{name}: {error}") from None
                notes.append(f"Left out: {error}")
    return readings, notes


def _of_member(content: bytes, member: str, hints: _Hints, first: Reading | None) -> Reading:
    """The rows of one log of an archive, its columns in the words of the first log."""
    reading = (
        read_workbook(content, member, hints.columns)
        if content[:2] == b"PK" and b"xl/" in content
        else drained(_unpacked(content_of(content, member), hints)())
    )
    names = _names(reading)
    words = dict(zip(names, same_names(names, _names(first), hints.columns) if first else names, strict=True))
    rows = [
        replace(r, values={words[name]: value for name, value in r.values.items()}, place=f"{member}, {r.place}")
        for r in reading.rows
    ]
    return Reading(rows, reading.notes, reading.complete)


def _names(reading: Reading) -> list[str]:
    return list(dict.fromkeys(name for row in reading.rows for name in row.values))


def _is_mail(data: bytes) -> bool:
    head = data[:20_000].removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n")
    found = _MAIL.match(head)
    if found is not None and len(_MAIL_HEADER.findall(found[0])) >= 2:
        return True
    # One of its headers may be damaged: most lines above the first blank one are headers all the same.
    above = re.split(rb"\r?\n\r?\n", head, maxsplit=1)[0]
    lines = above.count(b"\n") + 1
    like_headers = len(re.findall(rb"^(?:[A-Za-z][A-Za-z0-9-]{1,40}:[ \t]|[ \t]+\S|From \S)", above, re.M))
    return lines >= 5 and like_headers >= 0.7 * lines and len(set(_MAIL_HEADER.findall(above))) >= 3


def _is_binary(lines: Iterable[str]) -> bool:
    sample = "".join(islice(lines, 200))[:20_000]
    control = sum(c < " " and c not in "\t\r\n\x1f\x1e\x1d\x1c\x01\x1a" for c in sample) - sample.count("\x00") // 2
    return control + len(re.findall("[\udc80-\udcff\x7f-\x9f]", sample)) > max(0.1 * len(sample), 3)


def _in_declared_charset(data: bytes, text: str) -> str:
    """An HTML page says its own charset; it counts where the bytes are not UTF-8."""
    codec = known_codec(html_charset(data))
    if codec and undecodable(data[:200_000].decode("utf-8", "surrogateescape")):
        return data.decode(codec, DAMAGED)
    return text
