"""Replies of one batch that say the same to several buyers, facts apart, or offer money twice for one order."""

import json
import re
import sqlite3
from collections import Counter
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import Any, Self

from messages import Order, hashed, on_disk
from suggest.tone import money
from suggest.tone.case import Case
from suggest.tone.reading import Reading
from suggest.tone.rules import Finding, Rule, rule_book

SHARED = 0.8  # of its sentences: from here on a reply is a near-duplicate of an earlier one
_NUMBER = re.compile(r"[^\s\d#]*[\d#]\S*")  # \S*\d\S* would read a long word again at every letter


@dataclass(frozen=True)
class Said:
    """What of a reply others are held against: its sentences and its order as hashes, and the sums that it offers.

    `row` is how people find it. A sum stands with its place in the text; `is_paid` for money proposed for the order.
    """

    row: str
    language: str
    sentences: Sequence[int]
    order: int = 0
    sums: Sequence[tuple[str, int, int]] = ()
    is_paid: bool = False

    @classmethod
    def of(cls, row: str, case: Case, is_paid: bool = False) -> Self:
        """What a reply says. Numbers, days, the facts of its order and the salutation do not count."""
        language, order_id = case.reading.language, case.order.order_id if case.order else None
        sentences = tuple(hashed(f"{language} {sentence}") for sentence in masked(case))
        if not order_id:
            return cls(row, language, sentences)
        sums = tuple((_plain(o.amount or o.share), *case.reading.original(o.start, o.end)) for o in money.offers(case))
        return cls(row, language, sentences, hashed(order_id), sums, is_paid)

    def kept(self) -> tuple[Any, ...]:
        """As it is kept with a part that is finished; `Said(*kept)` is the same again."""
        return astuple(self)


def _plain(amount: object) -> str:
    """A sum as text, the same for 5 and 5.00."""
    return "" if amount is None else f"{amount:f}".rstrip("0").rstrip(".") if "." in f"{amount:f}" else f"{amount:f}"


class Earlier:
    """The replies of a batch so far, in a file without a name: every sentence is looked up once, and memory stays flat.

    >>> batch = ["Hi Ann, it left today. UPS brings it on 3 May.", "Hi Bob, it left today. UPS brings it on 9 May."]
    >>> cases = [Case(Reading.of(text, "en")) for text in batch]
    >>> earlier = Earlier()
    >>> said = [Said.of(str(row), case) for row, case in enumerate(cases, 1)]
    >>> [[row for row, _ in earlier.findings(s, text)] for s, text in zip(said, batch)]
    [[], ['1']]
    """

    def __init__(self) -> None:
        self._first = sqlite3.connect("")  # gone with the process, however that ends
        self._first.executescript(
            "CREATE TABLE first (kind TEXT, key INTEGER, told TEXT, PRIMARY KEY (kind, key)) WITHOUT ROWID; BEGIN;"
        )

    def findings(self, said: Said, text: str) -> list[tuple[str, Finding]]:
        """What a reply repeats or contradicts, each with the row of the earlier one; from then on it is one of them.

        Money for an order for which an earlier reply offers another sum; the same sum is taken as said again. And a
        reply that says what an earlier one of its language says.

        >>> two = ["As a courtesy we credit you $4.00.", "As a courtesy we credit you $3.00."]
        >>> cases = [Case(Reading.of(text, "en"), order=Order(order_id="1")) for text in two]
        >>> earlier = Earlier()
        >>> [(row, f.text) for n, case in enumerate(cases, 1)
        ...     for row, f in earlier.findings(Said.of(str(n), case), case.reading.text)]
        [('1', '$3.00'), ('1', 'As a courtesy we credit you $3.00.')]
        """
        found = []
        row, sums = json.loads(self._told("offered", said.order) or '["", []]')
        if new := [(start, end) for amount, start, end in said.sums if sums and amount not in sums]:
            found.append((row, Finding.of(_rule(said.language, "over_compensation"), text, *new[0])))
        seen = Counter(filter(None, (self._told("said", sentence) for sentence in said.sentences)))
        self.add(said)
        if seen:
            row, shared = seen.most_common(1)[0]
            if shared >= SHARED * len(said.sentences):
                found.append((row, Finding.of(_rule(said.language, "duplicate"), text, 0, len(text))))
        return found

    def paid(self, said: Said) -> str:
        """The row of the first reply for whose order money was proposed; "" if there is none."""
        return self._told("paid", said.order)

    def add(self, said: Said) -> None:
        """Take a reply as one of the earlier ones."""
        for sentence in said.sentences:
            self._tell("said", sentence, said.row)
        if said.sums:
            self._tell("offered", said.order, json.dumps([said.row, [amount for amount, *_ in said.sums]]))
        if said.is_paid and said.order:
            self._tell("paid", said.order, said.row)

    def _told(self, kind: str, key: int) -> str:
        with on_disk():
            row = self._first.execute("SELECT told FROM first WHERE kind = ? AND key = ?", (kind, key)).fetchone()
        return row[0] if row else ""

    def _tell(self, kind: str, key: int, told: str) -> None:
        with on_disk():
            self._first.execute("INSERT OR IGNORE INTO first VALUES (?, ?, ?)", (kind, key, told))


def _rule(language: str, kind: str) -> Rule:
    return next(r for r in rule_book(language).rules if r.kind == kind)


def masked(case: Case) -> list[str]:
    """The sentences of a reply in plain letters, without salutation, numbers, days and the facts of its order."""
    plain = case.plain
    for start, end in case.where("bound"):
        plain = plain[:start] + "#" * (end - start) + plain[end:]
    facts = _facts(case.order, case.reading.language)
    bare = [_masked(plain[a:b], facts) for a, b in case.reading.sentences]
    if bare:
        bare[0] = re.split(r"[,:、!]", bare[0], maxsplit=1)[-1]
    return [" ".join(s.split()) for s in bare if s.strip()]


def _masked(sentence: str, facts: Sequence[str]) -> str:
    for fact in facts:
        sentence = sentence.replace(fact, " ")
    return _NUMBER.sub("#", sentence)


def _facts(order: Order | None, language: str) -> list[str]:
    if order is None:
        return []
    known = [order.buyer_name, order.product_name, order.carrier, order.tracking_id, order.refund_status]
    texts = [fact.get(language) if isinstance(fact, dict) else fact for fact in known]
    return sorted((Reading.of(str(t), language).plain for t in texts if t), key=len, reverse=True)
