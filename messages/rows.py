"""One row of an export as a reader found it, before anybody says what its columns mean."""

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True)
class RawRow:
    """One row by position: nothing is dropped here, damage is named.

    `number` counts from 1 and leaves out the header. `values` holds what the file holds, by column name for a
    table, and by the names of `log.messages` for a mailbox; None is a cell that is not there. `place` says where
    to look. `reason` is a quarantine reason or "". `issues` are marks on a row that is still good.

    >>> RawRow(1, {"Message": "Hello"}, "line 2")
    RawRow(number=1, values={'Message': 'Hello'}, place='line 2', reason='', issues=(), raw='')
    """

    number: int
    values: Mapping[str, Any] = field(default_factory=dict)
    place: str = ""
    reason: str = ""
    issues: tuple[str, ...] = ()
    raw: str = ""


@dataclass(frozen=True)
class Reading:
    """What a reader found in one file: its rows, what it left out or noticed, and whether the file ended well."""

    rows: list[RawRow]
    notes: tuple[str, ...] = ()
    complete: bool = True


@dataclass(frozen=True)
class Ending:
    """What is known of a file when its last row is read: what was left out or noticed, and whether it ended well."""

    notes: tuple[str, ...] = ()
    complete: bool = True


Rows = Generator[RawRow, None, Ending]


def without_end(rows: Rows, fault: str) -> Rows:
    """The same for a file whose end is missing: its last row is not to be trusted.

    >>> def cut() -> Rows:
    ...     yield from (RawRow(1, {}, "line 2"), RawRow(2, {}, "line 3"))
    ...     return Ending()
    >>> reading = drained(without_end(cut(), "The file is cut."))
    >>> [row.reason for row in reading.rows], reading.notes, reading.complete
    (['', 'truncated'], ('The file is cut.',), False)
    """
    held: RawRow | None = None
    while True:
        try:
            row = next(rows)
        except StopIteration as end:
            if held:
                yield replace(held, reason="truncated")
            return Ending((*end.value.notes, fault), False)
        if held:
            yield held
        held = row


def drained(rows: Rows) -> Reading:
    """All rows at once."""
    read: list[RawRow] = []
    while True:
        try:
            read.append(next(rows))
        except StopIteration as end:
            return Reading(read, end.value.notes, end.value.complete)


def given(reading: Reading) -> Rows:
    """The rows of a file that was read as a whole, one by one."""
    yield from reading.rows
    return Ending(reading.notes, reading.complete)
