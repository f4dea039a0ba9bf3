"""From a buyer's message to a checked reply that a person can send: classify, facts, pick, fill, check, status."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from rapidfuzz.fuzz import ratio

from messages import InputError, Order, Product, detect_language
from messages import marketplace as find_marketplace
from model import Prediction, load_classifier
from suggest.case import Case, known_to_be
from suggest.compensation import Money
from suggest.deadlines import reply_by
from suggest.fill import Fact, Facts, fill
from suggest.pick import Choice, candidates, pick, unfilled
from suggest.policy import Policy
from suggest.templates import LANGUAGES, Line, Template, Templates, Text, parse_line, templates
from suggest.tone import Finding, check

HOME = {"en": "US", "de": "DE", "fr": "FR", "es": "ES", "it": "IT", "ja": "JP"}  # where a language is at home
ALIKE = 75  # per cent of likeness from which two replies are the same one
FACT_OF_FIELD = {  # the data behind a field that is not named like them
    "steps": "manual_steps", "specs": "product_specs", "compensation": "order_total", "goodwill": "order_total",
    "return_until": "return_window_days", "return_days": "return_window_days", "fits_model": "product_specs",
}  # fmt: skip


@dataclass(frozen=True)
class Suggestion:
    """A reply to one message, how far it can be trusted, and what it was made from."""

    status: str
    text: str
    text_zh: str
    scenario: str
    also: tuple[str, ...]
    flags: tuple[str, ...]
    language: str
    probability: float
    template_id: str
    facts: Mapping[str, Fact]
    missing_facts: tuple[str, ...]
    compensation: Money | None
    findings: tuple[Finding, ...]
    reasons: tuple[str, ...]
    reply_by: datetime
    alternatives: tuple["Suggestion", ...] = ()


def suggest_reply(
    message: str,
    *,
    order: Order | Mapping[str, Any] | None = None,
    product: Product | Mapping[str, Any] | None = None,
    marketplace: str | None = None,
    now: datetime | None = None,
    policy: Policy | Mapping[str, Any] | None = None,
) -> Suggestion:
    """A checked reply in the buyer's language, made of templates and the facts given, or why a person must write.

    `now` is the moment at which the message is answered (aware; without a zone UTC) and starts every deadline.
    Raises InputError for an unknown marketplace, an unknown key or a value that cannot be read.
    """
    prediction = load_classifier().classify([_readable(message)])[0]
    return suggest(
        message, prediction, order=order, product=product, marketplace=marketplace, now=now, policy=policy
    )  # fmt: skip


def suggest(message: str, prediction: Prediction, **known: Any) -> Suggestion:
    """The same for a message that is classified already."""
    case = read_case(message, prediction, **known)
    book = templates(case.language, case.marketplace.code)
    facts = Facts(case, case.language)
    choice = pick(facts, book, prediction.scenario)
    seconds = second_asks(choice, facts, book)
    suggestion = write(choice, seconds, facts, book)
    return replace(suggestion, alternatives=alternatives(suggestion, facts, book))


def _readable(text: str) -> str:
    """Any text as valid Unicode; half a surrogate pair becomes a question mark."""
    return str(text).encode("utf-8", "replace").decode("utf-8")


def read_case(
    message: str,
    prediction: Prediction,
    *,
    order: Order | Mapping[str, Any] | None = None,
    product: Product | Mapping[str, Any] | None = None,
    marketplace: str | None = None,
    now: datetime | None = None,
    policy: Policy | Mapping[str, Any] | None = None,
) -> Case:
    """All that is known, read and put together; the product's facts stand in where the order has none."""
    place = _place(marketplace, prediction.language)
    bought, sold = Order.of(order), Product.of(product)
    if bought.asin and sold.asin and bought.asin.upper() != sold.asin.upper():
        sold = Product()  # facts of another product are no facts
    bought = replace(
        bought,
        product_name=bought.product_name or sold.name,
        product_specs=bought.product_specs or sold.specs,
        manual_steps=bought.manual_steps or sold.manual_steps,
        restock_date=bought.restock_date or sold.restock_date,
    )
    language = prediction.language if prediction.language in LANGUAGES else _language_of(place.languages)
    return Case(
        _readable(message), prediction, bought, sold, place, language, known_to_be(now), Policy.of(policy)
    )  # fmt: skip


def _place(name: str | None, language: str) -> Any:
    return find_marketplace(name or HOME.get(language, "US"))


def _language_of(languages: Iterable[str]) -> str:
    return next((code for code in languages if code in LANGUAGES), "en")


# ---------------------------------------------------------------- what is said


def second_asks(choice: Choice, facts: Facts, book: Templates) -> tuple[Choice, ...]:
    """Templates for the further asks of a message; none beside a reply that a person must write."""
    if choice.template.situation.scenario == ("any",):
        return ()
    asks = [scenario for scenario in facts.case.prediction.also if scenario != facts.case.prediction.scenario]
    others = [pick(facts, book, scenario) for scenario in asks]
    return tuple(other for other in others if other.template.id != choice.template.id)[:1]


def write(choice: Choice, seconds: tuple[Choice, ...], facts: Facts, book: Templates) -> Suggestion:
    """The suggestion for a choice: filled, within the limit, checked and judged."""
    case, extra = facts.case, tuple(second.template for second in seconds)
    limit = case.policy.max_characters
    filled = fill(compose(choice.template, extra, facts), facts)
    if len(filled.text) > limit and extra:
        extra, seconds = (), ()
        filled = fill(compose(choice.template, extra, facts), facts)
    if len(filled.text) > limit:
        filled = fill(compose(choice.template, extra, facts), facts, brief=True)
    chinese = Facts(case, "zh")
    gloss = fill(compose(choice.template, extra, chinese), chinese)
    findings = _check(filled.text, case, choice.template)
    missing = missing_facts((choice, *seconds), facts)
    money = case.money if "compensation" in filled.facts else None
    status, reasons = judge(choice.template, extra, missing, findings, money, case)
    return Suggestion(
        status=status,
        text=filled.text,
        text_zh=gloss.text,
        scenario=case.prediction.scenario,
        also=case.prediction.also,
        flags=case.prediction.flags,
        language=case.language,
        probability=case.prediction.probability,
        template_id=choice.template.id,
        facts=filled.facts,
        missing_facts=missing,
        compensation=money,
        findings=findings,
        reasons=reasons,
        reply_by=reply_by(case.now),
    )


def compose(template: Template, extra: tuple[Template, ...], facts: Facts) -> Text:
    """One letter: salutation, what the template says, what the others say, why we stay here, sign-off."""
    chinese = facts.language == "zh"
    text = template.text_zh if chinese else template.text
    if not text:
        return ()
    first, *body, last = text
    for other in extra:
        opening, *rest = (other.text_zh if chinese else other.text)[1:-1]
        body += [(Line((facts.letter.second,)), *opening), *rest]
    if facts.get("order_id") and "other order quoted" not in template.situation.when and not _names_order(body, facts):
        body.append((Line(parse_line(facts.letter.order)),))
    if "contact_off_amazon" in facts.case.prediction.flags:
        body.append((Line((facts.letter.here,)),))
    return (first, *body, last)


def _names_order(body: list[tuple[Line, ...]], facts: Facts) -> bool:
    return any("order_id" in line.fields and facts.has(line.fields) for lines in body for line in lines)


def _check(text: str, case: Case, template: Template) -> tuple[Finding, ...]:
    if not text:
        return ()
    order = None if "other order quoted" in template.situation.when else case.order
    scenario = case.prediction.scenario if template.situation.scenario != ("any",) else None
    return tuple(_findings(text, case.language, case.marketplace.code, case.message, order, case.policy, scenario))


def check_reply(
    text: str,
    *,
    language: str | None = None,
    marketplace: str | None = None,
    message: str | None = None,
    order: Order | Mapping[str, Any] | None = None,
    policy: Policy | Mapping[str, Any] | None = None,
) -> list[Finding]:
    """Every place in a reply that breaks a rule of tone or policy, from its beginning to its end.

    `language` is the buyer's; without it, that of `message`, else of the reply itself. `order=None` means that the
    order is not known. Raises InputError on an unknown language, marketplace or key.

    >>> [f.category for f in check_reply("We will try our best to help you.", language="en")]
    ['vague']
    """
    if language is None:
        language = detect_language(message or text)
        language = language if language in LANGUAGES else "en"
    elif language not in LANGUAGES:
        raise InputError(f"Replies are checked in {' '.join(LANGUAGES)}, not in {language!r}.")
    known = None if order is None else Order.of(order)
    code = find_marketplace(marketplace).code if marketplace else None
    return _findings(_readable(text), language, code, message, known, Policy.of(policy), None)


def _findings(
    text: str,
    language: str,
    code: str | None,
    message: str | None,
    order: Order | None,
    policy: Policy,
    scenario: str | None,
) -> list[Finding]:
    return check(
        text,
        language=language,
        marketplace=code,
        message=message,
        order=order,
        allowed_links=policy.allowed_links,
        compensation_share=policy.compensation_share,
        max_characters=policy.max_characters,
        resolve_hours=policy.resolve_hours,
        scenario=scenario,
    )


def missing_facts(choices: Iterable[Choice], facts: Facts) -> tuple[str, ...]:
    """Names of the order and product facts that a full answer would hold and that are not known."""
    missing: dict[str, None] = {}
    for choice in choices:
        missing |= dict.fromkeys(FACT_OF_FIELD.get(gap, gap) for gap in choice.gaps)
        missing |= dict.fromkeys(name for name in choice.template.situation.needs if not _is_known(name, facts))
    return tuple(missing)


def _is_known(name: str, facts: Facts) -> bool:
    fields = {data: field for field, data in FACT_OF_FIELD.items()} | {"return_window_days": "return_days"}
    if name in ("order_total", "currency"):
        return getattr(facts.case.order, name) is not None
    return facts.get(fields.get(name, name)) is not None


# ---------------------------------------------------------------- how far it can be trusted


def judge(
    template: Template,
    extra: tuple[Template, ...],
    missing: tuple[str, ...],
    findings: tuple[Finding, ...],
    money: Money | None,
    case: Case,
) -> tuple[str, tuple[str, ...]]:
    """Status, and in words why it is not `ready`."""
    prediction, situation = case.prediction, template.situation
    reasons = []
    if situation.status:
        reasons.append(f"{situation.id}: {situation.about}")
    if situation.status in ("person", "no_reply"):
        return situation.status, tuple(reasons)
    if not prediction.sure:
        reasons.append(f"not sure what is asked: {', '.join(prediction.reasons) or f'{prediction.probability:.0%}'}")
    if missing:
        reasons.append(f"not known: {', '.join(missing)}")
    if money:
        reasons.append(f"offers money: {money.amount} {money.currency}")
    reasons += [f"{f.category}: {f.message}" for f in findings if f.severity == "error"]
    reasons += [f"a second ask to look at: {other.situation.about}" for other in extra if other.situation.status]
    if len(extra) < len(prediction.also) and situation.scenario != ("any",):
        reasons.append(f"asks for more than is answered: {', '.join(prediction.also)}")
    reasons += [f"flag {flag}" for flag in prediction.flags if flag in GLANCE]
    if case.language != _language_of(case.marketplace.languages) and _has_plain_texts(case):
        reasons.append(f"product texts may not be in the reply's language ({case.language})")
    return ("review" if reasons else "ready"), tuple(reasons)


GLANCE = ("review_threat", "chargeback_or_a_to_z", "asks_for_person", "suspicious")  # a person looks before it is sent


def _has_plain_texts(case: Case) -> bool:
    order = case.order
    return any(isinstance(text, str) for text in (order.product_specs, order.manual_steps, order.refund_status))


def alternatives(chosen: Suggestion, facts: Facts, book: Templates) -> tuple[Suggestion, ...]:
    """Up to two other replies that say something else: the next fitting ones, of the likely other scenario too."""
    if chosen.status in ("person", "no_reply"):
        return ()
    scenarios = [chosen.scenario]
    if not facts.case.prediction.sure:
        scenarios += [name for name, _ in facts.case.prediction.ranking[:2] if name != chosen.scenario]
    found: list[Suggestion] = []
    for template in (t for scenario in scenarios for t in candidates(facts, book, scenario)):
        special = template.situation.when or template.situation.words or scenarios[1:]
        if len(found) == 2 or template.situation.stand_in or not special or unfilled(template, facts):
            continue
        if all(ratio(fill(template.text, facts).text, other.text) < ALIKE for other in (chosen, *found)):
            found.append(write(Choice(template), (), facts, book))
    return tuple(found)
