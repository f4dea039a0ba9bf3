"""Replies of one batch that say the same to several buyers, facts apart."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from messages import Order
from suggest.tone import money
from suggest.tone.case import Case
from suggest.tone.reading import Reading
from suggest.tone.rules import Finding, Rule, rule_book

SHARED = 0.8  # of its sentences: from here on a reply is a near-duplicate of an earlier one
_NUMBER = re.compile(r"[^\s\d#]*[\d#]\S*")  # \S*\d\S* would read a long word again at every letter


def near_duplicates(cases: Sequence[Case]) -> Iterator[tuple[int, int, Finding]]:
    """Each reply that repeats an earlier one of its language: its number, that of the earlier one, and the finding.

    Numbers, days and the facts of the orders (names, products, carriers) do not count, nor does the salutation. Every
    sentence is looked up once, so that a batch may be long.

    >>> batch = ["Hi Ann, it left today. UPS brings it on 3 May.", "Hi Bob, it left today. UPS brings it on 9 May."]
    >>> [(later, earlier) for later, earlier, _ in near_duplicates([Case(Reading.of(t, "en")) for t in batch])]
    [(1, 0)]
    """
    first: dict[tuple[str, str], int] = {}
    for i, case in enumerate(cases):
        language = case.reading.language
        sentences = [(language, sentence) for sentence in masked(case)]
        seen = Counter(first[s] for s in sentences if s in first)
        for s in sentences:
            first.setdefault(s, i)
        if seen:
            earlier, shared = seen.most_common(1)[0]
            if shared >= SHARED * len(sentences):
                yield i, earlier, Finding.of(_rule(language, "duplicate"), case.reading.text, 0, len(case.reading.text))


def second_offers(cases: Sequence[Case]) -> Iterator[tuple[int, int, Finding]]:
    """Each reply that offers money for an order for which an earlier one offers another sum: its number, the earlier
    one's, and the finding. The same sum is taken as said again.

    >>> two = ["As a courtesy we credit you $4.00.", "As a courtesy we credit you $3.00."]
    >>> cases = [Case(Reading.of(text, "en"), order=Order(order_id="1")) for text in two]
    >>> [(later, earlier, f.text) for later, earlier, f in second_offers(cases)]
    [(1, 0, '$3.00')]
    """
    offered: dict[str, tuple[int, set[object]]] = {}
    for i, case in enumerate(cases):
        if case.order is None or not case.order.order_id:
            continue
        given = money.offers(case)
        said: set[object] = {o.amount or o.share for o in given}
        earlier, sums = offered.setdefault(case.order.order_id, (i, said))
        new = [o for o in given if (o.amount or o.share) not in sums]
        if new and sums:
            rule, place = _rule(case.reading.language, "over_compensation"), (new[0].start, new[0].end)
            yield i, earlier, Finding.of(rule, case.reading.text, *case.reading.original(*place))
        if given and not sums:
            offered[case.order.order_id] = (i, said)


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
