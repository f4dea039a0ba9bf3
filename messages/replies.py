"""Reads replies to check: a text, a table with a column `reply`, or what the agents wrote in a message log."""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from messages.content import open_content
from messages.encoding import decode_lines, undecodable, visible_bytes
from messages.errors import InputError, NoTextColumn
from messages.fields import Plan
from messages.language import SUPPORTED_LANGUAGES, detect_languages
from messages.log import QUARANTINE_COLUMNS, Part, Parts, read_parts
from messages.rows import RawRow
from messages.threads import Threaded, Threads, has_words, is_agents, read_threads
from messages.workbook import text_of

if TYPE_CHECKING:
    import pandas as pd

TEXTS = (".txt", ".md")
TABLES = (".csv", ".tsv", ".xlsx", ".jsonl")
_MARK = re.compile(r"^[ \t]*\[\s*henji\b([^\]\n]*)\][ \t]*(?:\r?\n(?:[ \t]*\r?\n)?|$)", re.MULTILINE | re.IGNORECASE)
_IGNORED = re.compile(r"\s*[:：]\s*ignore\s+([\w\s,;、，-]+)", re.IGNORECASE)


@dataclass(frozen=True)
class Reply:
    """One reply: its text without marks, the rules that it ignores, and what its row says beside it.

    `line` and `column` are where the text begins in the file, from 1; 0 where a file has no lines.
    """

    row: int
    text: str
    ignored: tuple[str, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    line: int = 0
    column: int = 1
    marked: tuple[int, ...] = ()  # lines that held marks, counted from the beginning of the text
    written: str = "text"  # how the file writes the text: as it is, "csv", "json", or another way: "row"

    def position(self, at: int) -> tuple[int, int]:
        """Line and column in the file of a place in the text.

        >>> Reply(1, "One.\\nTwo.", line=3, column=9).position(6), Reply(1, "Two.", line=1, marked=(0,)).position(0)
        ((4, 2), (2, 1))
        """
        before = self.text[:at]
        if self.written == "row":
            return self.line, 1
        if self.written == "json":
            return self.line, self.column + len(json.dumps(before, ensure_ascii=False)) - 2
        lines = before.count("\n")
        inline = before.rpartition("\n")[2]
        shift = inline.count('"') if self.written == "csv" else 0
        for i in self.marked:
            lines += i <= lines
        return self.line + lines, (1 if lines else self.column) + len(inline) + shift


@dataclass(frozen=True)
class Replies:
    """The replies of a file of any size, part by part, and the column in which they stand; "" for a log of agents'."""

    log: Parts
    column: str
    threads: Threads | None = None

    def __iter__(self) -> Iterator[Threaded]:
        return iter(self.threads) if self.threads else (Threaded(part) for part in self.log)

    @property
    def columns(self) -> list[str]:
        """The columns of a copy: those of the table, and what is known of a reply of a log's."""
        if not self.column:
            return ["row", *_ASKED, "reply"]
        nested = {name for name in self.log.names if name.rpartition(".")[0] in self.log.names}
        return [n for n in self.log.names or [self.column] if not (_is_json(self.log.name) and n in nested)]


def read_replies(path: str | Path, each: Callable[..., Iterable[Any]] = map) -> Replies:
    """The replies in a text (.txt, .md), a table with a column `reply` (or `text`), or a message log.

    Of a log, the replies of agents are read, each with the buyer's message before it; `each` as in `read_threads`.
    Raises InputError, naming the file and what was looked for, and LogError where it cannot be read as a whole.
    """
    path = Path(path)
    if path.suffix.lower() in TEXTS:
        return Replies(_text_in_parts(path), "reply")
    if not path.is_file():
        raise InputError(f"{path}: no such file. Check the name.")
    content = open_content(path)

    def table(column: str, as_it_lies: bool) -> Replies | None:
        try:
            parts = read_parts(content, columns={"text": column}, as_it_lies=as_it_lies)
        except NoTextColumn:
            return None
        return Replies(parts, column) if column in (parts.names or [column]) else None

    seen: tuple[str, ...] = ()
    if found := table("reply", as_it_lies=True):
        return found
    try:
        log = read_parts(content)
        threads = read_threads(log, of_replies=True, each=each)
        if threads.n_replies:
            return Replies(log, "", threads)
        seen = log.names
    except NoTextColumn as none:
        seen = none.names
    if {suffix.lower() for suffix in path.suffixes} & {*TABLES, ".parquet"} and (found := table("text", False)):
        return found
    named = f" Columns seen: {', '.join(seen)}." if seen else ""
    raise InputError(f"{path}: no column `reply` or `text`, and no row of a log that an agent wrote.{named}")


def _text_in_parts(path: Path) -> Parts:
    """A text as a table of one reply."""
    if not path.is_file():
        raise InputError(f"{path}: no such file. Check the name.")
    data = path.read_bytes()
    text = "".join(decode_lines(data, path.name).lines).removeprefix("\ufeff")
    part = Part([RawRow(1, {"reply": text}, _WHOLE)], Plan({}), frozenset())
    digest = hashlib.sha256(data).hexdigest()
    return Parts(path.name, digest, "", ("reply",), 1, False, True, (), lambda: iter([part]))


def replies_of(threaded: Threaded, column: str, name: str) -> "tuple[list[Reply], pd.DataFrame]":
    """The replies in a part of a file, and the rows that are set aside because nobody can tell what they hold.

    A line `[henji: ignore RULE]` in a reply, or a cell in a column `ignore`, switches rules off for that reply alone;
    such lines are no part of the text. Raises InputError for such a line that cannot be read.
    """
    import pandas as pd

    rows = threaded.part.rows
    if column:
        faults = [row.reason or ("undecodable_bytes" if undecodable(row.raw) else "") for row in rows]
        replies = [_of_row(row, column, name) for row, fault in zip(rows, faults, strict=True) if not fault]
        lost = [
            {"row": row.number, "reason": fault, "place": row.place, "text": visible_bytes(row.raw[:100_000])}
            for row, fault in zip(rows, faults, strict=True)
            if fault
        ]
    else:
        records = threaded.part.records()
        replies = _of_agents(zip(records, rows, strict=True), threaded.before, name)
        lost = [{**record, "received_at": ""} for record in records if record["reason"] in _DAMAGED]
    aside = pd.DataFrame({c: [row.get(c, "") for row in lost] for c in QUARANTINE_COLUMNS})
    return replies, aside


_WHOLE = "the whole text"
_ASKED = ("language", "marketplace", "message", "order_id")
_DAMAGED = frozenset(
    {"undecodable_bytes", "unbalanced_quote", "wrong_field_count", "invalid_json", "lone_surrogate", "nul_bytes",
     "truncated", "spreadsheet_error"}
)  # fmt: skip


def _of_row(row: RawRow, column: str, name: str) -> Reply:
    facts = {n: _cell(v) for n, v in row.values.items()}
    text = facts.pop(column, "")
    if row.place == _WHOLE:
        return _reply(row.number, text, facts, name, line=1)
    return _reply(row.number, text, facts, f"{name}, row {row.number}", **_place(row, text, _is_json(name)))


def _is_json(name: str) -> bool:
    """True for objects in lines: what stands in them is there by itself too, as a column."""
    return ".jsonl" in Path(name.lower()).suffixes


def _cell(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (dict, list)) else text_of(value)


def _place(row: RawRow, text: str, is_json: bool) -> dict[str, Any]:
    """Where a text begins in a file of lines; nothing for a workbook, or where the file writes it another way."""
    found = re.match(r"lines? (\d+)", row.place)
    if not found:
        return {}
    line = int(found[1])
    at = (
        row.raw.find(json.dumps(text, ensure_ascii=False)[1:-1] if is_json else text.replace('"', '""')) if text else -1
    )
    if at < 0:
        return {"line": line, "written": "row"}
    before = row.raw[:at]
    written = "json" if is_json else "csv"
    return {"line": line + before.count("\n"), "column": at - before.rfind("\n"), "written": written}


def _reply(number: int, text: str, facts: Mapping[str, str], where: str, **place: Any) -> Reply:
    ignored = re.split(r"[\s,;、，]+", facts.get("ignore", ""))
    marked: list[int] = []
    for m in _MARK.finditer(text):
        said = _IGNORED.fullmatch(m[1])
        if said is None:
            raise InputError(f"{where}: cannot read {m[0].strip()!r}. Write [henji: ignore RULE], more with blanks.")
        ignored += re.split(r"[\s,;、，]+", said[1])
        first = text.count("\n", 0, m.start())
        marked += range(first, first + m[0].count("\n"))
    bare = _MARK.sub("", text) if marked or ignored else text
    rules = tuple(dict.fromkeys(name for name in ignored if name))
    return Reply(number, bare, rules, facts, marked=tuple(marked), **place)


def _of_agents(
    rows: Iterable[tuple[Mapping[str, Any], RawRow]], before: Mapping[int, list[dict[str, str]]], name: str
) -> list[Reply]:
    """What agents wrote, each with the last message of the buyer's in its thread."""
    theirs = [
        (record, (before.get(row.number) or [{}])[0])
        for record, row in rows
        if record["reason"] == "not_a_buyer_message" and is_agents(row) and has_words(record, row)
    ]
    unknown = [asked for _, asked in theirs if asked and not asked["language"]]
    for asked, language in zip(unknown, detect_languages([asked["text"] for asked in unknown]), strict=True):
        asked["language"] = language
    return [_agents_reply(record, asked, name) for record, asked in theirs]


def _agents_reply(record: Mapping[str, Any], asked: Mapping[str, str], name: str) -> Reply:
    language = asked.get("language", "")
    facts = {
        "language": language if language in SUPPORTED_LANGUAGES else "",
        "marketplace": record["marketplace"] or asked.get("marketplace", ""),
        "message": asked.get("text", ""),
    }
    if order_id := asked.get("order_id", "") or record["order_id"]:
        facts["order_id"] = order_id
    line = re.search(r"lines? (\d+)", record["place"])
    place = {"line": int(line[1]), "written": "row"} if line else {}
    return _reply(record["row"], record["text"], facts, f"{name}, row {record['row']}", **place)
