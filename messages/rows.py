"""One row of an export as a reader found it, before anybody says what its columns mean."""

from collections.abc import Mapping
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


def without_end(reading: Reading, fault: str) -> Reading:
    """The same for a file whose end is missing: its last row is not to be trusted.

    >>> without_end(Reading([RawRow(1, {}, "line 2")]), "The file is cut.")
    Reading(rows=[RawRow(number=1, values={}, place='line 2', reason='truncated', issues=(), raw='')],
            notes=('The file is cut.',), complete=False)
    """
    rows = [*reading.rows[:-1], *(replace(row, reason="truncated") for row in reading.rows[-1:])]
    return Reading(rows, (*reading.notes, fault), False)
