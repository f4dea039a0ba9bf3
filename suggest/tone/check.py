"""The check of a reply: every rule over one reading of it, for Python and as a component of spaCy."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING

from messages import Order
from suggest.tone import characters, completeness, contacts, facts, likeness, money, promises, register
from suggest.tone.case import Case
from suggest.tone.japanese import findings_in
from suggest.tone.matching import matcher
from suggest.tone.reading import Reading
from suggest.tone.rules import LANGUAGES, Finding, Rule, rule_book
from suggest.tone.team import TeamRules, changed

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc

Places = Iterator[tuple[int, int]]

# Which function looks for which kind of rule; `avoid` is the one that needs no code.
IN_TEXT = {"residue", "simplified", "length", "markup", "control", "breaks"}  # their spans are the text's own
OF_ORDERS = {"over_compensation", "order_id", "other_order_id", "carrier", "tracking", "arrival"}
OF_SCENARIOS = {"diagnosis", "link_only"}
OF_MONEY = {"over_compensation", "goodwill"}
BY_LIKENESS = ("reassuring", "courting")
NO_NAMES = ("vague", "generic_reassurance")  # what words of a name say
NO_LIKENESS = ("prohibited_words", "review_manipulation", "external_contact", "admission_of_liability")
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
    "field": characters.fields_left,
    "markup": characters.markup,
    "control": characters.control,
    "breaks": characters.many_breaks,
    "language": register.wrong_language,
    "address": register.mixed_address,
    "doubled": register.doubled_words,
    "reassuring": likeness.reassuring,
    "courting": likeness.courting,
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
    rules: TeamRules | None = None,
) -> list[Finding]:
    """What is wrong with a reply, from its first character to its last.

    A caller that has more questions to the same reply makes its Case once and asks `findings_of`.

    >>> for f in check("We will try our best.", language="en"):
    ...     print(f.category, f.rule, f.severity, (f.start, f.end), f.text)
    vague vague-effort error (8, 20) try our best
    """
    case = Case(
        reading=Reading.of(text, language),
        marketplace=marketplace,
        message=message,
        order=order,
        allowed_links=tuple(allowed_links),
        compensation_share=compensation_share,
        max_characters=max_characters,
        resolve_hours=resolve_hours,
        scenario=scenario,
    )
    return findings_of(case, rules)


@cache
def pipeline(language: str) -> "Language":
    """The check as a spaCy pipeline: findings stand in `doc.spans["tone"]`, labelled with the names of their rules.

    `check` reads the same rules without a Doc: spaCy keeps every word that it ever met, and a batch has no end.

    >>> doc = pipeline("en")("It comes in due course; call me.")
    >>> [(span.text, span.label_) for span in doc.spans["tone"]]
    [('in due course', 'vague-time'), ('call me', 'contact-invitation')]
    """
    import spacy
    from spacy.language import Language

    rule_book(language)  # an unknown language is our error, not spaCy's
    Language.component("tone", func=tone)
    nlp = spacy.blank("xx" if language == "ja" else language)  # blank("ja") would want SudachiPy
    nlp.add_pipe("tone")
    return nlp


def tone(doc: "Doc") -> "Doc":
    """The component: every finding of every rule, in `doc.user_data["findings"]` and as labelled spans."""
    language = doc.lang_ if doc.lang_ in LANGUAGES else "ja"
    found = findings_of(doc.user_data.get("case") or Case(Reading.of(doc.text, language)))
    spans = (doc.char_span(f.start, f.end, label=f.rule, alignment_mode="expand") for f in found if f.start < f.end)
    doc.spans["tone"] = [span for span in spans if span is not None]
    doc.user_data["findings"] = found
    return doc


def findings_of(case: Case, team: TeamRules | None = None) -> list[Finding]:
    """Every finding of every rule, as the team wants it, in the order of the text."""
    text = case.reading.text
    found = findings_in(case.reading) if case.reading.language == "ja" else []
    for rule, start, end in _broken(case):
        if rule.kind not in IN_TEXT:
            start, end = case.reading.original(start, end)
        if rule.kind in BY_LIKENESS and any(
            f.category in (rule.category, *NO_LIKENESS) and start <= f.start < end for f in found
        ):
            continue  # a rule that knows the words has said what the sentence is
        instead = rule.instead.replace("{resolve_hours}", str(case.resolve_hours))
        found.append(Finding.of(rule, text, start, end, instead=instead))
    found.sort(key=lambda f: (f.start, f.end, f.category, f.rule))
    return changed(found, case, team) if team else found


def _broken(case: Case) -> Iterator[tuple[Rule, int, int]]:
    book = rule_book(case.reading.language)
    matched = [
        (rule, start, end)
        for rule, start, end in matcher(book.language).matches(case.reading, case.occurring)
        if not any(promises.CONDITIONS[name](case, start, end) for name in rule.unless)
    ]
    matched = [
        (rule, start, end)
        for rule, start, end in matched
        if rule.category not in NO_NAMES or not promises.is_named(case, start, end)
    ]
    looks = _looks(book.language, case.order is not None, case.scenario is not None)
    matched += [(rule, start, end) for rule, look in looks for start, end in look(case)]
    at = case.reading.sentence_at
    evasions = {at(start) for rule, start, _ in matched if rule.category == "prohibited_words"}
    courted = {at(start) for rule, start, _ in matched if rule.category == "review_manipulation"}
    tricks = evasions | courted | {at(end) for _, end in courted}
    for rule, start, end in matched:
        if rule.category == "generic_reassurance" and at(start) in tricks:
            continue  # "do not worry, we declare it as a gift"; "rate us. It means so much to us!"
        if rule.kind in OF_MONEY and at(start) in evasions:
            continue  # "we write on it that it is a gift of 10 dollars"
        yield rule, start, end


@cache
def _looks(language: str, has_order: bool, has_scenario: bool) -> list[tuple[Rule, Callable[[Case], Places]]]:
    """The functions that can find something in a reply of this language, given what is known beside it."""
    idle = {"residue"} if language == "ja" else {"simplified"}
    idle |= set() if has_order else OF_ORDERS
    idle |= set() if has_scenario else OF_SCENARIOS
    rules = [rule for rule in rule_book(language).rules if rule.kind in LOOKS_FOR and rule.kind not in idle]
    return [(rule, LOOKS_FOR[rule.kind]) for rule in rules]
