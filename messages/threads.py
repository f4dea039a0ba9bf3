"""Which messages of a log wait for a reply: what buyers and agents wrote, thread by thread."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from messages.fields import records_of, survey
from messages.log import read_rows
from messages.replies import is_agents
from messages.rows import given


@dataclass(frozen=True)
class Threads:
    """Rows of buyers' messages that wait for no reply of their own, and why.

    `answered` has the row of the reply that followed; `followed` the row of the buyer's later message in the same
    thread, which is answered for both; `earlier` the other way round: the rows that are answered with a row.
    """

    answered: Mapping[int, int] = field(default_factory=dict)
    followed: Mapping[int, int] = field(default_factory=dict)
    earlier: Mapping[int, tuple[int, ...]] = field(default_factory=dict)

    def settled(self, row: int) -> str:
        """Why a row waits for no reply of its own, in words; "" if it waits."""
        if row in self.answered:
            return f"answered already, in row {self.answered[row]}"
        return f"answered together with row {self.followed[row]}" if row in self.followed else ""


def read_threads(
    path: str | Path,
    *,
    columns: Mapping[str, str] | None = None,
    encoding: str | None = None,
    marketplace: str | None = None,
) -> Threads:
    """The threads of a log. Raises LogError as `read_log` does."""
    reading = read_rows(path, columns=columns, encoding=encoding, marketplace=marketplace)
    plan = survey(lambda: given(reading), columns, marketplace).plan
    records = records_of(reading.rows, plan)
    is_dated = all(record["received_at"] is not None for record in records)
    turns = [
        (record["thread_id"] or record["order_id"], record["row"], bool(record["reason"]))
        for record, row in sorted(
            zip(records, reading.rows, strict=True), key=lambda pair: str(pair[0]["received_at"]) if is_dated else ""
        )
        if not record["reason"] or (record["reason"] == "not_a_buyer_message" and is_agents(row))
    ]
    return waiting(turns)


def waiting(turns: Iterable[tuple[str, int, bool]]) -> Threads:
    """What is settled by turns of thread, row and whether an agent wrote it, in their order.

    >>> waiting([("a", 1, False), ("a", 2, True), ("a", 3, False), ("a", 4, False), ("", 5, False)])
    Threads(answered={1: 2}, followed={3: 4}, earlier={4: (3,)})
    """
    pending: dict[str, list[int]] = {}
    answered: dict[int, int] = {}
    for thread, row, is_reply in turns:
        if not thread:
            continue
        if is_reply:
            answered |= dict.fromkeys(pending.pop(thread, []), row)
        else:
            pending.setdefault(thread, []).append(row)
    earlier = {rows[-1]: tuple(rows[:-1]) for rows in pending.values() if len(rows) > 1}
    followed = {row: last for last, rows in earlier.items() for row in rows}
    return Threads(answered, followed, earlier)


def original_texts(path: str | Path, **hints: Any) -> dict[int, str]:
    """By row: the cell of the message exactly as the export has it. Raises LogError as `read_log` does."""
    reading = read_rows(path, **hints)
    plan = survey(lambda: given(reading), hints.get("columns"), hints.get("marketplace")).plan
    texts: Sequence[str] = plan.picked.get("text", ())
    return {
        row.number: next((str(row.values[name]) for name in texts if row.values.get(name) not in (None, "")), row.raw)
        for row in reading.rows
    }
