"""What a reply must say: which order, what happened, what is done or can be done."""

import re
from collections.abc import Iterator

from suggest.tone import contacts, money
from suggest.tone.case import Case
from suggest.tone.promises import segment
from suggest.tone.reading import stands_in

Spans = Iterator[tuple[int, int]]

_ORDER_ID = re.compile(r"(\d(?<!\d\d)\d\d)[-_ ー]?(\d{7})[-_ ー]?(\d{7})(?!\d)")
_NUMBERED = re.compile(r"\d+")


def order_ids(plain: str) -> list[tuple[str, int, int]]:
    """Every order id in 3-7-7 form and where it stands.

    >>> order_ids("order 302 1234567 7654321, #1")
    [('302-1234567-7654321', 6, 25)]
    """
    return [("-".join(m.groups()), *m.span()) for m in _ORDER_ID.finditer(plain)]


def _named(case: Case) -> list[tuple[str, int, int]]:
    return case.once("order ids", lambda: order_ids(case.plain))


def missing_order_id(case: Case) -> Spans:
    """Nothing names the order; a pre-sale question has none."""
    if case.order and case.order.order_id and not _named(case) and case.order.order_id.lower() not in case.plain:
        yield 0, 0


def wrong_order_id(case: Case) -> Spans:
    """Ids of other orders."""
    if case.order and case.order.order_id:
        yield from ((a, b) for name, a, b in _named(case) if name != case.order.order_id.lower())


def missing_resolution(case: Case) -> Spans:
    """Only thanks, regrets and patience: no sentence says what is done, decided, or what the buyer can do.

    A pre-sale question is answered by any plain statement; an order needs an action, a fact with a number, or a step.
    """
    if case.plain.strip() and not is_resolved(case) and not is_foreign(case):
        yield 0, 0


def is_foreign(case: Case) -> bool:
    """True if the reply is not in its language, so that no word list of the language can judge it."""
    from suggest.tone.register import wrong_language

    return any(b - a > len(case.plain) / 2 for a, b in wrong_language(case))


def is_resolved(case: Case) -> bool:
    """True if a clause says what was done, is done or can be done, or answers with a fact.

    Words of thanks and regret outweigh an action beside them ("sorry for the late delivery"), but not a sum of money.
    """
    if any(_decides(case, place) for place in _numbers(case)):
        return True
    if any(_decides(case, a) for name in ("action", "answer", "call") for a, _ in case.places(name)):
        return True
    if any(_decides(case, a) for a, _ in case.where("bound")) or _is_plain_answer(case):
        return True
    if "request" in case.occurring or money.sums(case):
        return True
    if case.is_presale and any(_is_statement(case, *sentence) for sentence in case.reading.sentences):
        return True
    return bool(_links(case))


def _numbers(case: Case) -> Iterator[int]:
    """Where numbers stand that are no part of an order id."""
    for m in _NUMBERED.finditer(case.plain):
        if not any(a <= m.start() < b for _, a, b in _named(case)):
            yield m.start()


def _is_plain_answer(case: Case) -> bool:
    """True for "The lid is dishwasher-safe.", but not where most sentences only thank and regret."""
    least = 10 if case.reading.language == "ja" else 25  # characters; what is shorter is a greeting
    said = [(a, b) for a, b in case.reading.sentences if len(case.plain[a:b]) > least]
    plain = [(a, b) for a, b in said if not _is_filler(case, a, b)]
    return 2 * len(plain) > len(said) and any(case.says("fact", a, b) for a, b in plain)


def _is_filler(case: Case, start: int, end: int) -> bool:
    """True for a sentence of thanks, of regret or of what went wrong; a salutation before it says nothing about it."""
    if case.says("mishap", start, end) or _is_finding(case, start, end):
        return True
    if "filler" not in case.occurring:
        return False
    said = (
        case.word("greeting").sub(" ", case.plain[start:end]) if "greeting" in case.occurring else case.plain[start:end]
    )
    return stands_in(case.word("filler"), said)


def _counts(case: Case, place: int) -> bool:
    """True if the clause around this place is not one of thanks, regret or patience."""
    return not ("filler" in case.occurring and case.says("filler", *segment(case, place, place + 1)))


def _decides(case: Case, place: int) -> bool:
    """True if the clause around this place is none of thanks, and neither it nor its sentence only looks back."""
    if not case.occurring.may_hold("filler", "mishap", "feeling", "found"):
        return True
    if not _counts(case, place) or _is_past_cause(case, place):
        return False
    sentence = case.reading.sentence_at(place)
    return not _is_told_of_feelings(case, *sentence) and not _is_finding(case, *sentence)


def _is_told_of_feelings(case: Case, start: int, end: int) -> bool:
    """True in "we understand that you are upset, with the wedding in three weeks": nothing is done, no step is told."""
    told = ("ahead", "step", "instruction", "answer", "action")
    return case.says("feeling", start, end) and not any(case.says(name, start, end) for name in told)


def _is_finding(case: Case, start: int, end: int) -> bool:
    """True if a sentence only tells what was seen, noted or thought: "it was scanned in Leeds on the 12th"."""
    told = ("ahead", "step", "instruction")
    return case.says("found", start, end) and not any(case.says(name, start, end) for name in told)


def _is_past_cause(case: Case, place: int) -> bool:
    """True if the clause around this place only tells what went wrong: "the parcel was sent to the wrong depot"."""
    mishaps = case.where("mishap")
    first, last = segment(case, place, place + 1) if mishaps else (0, 0)
    return any(a < last and first < b for a, b in mishaps)


def _is_statement(case: Case, start: int, end: int) -> bool:
    is_long = len(case.plain[start:end].split()) > (0 if case.reading.language == "ja" else 3)
    return is_long and not case.says("filler", start, end)


def missing_diagnosis(case: Case) -> Spans:
    """A reply to a problem that names no cause and no finding; asked only where the scenario is known."""
    if case.scenario in ("logistics_delay", "returns", "compensation_demand") and not case.where("cause"):
        yield 0, 0


def _links(case: Case) -> list[tuple[int, int]]:
    return [m.span() for m in contacts.LINK.finditer(case.plain) if contacts.domain_of(m.group())]


def only_a_link(case: Case) -> Spans:
    """A usage question that is answered with a link and no step."""
    if case.scenario != "usage_help":
        return
    linked = _links(case)
    rest = case.plain
    for a, b in reversed(linked):
        rest = rest[:a] + " " + rest[b:]
    if linked and not case.word("step").search(rest):
        yield linked[0]
