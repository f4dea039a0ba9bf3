"""Reads replies to check: a text, a table with a column `reply`, or what the agents wrote in a message log."""

import csv
import io
import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from messages.columns import not_the_buyer, plain_name
from messages.encoding import decode_lines
from messages.errors import InputError, LogError
from messages.fields import add_languages, records_of, survey
from messages.log import read_rows
from messages.rows import RawRow, given
from messages.tables import read_table
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
    """The replies of a file, and the table in whose column they stand; no table for a text or a log."""

    rows: tuple[Reply, ...]
    table: "pd.DataFrame | None" = None
    column: str = ""


def read_replies(path: str | Path) -> Replies:
    """The replies in a text (.txt, .md), a table with a column `reply` (or `text`), or a message log.

    A line `[henji: ignore RULE]` in a reply, or a cell in a column `ignore`, switches rules off for that reply alone;
    such lines are no part of the text. Of a log, the replies of agents are read, each with the buyer's message before
    it. Raises InputError, naming the file and what was looked for.
    """
    path = Path(path)
    if path.suffix.lower() in TEXTS:
        if not path.is_file():
            raise InputError(f"{path}: no such file. Check the name.")
        text = "".join(decode_lines(path.read_bytes(), path.name).lines).removeprefix("\ufeff")
        return Replies((_reply(1, text, {}, f"{path.name}", line=1),))
    table, fault = None, None
    if path.suffix.lower() in TABLES:
        try:
            table = read_table(path)
        except InputError as error:  # a log may be damaged here and there, a table may not
            fault = error
    if table is not None and "reply" in table.columns:
        return _of_table(path, table, "reply")
    agents = []
    try:
        agents = _of_agents(path) if path.is_file() else []
    except LogError:
        if table is None and fault is None:
            raise
    if agents:
        return Replies(tuple(agents))
    if table is not None and "text" in table.columns:
        return _of_table(path, table, "text")
    if fault:
        raise fault
    if not path.is_file():
        raise InputError(f"{path}: no such file. Check the name.")
    seen = f" Columns seen: {', '.join(map(str, table.columns))}." if table is not None else ""
    raise InputError(f"{path}: no column `reply` or `text`, and no row of a log that an agent wrote.{seen}")


def _of_table(path: Path, table: "pd.DataFrame", column: str) -> Replies:
    records = [{str(k): str(v) for k, v in row.items()} for row in table.to_dict("records")]
    places = _places(path, [record[column] for record in records])
    rows = []
    for number, (record, place) in enumerate(zip(records, places, strict=True), 1):
        text = record.pop(column)
        rows.append(_reply(number, text, record, f"{path.name}, row {number}", **place))
    return Replies(tuple(rows), table, column)


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


def _places(path: Path, texts: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Where each text begins in a file of lines; nothing for a workbook, or where the file writes it another way."""
    kind = path.suffix.lower()
    if kind == ".xlsx":
        yield from ({} for _ in texts)
        return
    source = "".join(decode_lines(path.read_bytes(), path.name).lines).removeprefix("\ufeff")
    records = _json_records(source) if kind == ".jsonl" else _records(source)
    for text in texts:
        line, record = next(records, (0, ""))
        as_csv, as_json = text.replace('"', '""'), json.dumps(text, ensure_ascii=False)[1:-1]
        written = "json" if kind == ".jsonl" else "csv"
        at = record.find(as_json if kind == ".jsonl" else as_csv) if text else -1
        if at < 0:
            yield {"line": line, "written": "row"} if line else {}
        else:
            before = record[:at]
            column = at - before.rfind("\n")
            yield {"line": line + before.count("\n"), "column": column, "written": written}


def _records(source: str) -> Iterator[tuple[int, str]]:
    """First line and raw text of each record below the header."""
    lines = io.StringIO(source, newline="").readlines()
    header = lines[0] if lines else ""
    rows = csv.reader(lines, delimiter=max(",", ";", "\t", key=header.count))
    last = 0
    try:
        for i, row in enumerate(rows):
            if i and row:
                yield last + 1, "".join(lines[last : rows.line_num])
            last = rows.line_num
    except csv.Error:
        return


def _json_records(source: str) -> Iterator[tuple[int, str]]:
    yield from ((i, line) for i, line in enumerate(source.split("\n"), 1) if line.strip())


def _of_agents(path: Path) -> list[Reply]:
    """What agents wrote in a log, each with the last message of the buyer's in its thread."""
    reading = read_rows(path)
    rows = reading.rows
    plan = survey(lambda: given(reading)).plan
    if "text" not in plan.picked:
        return []
    records = records_of(rows, plan)
    add_languages(records)
    together = sorted(
        zip(records, rows, strict=True), key=lambda pair: str(pair[0]["received_at"] or "") if _dated(records) else ""
    )
    asked: dict[str, Mapping[str, Any]] = {}
    found = []
    for record, row in together:
        thread = record["thread_id"] or record["order_id"]
        if not record["reason"]:
            asked[thread] = record
        elif record["reason"] == "not_a_buyer_message" and is_agents(row) and record["text"].strip():
            found.append(_agents_reply(record, asked.get(thread, {}) if thread else {}, path))
    return sorted(found, key=lambda reply: reply.row)


def _dated(records: Sequence[Mapping[str, Any]]) -> bool:
    return all(record["received_at"] is not None for record in records)


def _agents_reply(record: Mapping[str, Any], asked: Mapping[str, Any], path: Path) -> Reply:
    facts = {
        "language": asked.get("language", ""),
        "marketplace": record["marketplace"] or asked.get("marketplace", ""),
        "message": asked.get("text", ""),
    }
    if order_id := asked.get("order_id", "") or record["order_id"]:
        facts["order_id"] = order_id
    line = re.search(r"line (\d+)", record["place"])
    place = {"line": int(line[1]), "written": "row"} if line else {}
    return _reply(record["row"], record["text"], facts, f"{path.name}, row {record['row']}", **place)


@cache
def _no_reply() -> tuple[frozenset[str], frozenset[str]]:
    with Path(__file__).with_name("replies.toml").open("rb") as file:
        table = tomllib.load(file)
    return frozenset(map(plain_name, table["no_reply"])), frozenset(map(plain_name, table["no_reply_columns"]))


def is_agents(row: RawRow) -> bool:
    """True if nothing says that a row which is not the buyer's is a note, a machine's or Amazon's."""
    words, columns = _no_reply()
    marks = not_the_buyer()
    said = {plain_name(n): plain_name(text_of(v)[:40]) for n, v in row.values.items() if plain_name(n) in marks}
    if any(value in words for value in said.values()):
        return False
    return bool(said) and not any(said[name] in marks[name] for name in columns & said.keys())
