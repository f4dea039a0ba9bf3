"""Replies of one batch that say the same to several buyers, facts apart."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from messages import Order
from suggest.tone import money
from suggest.tone.case import Case
from suggest.tone.matching import words_pattern
from suggest.tone.reading import Reading
from suggest.tone.rules import Finding, rule_book

SHARED = 0.8  # of its sentences: from here on a reply is a near-duplicate of an earlier one
_NUMBER = re.compile(r"\S*\d\S*")


def near_duplicates(
    replies: Sequence[str], language: str, orders: Sequence[Order | None] = ()
) -> Iterator[tuple[int, int, Finding]]:
    """Each reply that repeats an earlier one: its number, the number of the earlier one, and the finding.

    Numbers, days and the facts of the orders (names, products, carriers) do not count, nor does the salutation. Every
    sentence is looked up once, so that a batch may be long.

    >>> batch = ["Hi Ann, it left today. UPS brings it on 3 May.", "Hi Bob, it left today. UPS brings it on 9 May."]
    >>> [(later, earlier) for later, earlier, _ in near_duplicates(batch, "en")]
    [(1, 0)]
    """
    rule = next(r for r in rule_book(language).rules if r.kind == "duplicate")
    first: dict[str, int] = {}
    for i, reply in enumerate(replies):
        sentences = masked(reply, language, orders[i] if i < len(orders) else None)
        seen = Counter(first[s] for s in sentences if s in first)
        for s in sentences:
            first.setdefault(s, i)
        if seen:
            earlier, shared = seen.most_common(1)[0]
            if shared >= SHARED * len(sentences):
                yield i, earlier, Finding.of(rule, reply, 0, len(reply))


def second_offers(
    replies: Sequence[str], languages: Sequence[str], orders: Sequence[Order | None]
) -> Iterator[tuple[int, int, Finding]]:
    """Each reply that offers money for an order for which an earlier one offers another sum: its number, the earlier
    one's, and the finding. The same sum is taken as said again.

    >>> order = Order(order_id="1")
    >>> two = ["As a courtesy we credit you $4.00.", "As a courtesy we credit you $3.00."]
    >>> [(later, earlier, f.text) for later, earlier, f in second_offers(two, ["en", "en"], [order, order])]
    [(1, 0, '$3.00')]
    """
    offered: dict[str, tuple[int, set[object]]] = {}
    for i, (reply, language, order) in enumerate(zip(replies, languages, orders, strict=True)):
        if order is None or not order.order_id:
            continue
        reading = Reading.of(reply, language)
        given = money.offers(Case(reading, order=order))
        said: set[object] = {o.amount or o.share for o in given}
        earlier, sums = offered.setdefault(order.order_id, (i, said))
        new = [o for o in given if (o.amount or o.share) not in sums]
        if new and sums:
            rule = next(r for r in rule_book(language).rules if r.kind == "over_compensation")
            yield i, earlier, Finding.of(rule, reply, *reading.original(new[0].start, new[0].end))
        if given and not sums:
            offered[order.order_id] = (i, said)


def masked(reply: str, language: str, order: Order | None = None) -> list[str]:
    """The sentences of a reply in plain letters, without salutation, numbers, days and the facts of its order."""
    reading = Reading.of(reply, language)
    plain = reading.plain
    for fact in _facts(order, language):
        plain = plain.replace(fact, " ")
    plain = words_pattern(language, "bound").sub("#", plain)
    bare = [_NUMBER.sub("#", plain[a:b]) for a, b in Reading.of(plain, language).sentences]
    if bare:
        bare[0] = re.split(r"[,:、!]", bare[0], maxsplit=1)[-1]
    return [" ".join(s.split()) for s in bare if s.strip()]


def _facts(order: Order | None, language: str) -> list[str]:
    if order is None:
        return []
    known = [order.buyer_name, order.product_name, order.carrier, order.tracking_id, order.refund_status]
    texts = [fact.get(language) if isinstance(fact, dict) else fact for fact in known]
    return sorted((Reading.of(str(t), language).plain for t in texts if t), key=len, reverse=True)
