"""The check of a reply: a spaCy pipeline whose one component runs every rule and keeps the findings as spans."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING

from messages import Order

from suggest.tone import characters, completeness, contacts, facts, money, promises, register
from suggest.tone.case import Case
from suggest.tone.japanese import findings_in
from suggest.tone.matching import matcher
from suggest.tone.reading import Reading
from suggest.tone.rules import LANGUAGES, Finding, Rule, rule_book

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc

Places = Iterator[tuple[int, int]]

# Which function looks for which kind of rule; `avoid` is the one that needs no code.
IN_TEXT = {"residue", "simplified", "length", "markup", "control", "breaks"}  # their spans are the text's own
LOOKS_FOR: dict[str, Callable[[Case], Places]] = {
    "phone": contacts.phones,
    "email": contacts.emails,
    "link": contacts.links,
    "over_compensation": money.over_the_cap,
    "goodwill": money.without_goodwill,
    "order_id": completeness.missing_order_id,
    "other_order_id": completeness.wrong_order_id,
    "resolution": completeness.missing_resolution,
    "diagnosis": completeness.missing_diagnosis,
    "link_only": completeness.only_a_link,
    "residue": characters.residue,
    "simplified": characters.simplified,
    "length": characters.too_long,
    "markup": characters.markup,
    "control": characters.control,
    "breaks": characters.many_breaks,
    "language": register.wrong_language,
    "address": register.mixed_address,
    "doubled": register.doubled_words,
    "carrier": facts.other_carrier,
    "tracking": facts.other_tracking,
    "arrival": facts.past_arrival,
}


def check(
    text: str,
    *,
    language: str,
    marketplace: str | None = None,
    message: str | None = None,
    order: Order | None = None,
    allowed_links: tuple[str, ...] = (),
    compensation_share: Decimal = Decimal("0.20"),
    max_characters: int = 1000,
    resolve_hours: int = 24,
    scenario: str | None = None,
) -> list[Finding]:
    """What is wrong with a reply, from its first character to its last.

    >>> for f in check("We will try our best.", language="en"):
    ...     print(f.category, f.rule, f.severity, (f.start, f.end), f.text)
    vague vague-effort error (8, 20) try our best
    """
    reading = Reading.of(text, language)
    case = Case(
        reading, marketplace, message, order, tuple(allowed_links), compensation_share, max_characters, resolve_hours, scenario
    )  # fmt: skip
    return findings_of(case)


def findings_of(case: Case) -> list[Finding]:
    """Every finding of every rule, in the order of the text."""
    text = case.reading.text
    found = findings_in(case.reading) if case.reading.language == "ja" else []
    for rule, start, end in _broken(case):
        if rule.kind not in IN_TEXT:
            start, end = case.reading.original(start, end)
        instead = rule.instead.replace("{resolve_hours}", str(case.resolve_hours))
        found.append(Finding.of(rule, text, start, end, instead=instead))
    return sorted(found, key=lambda f: (f.start, f.end, f.category, f.rule))


def _broken(case: Case) -> Iterator[tuple[Rule, int, int]]:
    book = rule_book(case.reading.language)
    for rule, start, end in matcher(book.language).matches(case.reading, case.occurring):
        if not any(promises.CONDITIONS[name](case, start, end) for name in rule.unless):
            yield rule, start, end
    for rule in book.rules:
        if rule.kind in LOOKS_FOR:
            for start, end in LOOKS_FOR[rule.kind](case):
                yield rule, start, end
