"""What the threads of a log tell of its rows: which messages wait for a reply, and what was said before each."""

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from messages.columns import not_the_buyer, plain_name
from messages.errors import InputError
from messages.fields import hashed, records_of
from messages.log import Part, Parts
from messages.rows import RawRow
from messages.workbook import text_of

_SAID = ("text", "language", "marketplace", "order_id")  # what is told of a message that stands in another part
_TABLES = """
CREATE TABLE turn (thread INTEGER, at INTEGER, place INTEGER, number INTEGER, is_reply INTEGER);
CREATE TABLE settled (place INTEGER PRIMARY KEY, why TEXT);
CREATE TABLE before (place INTEGER, earlier INTEGER);
CREATE TABLE said (place INTEGER PRIMARY KEY, record TEXT);
BEGIN;
"""
_INDEXES = ("CREATE INDEX by_place ON before (place)", "CREATE INDEX by_earlier ON before (earlier)")

Turn = tuple[int, int, bool]  # place in the log, row, whether an agent wrote it


@dataclass(frozen=True)
class Threaded:
    """A part of a log with what the other rows of their threads tell of its rows, by their numbers.

    `settled` says why a message waits for no reply of its own. `before` holds the messages that are answered with
    another one, or, where replies are read, the one that each reply answers.
    """

    part: Part
    settled: Mapping[int, str] = field(default_factory=dict)
    before: Mapping[int, list[dict[str, str]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Threads:
    """A log of any size with its threads, which wait in a file without a name until their parts are read."""

    log: Parts
    n_messages: int
    n_replies: int
    known: sqlite3.Connection

    def __iter__(self) -> Iterator[Threaded]:
        for part in self.log:
            with on_disk():
                settled = self.known.execute("SELECT place, why FROM settled WHERE place BETWEEN ? AND ?", part.span)
                why = {part.rows[place - part.first].number: said for place, said in settled}
                before: dict[int, list[dict[str, str]]] = {}
                for place, record in self.known.execute(
                    "SELECT before.place, record FROM before JOIN said ON said.place = earlier "
                    "WHERE before.place BETWEEN ? AND ? ORDER BY before.rowid",
                    part.span,
                ):
                    before.setdefault(part.rows[place - part.first].number, []).append(json.loads(record))
            yield Threaded(part, why, before)


@dataclass(frozen=True)
class _Turns:
    """The turns of a part: thread, moment, place, row, whether an agent wrote it."""

    turns: list[tuple[int, int, int, int, bool]]
    is_dated: bool
    n_messages: int
    n_replies: int


def read_threads(
    log: Parts,
    of_replies: bool = False,
    each: Callable[..., Iterable[_Turns]] = map,
) -> Threads:
    """The threads of a log, in one walk over it, and a second one over the messages that are told in other parts.

    Told is what waits for one reply together or, `of_replies`, what each of them answers. Memory does not grow with
    the log; `each` applies a function to every part, in order.
    Raises InputError where there is no room for the threads on the disk.
    """
    known = sqlite3.connect("")  # a file of the system's, which is gone with the process, however that ends
    n_messages = n_replies = 0
    is_dated = True
    with on_disk():
        known.executescript(_TABLES)
        for turns in each(turns_of, log):
            n_messages += turns.n_messages
            n_replies += turns.n_replies
            is_dated = is_dated and turns.is_dated
            known.executemany("INSERT INTO turn VALUES (?, ?, ?, ?, ?)", turns.turns)
        order = "thread, at, place" if is_dated else "thread, place"
        rows = known.execute(f"SELECT thread, place, number, is_reply FROM turn ORDER BY {order}")
        for _, thread in groupby(rows, key=itemgetter(0)):
            settled, before = (answers if of_replies else waiting)(row[1:] for row in thread)
            known.executemany("INSERT INTO settled VALUES (?, ?)", settled)
            known.executemany("INSERT INTO before VALUES (?, ?)", before)
        for index in _INDEXES:
            known.execute(index)
        if known.execute("SELECT 1 FROM before").fetchone():
            for part in log:
                known.executemany("INSERT INTO said VALUES (?, ?)", _said(part, known))
    return Threads(log, n_messages, n_replies, known)


def _said(part: Part, known: sqlite3.Connection) -> Iterator[tuple[int, str]]:
    """What the messages of a part say that are told in another one."""
    rows = known.execute("SELECT DISTINCT earlier FROM before WHERE earlier BETWEEN ? AND ?", part.span)
    places = [place for (place,) in rows]
    records = records_of([part.rows[place - part.first] for place in places], part.plan)
    for place, record in zip(places, records, strict=True):
        yield place, json.dumps({name: record[name] for name in _SAID})


@contextmanager
def on_disk() -> Iterator[None]:
    """What is kept on the disk while a log is read. Raises InputError where it has no room."""
    try:
        yield
    except sqlite3.Error as error:
        raise InputError(
            f"The folder for temporary files cannot be used ({error}). Make room there, or name another in TMPDIR."
        ) from None


def turns_of(part: Part) -> _Turns:
    """Who wrote when in which thread, of the rows of a part."""
    turns = []
    n_messages = n_replies = 0
    is_dated = True
    for place, (row, record) in enumerate(zip(part.rows, part.records(), strict=True), part.first):
        at, thread = record["received_at"], record["thread_id"] or record["order_id"]
        is_dated = is_dated and at is not None
        is_reply = record["reason"] == "not_a_buyer_message" and is_agents(row)
        n_messages += not record["reason"]
        n_replies += is_reply and has_words(record, row)
        if thread and (is_reply or not record["reason"]):
            turns.append((hashed(thread), round(at.timestamp() * 1e6) if at else 0, place, row.number, is_reply))
    return _Turns(turns, is_dated, n_messages, n_replies)


Links = tuple[list[tuple[int, str]], list[tuple[int, int]]]


def waiting(turns: Iterable[Turn]) -> Links:
    """Which messages of a thread wait for no reply of their own, and which are answered with the last one.

    >>> waiting([(0, 1, False), (1, 2, True), (4, 5, False), (5, 6, False)])
    ([(0, 'answered already, in row 2'), (4, 'answered together with row 6')], [(5, 4)])
    """
    settled: list[tuple[int, str]] = []
    pending: list[tuple[int, int]] = []
    for place, row, is_reply in turns:
        if is_reply:
            settled += [(earlier, f"answered already, in row {row}") for earlier, _ in pending]
            pending = []
        else:
            pending.append((place, row))
    if not pending:
        return settled, []
    *earlier_ones, (last, row) = pending
    settled += [(earlier, f"answered together with row {row}") for earlier, _ in earlier_ones]
    return settled, [(last, earlier) for earlier, _ in earlier_ones]


def answers(turns: Iterable[Turn]) -> Links:
    """Which message each reply of a thread answers: the last one before it.

    >>> answers([(0, 1, False), (1, 2, True), (2, 3, True), (4, 5, False)])
    ([], [(1, 0), (2, 0)])
    """
    asked = -1
    before = []
    for place, _, is_reply in turns:
        if not is_reply:
            asked = place
        elif asked >= 0:
            before.append((place, asked))
    return [], before


def has_words(record: Mapping[str, Any], row: RawRow) -> bool:
    """True for a row that is set aside with a text of its own; one without a text holds its whole line."""
    return bool(record["text"].strip()) and record["text"] != row.raw[:100_000]


@cache
def _no_reply() -> tuple[frozenset[str], frozenset[str]]:
    import tomllib

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
