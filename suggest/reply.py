"""From a buyer's message to a checked reply that a person can send: classify, facts, pick, fill, check, status."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from functools import cache, partial
from itertools import groupby
from typing import Any

import re2
from rapidfuzz.fuzz import ratio

from messages import InputError, Order, Product, detect_language
from messages import marketplace as find_marketplace
from model import SCENARIOS, Prediction, load_classifier
from suggest import tone
from suggest.case import READ, USUAL_WINDOW, Case, known_to_be
from suggest.compensation import Money
from suggest.deadlines import reply_by
from suggest.fill import Fact, Facts, Filled, fill, said
from suggest.pick import (
    BESIDE_THE_MATTER,
    CANCELLATION,
    LIKELY,
    Choice,
    candidates,
    fits,
    is_named,
    pick,
    unfilled,
    weighed,
)
from suggest.policy import Policy
from suggest.reasons import Reason, reason
from suggest.states import is_to_look_at, say_state
from suggest.templates import LANGUAGES, Line, Situation, Template, Text, fold, lines, parse_line, spaced, templates
from suggest.tone import Finding, findings_of

HOME = {"en": "US", "de": "DE", "fr": "FR", "es": "ES", "it": "IT", "ja": "JP"}  # where a language is at home
SOUNDS_LIKE = ("other", "compatibility_presale")  # what a wish for a call is taken for: "Do you have WhatsApp?"
CLEAR = 0.6  # probability of a part of a message from which it is an ask by itself
SHORTEST_PART = 6  # letters
SHORT = {"person-safety": "short-safety"}  # what stands in for a reply that is too long for the channel
QUESTION = "other-question"  # says only that someone looks at it: nothing beside another answer
PRESALE_DELIVERY = "presale-delivery"  # what is said of a delivery where nothing was ordered yet
HINTED = 0.05  # the same where a template of that scenario is named by its words
ALIKE = 75  # per cent of likeness from which two replies are the same one
FACT_OF_FIELD = {  # the data behind a field that is not named like them
    "steps": "manual_steps", "specs": "product_specs", "compensation": "order_total", "goodwill": "order_total",
    "return_until": "return_window_days", "return_days": "return_window_days", "fits_model": "product_specs",
}  # fmt: skip
TEXTS = ("steps", "specs")  # fields with what a product's texts say

_QUESTION = re2.compile(r"[^.!?？。\n]+(?:[?？]|か。)")
_PART = re2.compile(r"([.!?,;:])\s+|([。！？、])")


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
    reasons_zh: tuple[str, ...] = ()  # the same in Chinese, one by one
    places: tuple[tuple[str, int, int], ...] = ()  # field, start and end of each fact in `text`
    alternatives: tuple["Suggestion", ...] = field(default_factory=tuple)  # no value of the class: see __getattr__

    def __getattr__(self, name: str) -> Any:
        """What is written when it is first asked for: alternatives, each checked as the reply is, and the Chinese."""
        later = self.__dict__.get("_later", {})
        if name not in later:
            raise AttributeError(f"Suggestion has no {name!r}. Its names: {' '.join(f.name for f in fields(self))}.")
        self.__dict__[name] = found = later[name](self)
        return found

    def __getstate__(self) -> dict[str, Any]:
        return {f.name: getattr(self, f.name) for f in fields(self)}


def suggest_reply(
    message: str,
    *,
    order: Order | Mapping[str, Any] | None = None,
    product: Product | Mapping[str, Any] | None = None,
    marketplace: str | None = None,
    now: datetime | None = None,
    policy: Policy | Mapping[str, Any] | None = None,
    received_at: datetime | None = None,
) -> Suggestion:
    """A checked reply in the buyer's language, made of templates and the facts given, or why a person must write.

    `now` is the moment at which the message is answered (aware; without a zone UTC); what is promised counts from it.
    `received_at` is when it came: Amazon's 24 hours (`reply_by`) count from there, without it from `now`.
    Raises InputError for an unknown marketplace, an unknown key or a value that cannot be read.
    """
    known = {"order": order, "product": product, "marketplace": marketplace, "now": now, "policy": policy}
    return suggest(message, predict(message), received_at=received_at, **known)


def predict(message: str) -> Prediction:
    """What the message is about; see `predict_all`."""
    return predict_all([message])[0]


def predict_all(messages: Sequence[str]) -> list[Prediction]:
    """What each message is about; some are read in parts too.

    "It is not here yet, and I need an invoice." A word such as "invoice" alone proves little ("no receipt
    obviously"), the part of the sentence does. "What is your number? My parcel has not come." How a buyer wants to be
    answered, or what he calls us, is not what the answer is about. "Please cancel it, it is not here yet."
    """
    classify = partial(load_classifier().classify, why=False)
    texts = [_readable(message) for message in messages]
    found = classify(texts)
    parts = [(i, part) for i, whole in enumerate(found) for part in _telling_parts(texts[i][:READ], whole)]
    read = zip(parts, classify([part for _, part in parts]) if parts else [], strict=True)
    for i, heard in groupby(read, key=lambda pair: pair[0][0]):
        found[i] = _with_parts(found[i], texts[i][:READ], [p for _, p in heard if p.probability >= CLEAR])
    return found


def _telling_parts(text: str, whole: Prediction) -> list[str]:
    """The parts of a message that may say what the whole hides."""
    if whole.language not in LANGUAGES or "no_reply_needed" in whole.flags:
        return []
    if _may_hide(whole):
        return split(text)
    if whole.scenario == "logistics_delay" and cancels(text, whole.language):
        return [part for part in split(text) if cancels(part, whole.language)]
    if not _is_side_ask(text, whole.language) or (whole.scenario == "other" and whole.sure):
        return []
    return [p for p in split(text) if _is_side_ask(p, whole.language) == (whole.scenario != "other")]


def _may_hide(p: Prediction) -> bool:
    """True if a wish for a phone call or a person, or an insult, may hide what the message is about."""
    return _is_only_a_wish(p) or (_is_beside_the_matter(p) and not p.sure)


def _is_beside_the_matter(p: Prediction) -> bool:
    return not BESIDE_THE_MATTER.isdisjoint(p.flags)


def _is_only_a_wish(p: Prediction) -> bool:
    return _is_beside_the_matter(p) and p.scenario in SOUNDS_LIKE


@cache
def _cancelling(language: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    book = templates(language)
    blank = "" if language == "ja" else " "
    return book.by_id[CANCELLATION].words, tuple(f"{blank}{fold(w)}{blank}" for w in book.letter.condition_words)


def cancels(text: str, language: str) -> bool:
    """True if a text holds a word to cancel an order by, and no condition.

    >>> cancels("Please cancel my order.", "en"), cancels("If it is not here by Friday I cancel it.", "en")
    (True, False)
    """
    wishes, conditions = _cancelling(language)
    words = spaced(text)
    return any(w in words for w in wishes) and not any(w in words for w in conditions)


def _with_parts(whole: Prediction, text: str, parts: Sequence[Prediction]) -> Prediction:
    """The prediction with what its parts ask for clearly."""
    others = [p for p in parts if p.scenario == "other"]
    if _may_hide(whole) or whole.scenario == "other":
        likely = {name for name, p in whole.ranking if p >= LIKELY} if not _may_hide(whole) else set(SCENARIOS)
        heard = [p for p in parts if p.scenario in likely - {"other"} and not _is_only_a_wish(p)]
        best = max(heard, key=lambda p: p.probability, default=None)
        # beside a wish for a call one to cancel, an invoice …; insults are "other" too
        another = "abusive_language" not in whole.flags and any(not _is_beside_the_matter(p) for p in others)
        if best is None or best.scenario == whole.scenario or (another and _may_hide(whole)):
            return whole
        ranking = [(best.scenario, best.probability), *(r for r in whole.ranking if r[0] != best.scenario)]
        beside = (*whole.also, *(() if _may_hide(whole) else ("other",)))
        also = tuple(dict.fromkeys(name for name in beside if name != best.scenario))
        return replace(whole, scenario=best.scenario, probability=best.probability, ranking=ranking, also=also)
    if others and whole.scenario == "logistics_delay" and cancels(text, whole.language):
        return replace(others[0], flags=whole.flags, sure=False, also=())
    return replace(whole, also=("other",)) if others else whole


def _is_side_ask(text: str, language: str) -> bool:
    words = spaced(text)
    return any(word in words for word in _side_words(language))


@cache
def _side_words(language: str) -> frozenset[str]:
    book = templates(language).by_id.values()
    return frozenset(word for template in book if template.situation.side for word in template.words)


def split(text: str) -> list[str]:
    """The parts of a message that are long enough to ask something; a number with a word or two asks nothing.

    >>> split("Hi! Where is my parcel? It is late, and I also need an invoice, please. I am on 0155 501 200.")
    ['Where is my parcel?', 'It is late,', 'and I also need an invoice,', 'please.']
    """
    parts = (part.strip() for part in _PART.sub(r"\1\2\n", text).split("\n"))
    return [part for part in parts if max(SHORTEST_PART, sum(map(str.isdigit, part))) <= sum(map(str.isalpha, part))]


def suggest(message: str, prediction: Prediction, **known: Any) -> Suggestion:
    """The same for a message that is classified already."""
    case = read_case(message, prediction, **known)
    facts = Facts(case, case.language)
    if (better := weighed(prediction, facts)) is not prediction:
        facts = Facts(replace(case, prediction=better), case.language)
    choice = pick(facts, facts.case.prediction.scenario)
    suggestion = write(choice, second_asks(choice, facts), facts)
    _write_later(suggestion, alternatives=lambda chosen: alternatives(chosen, facts))
    return suggestion


def _write_later(suggestion: Suggestion, **written: Callable[[Suggestion], Any]) -> None:
    """Leaves out what is not always read until someone reads it."""
    own = vars(suggestion)
    own["_later"] = own.get("_later", {}) | written
    for name in written:
        del own[name]


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
    received_at: datetime | None = None,
) -> Case:
    """All that is known, read and put together; the product's facts stand in where the order has none."""
    place = _place(marketplace, prediction.language)
    bought, sold = Order.of(order), Product.of(product)
    if bought.asin and sold.asin and bought.asin.upper() != sold.asin.upper():
        sold = Product()  # facts of another product are no facts
    if sold != Product():
        bought = replace(
            bought,
            product_name=bought.product_name or sold.name,
            product_specs=bought.product_specs or sold.specs,
            manual_steps=bought.manual_steps or sold.manual_steps,
            restock_date=bought.restock_date or sold.restock_date,
        )
    language = prediction.language if prediction.language in LANGUAGES else _language_of(place.languages)
    at = known_to_be(now)
    received = at if received_at is None else known_to_be(received_at)
    return Case(_readable(message), prediction, bought, sold, place, language, at, received, Policy.of(policy))


def _place(name: str | None, language: str) -> Any:
    return find_marketplace(name or HOME.get(language, "US"))


def _language_of(languages: Iterable[str]) -> str:
    return next((code for code in languages if code in LANGUAGES), "en")


# ---------------------------------------------------------------- what is said


def second_asks(choice: Choice, facts: Facts) -> tuple[Choice, ...]:
    """The template for a further ask; none beside a reply that a person must write."""
    others = [second for scenario in open_asks(choice.template, facts.case) if (second := _second(scenario, facts))]
    neighbour = facts.book.by_id.get(choice.template.situation.beside)
    if neighbour and fits(neighbour, facts) and _answers(neighbour, facts):
        others.insert(0, Choice(neighbour))
    return tuple(other for other in others if other.template.id not in (choice.template.id, QUESTION))[:1]


def _answers(template: Template, facts: Facts) -> bool:
    """True if the product's texts that a template gives have a word in common with the message."""
    fields = {name for line in lines(template.text) for name in line.fields} & {"specs", "steps"}
    texts = [fact.value for name in fields if (fact := facts.get(name))]
    return share_a_word(facts.case.message[:READ], " ".join(texts))


def _second(scenario: str, facts: Facts) -> Choice | None:
    """The template for a second ask; beside a question before a purchase none that wants the number of an order.

    Money is only ever offered where it is the main ask: a second ask is a guess.
    """
    if scenario == "compensation_demand":
        policy = replace(facts.case.policy, offer_compensation=False)
        facts = Facts(replace(facts.case, policy=policy), facts.language)
    choice = pick(facts, scenario)
    if _asks_in_vain(choice.template, facts):
        return Choice(facts.book.by_id[PRESALE_DELIVERY]) if scenario == "logistics_delay" else None
    return choice


def _asks_in_vain(template: Template, facts: Facts) -> bool:
    """True if a template wants the number of an order from someone who has not ordered yet."""
    return facts.case.prediction.scenario == "compatibility_presale" and "order_id" in template.situation.needs


def open_asks(template: Template, case: Case) -> list[str]:
    """Scenarios of a message that its template leaves open."""
    if template.situation.scenario == ("any",):
        return []
    answered = {case.prediction.scenario, *template.situation.covers}
    return [scenario for scenario in case.prediction.also if scenario not in answered]


def write(choice: Choice, seconds: tuple[Choice, ...], facts: Facts) -> Suggestion:
    """The suggestion for a choice: filled, within the limit, checked and judged."""
    case, extra = facts.case, tuple(second.template for second in seconds)
    limit = case.policy.max_characters
    filled = fill(compose(choice.template, extra, facts), facts)
    if len(filled.text) > limit and extra:
        extra, seconds = (), ()
        filled = fill(compose(choice.template, extra, facts), facts)
    if len(filled.text) > limit:
        filled = fill(compose(choice.template, extra, facts, brief=True), facts, brief=True)
    template = choice.template
    if len(filled.text) > limit:
        template = facts.book.by_id[SHORT.get(template.id, "short")]
        filled = fill(compose(template, (), facts), facts)
    findings = _check(filled.text, case, template, filled.facts.get("refund_status"))
    missing = missing_facts((choice, *seconds), facts)
    status, reasons = judge(choice.template, extra, filled, missing, findings, facts)
    if status in ("ready", "review") and not _is_answered(case.message[:READ], filled.facts):
        status = "review"
        reasons.append(reason("other-question"))
        missing = tuple(dict.fromkeys([*missing, *(FACT_OF_FIELD[name] for name in TEXTS if name in filled.facts)]))
    if template is not choice.template:
        status = "person" if status == "person" else "review"
        reasons.append(reason("too-long", template=choice.template.id, limit=str(limit)))
    suggestion = Suggestion(
        status=status,
        text=filled.text,
        text_zh="",
        scenario=case.prediction.scenario,
        also=case.prediction.also,
        flags=case.prediction.flags,
        language=case.language,
        probability=case.prediction.probability,
        template_id=template.id,
        facts=filled.facts,
        missing_facts=missing,
        compensation=case.money if "compensation" in filled.facts else None,
        findings=findings,
        reasons=tuple(r.en for r in reasons),
        reasons_zh=tuple(r.zh for r in reasons),
        reply_by=reply_by(case.received),
        places=filled.places,
    )
    _write_later(suggestion, text_zh=lambda _: fill(compose(template, extra, facts.chinese), facts.chinese).text)
    return suggestion


def compose(template: Template, extra: tuple[Template, ...], facts: Facts, brief: bool = False) -> Text:
    """One letter: salutation, what the template says, what the others say, why we stay here, sign-off."""
    chinese = facts.language == "zh"
    text = template.text_zh if chinese else template.text
    if not text:
        return ()
    first, *body, last = text
    for other in extra:
        opening, *rest = (other.text_zh if chinese else other.text)[1:-1]
        body += [(Line((facts.letter.second,)), *opening), *rest]
    if _is_seasonal(template, facts) and "season" not in template.fields:
        body.append((Line(parse_line("{season}")),))
    if (
        facts.get("order_id")
        and "other order quoted" not in template.situation.when
        and not _names_order(body, facts, brief)
    ):
        body.append((Line(parse_line(facts.letter.order)),))
    if "contact_off_amazon" in facts.case.prediction.flags:
        body.append((Line((facts.letter.here,)),))
    return (first, *body, last)


def _is_seasonal(template: Template, facts: Facts) -> bool:
    """True for an answer on a delivery to come while the policy's table of delivery times holds."""
    awaited = template.situation.scenario == ("logistics_delay",) and not facts.case.is_delivered
    fba = facts.case.order.fulfilment == "FBA"
    return facts.case.season is not None and not fba and (awaited or template.id == PRESALE_DELIVERY)


def _names_order(body: list[tuple[Line, ...]], facts: Facts, brief: bool) -> bool:
    return any("order_id" in line.fields for lines in body for line in said(lines, facts, brief))


def _check(text: str, case: Case, template: Template, refunded: Fact | None) -> tuple[Finding, ...]:
    if not text:
        return ()
    order = case.order
    scenario = case.prediction.scenario if template.situation.scenario != ("any",) else None
    reply = _reply(text, case.language, case.marketplace.code, case.message, order, case.policy, scenario)
    found = findings_of(reply, case.policy.rules)
    return tuple(f for f in found if f.category not in OF_OFFERS or not _is_quoted(f, text, refunded))


OF_OFFERS = ("missing_goodwill_statement", "over_compensation")


def _is_quoted(finding: Finding, text: str, said: Fact | None) -> bool:
    """True for an amount in what the data say was refunded before: it is reported, not offered."""
    start = text.find(said.value.rstrip(" .。")) if said else -1
    return said is not None and 0 <= start <= finding.start and finding.end <= start + len(said.value)


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
    settings = Policy.of(policy)
    reply = read_reply(text, language=language, marketplace=marketplace, message=message, order=order, policy=settings)
    return findings_of(reply, settings.rules)


def read_reply(
    text: str,
    *,
    language: str | None,
    marketplace: str | None,
    message: str | None,
    order: Order | Mapping[str, Any] | None,
    policy: Policy,
) -> tone.Case:
    """A reply read once for every question to it. Raises InputError as `check_reply` does."""
    if language is None:
        language = detect_language(message or text)
        language = language if language in LANGUAGES else "en"
    elif language not in LANGUAGES:
        raise InputError(f"Replies are checked in {' '.join(LANGUAGES)}, not in {language!r}.")
    known = None if order is None else Order.of(order)
    code = find_marketplace(marketplace).code if marketplace else None
    return _reply(_readable(text), language, code, message, known, policy, None)


def _reply(
    text: str,
    language: str,
    code: str | None,
    message: str | None,
    order: Order | None,
    policy: Policy,
    scenario: str | None,
) -> tone.Case:
    return tone.Case(
        tone.Reading.of(text, language),
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
        if "compensation_demand" in choice.template.situation.scenario and _is_unread(facts):
            missing["refund_status"] = None
    return tuple(missing)


def _is_unread(facts: Facts) -> bool:
    """True if the data say something of a refund that cannot be told: what was paid already is not known."""
    return facts.case.order.refund_status is not None and facts.get("refund_status") is None


def _is_known(name: str, facts: Facts) -> bool:
    fields = {data: field for field, data in FACT_OF_FIELD.items()} | {"return_window_days": "return_days"}
    if name in ("order_total", "currency"):
        return getattr(facts.case.order, name) is not None
    return facts.get(fields.get(name, name)) is not None


# ---------------------------------------------------------------- how far it can be trusted


def judge(
    template: Template,
    extra: tuple[Template, ...],
    filled: Filled,
    missing: tuple[str, ...],
    findings: tuple[Finding, ...],
    facts: Facts,
) -> tuple[str, list[Reason]]:
    """Status, and in words why it is not `ready`."""
    case, situation = facts.case, template.situation
    prediction = case.prediction
    reasons = []
    if situation.status:
        reasons.append(reason("situation", id=situation.id, about=_about(situation)))
    if situation.status in ("person", "no_reply"):
        return situation.status, reasons
    if case.holiday:
        reasons.append(reason("holiday", name=case.holiday))
    if prediction.scenario not in {*SCENARIOS, *situation.scenario}:
        reasons.append(reason("own-scenario", scenario=prediction.scenario))
    if not prediction.sure:
        reasons.append(reason("unsure", why=_doubt(prediction)))
    if missing:
        reasons.append(reason("missing", names=", ".join(missing)))
    if "manual_page" in missing:
        reasons.append(reason("page"))
    if "compensation" in filled.facts:
        reasons.append(reason("money", amount=filled.facts["compensation"].value))
    if "refund_status" in filled.facts and facts.refund and is_to_look_at(facts.refund):
        said = [say_state(facts.refund, language, "", "") or "" for language in ("en", "zh")]
        reasons.append(reason("refund", state=Reason(*said)))
    wrong = [f for f in findings if f.severity == "error"]
    reasons += [reason("finding", category=f.category, message=Reason(f.message, f.message_zh)) for f in wrong]
    reasons += [reason("second-ask", about=_about(o.situation)) for o in extra if o.situation.status]
    if len(extra) < len(asks := open_asks(template, case)):
        reasons.append(reason("open-asks", names=", ".join(asks)))
    if (
        CANCELLATION in facts.worded
        and not case.is_delivered
        and "other" not in (*situation.scenario, *prediction.also)
    ):
        reasons.append(reason("cancellation"))
    if "returns" in (*situation.scenario, *prediction.also) and case.may_be_past_return:
        reasons.append(reason("return-window", days=str(USUAL_WINDOW)))
    reasons += [reason("flag", name=flag) for flag in prediction.flags if flag in GLANCE]
    if case.is_threatened and not any(flag in GLANCE for flag in prediction.flags):
        reasons.append(reason("reviews"))
    if case.language != _language_of(case.marketplace.languages) and _has_plain_texts(case):
        reasons.append(reason("other-language", language=case.language))
    return ("review" if reasons else "ready"), reasons


def _about(situation: Situation) -> Reason:
    return Reason(situation.about, situation.about_zh or situation.about)


def _doubt(prediction: Prediction) -> Reason:
    """Why the classifier is not sure; in Chinese what it holds likely."""
    likely = ", ".join(f"{name} {p:.0%}" for name, p in prediction.ranking[:2]) or f"{prediction.probability:.0%}"
    return Reason(", ".join(prediction.reasons) or f"{prediction.probability:.0%}", likely)


GLANCE = ("review_threat", "chargeback_or_a_to_z", "asks_for_person", "suspicious")  # a person looks before it is sent


def _is_answered(message: str, facts: Mapping[str, Fact]) -> bool:
    """True if the product's texts may answer what is asked; of specifications, each question that is asked.

    What fits answers one question more: the model's name need not stand in the specifications.
    """
    texts = " ".join(facts[name].value for name in TEXTS if name in facts)
    fits_model = "fits_model" in facts
    if not (texts or fits_model):
        return True
    asked = [message] if "steps" in facts else [m[0] for m in _QUESTION.finditer(message)] or [message]
    return sum(not share_a_word(question, texts) for question in asked) <= fits_model


def share_a_word(message: str, text: str) -> bool:
    """True if a question and a text have a number or the beginning of a longer word in common.

    >>> share_a_word("How do I pair the earbuds?", "Pairing: hold 3 s."), share_a_word("Is it waterproof?", "9 x 4 cm")
    (True, False)
    >>> share_a_word("電源が入りません", "電源ボタンを押す")
    True
    """
    return not _telling(message).isdisjoint(_telling(text))


def _telling(text: str) -> set[str]:
    found: set[str] = set()
    for word in spaced(text).split():
        if word[0].isdigit() or (word.isascii() and len(word) >= 4):
            found.add(word[:4] if word.isalpha() else word)
        elif not word.isascii():
            found |= {word[:4]} if len(word) >= 4 else set()
            found |= {word[i : i + 2] for i in range(len(word) - 1) if word[i] > "\u30a0" and word[i + 1] > "\u30a0"}
    return found


def _has_plain_texts(case: Case) -> bool:
    order = case.order
    return any(isinstance(text, str) for text in (order.product_specs, order.manual_steps))


def alternatives(chosen: Suggestion, facts: Facts) -> tuple[Suggestion, ...]:
    """Up to two other replies that say something else: the next fitting ones, of the likely other scenario too."""
    book = facts.book
    found: list[Suggestion] = []
    if facts.case.holiday and chosen.status in ("ready", "review"):
        found.append(write(Choice(book.by_id["notice-holiday"]), (), facts))
    if book.by_id[chosen.template_id].situation.scenario == ("any",):
        return tuple(found)
    scenarios = [chosen.scenario]
    if not facts.case.prediction.sure:
        others = [(name, p) for name, p in facts.case.prediction.ranking[:3] if name != chosen.scenario]
        scenarios += [name for name, p in others if p >= LIKELY or (p >= HINTED and is_named(name, facts))][:1]
    texts = [fill(book.by_id[s.template_id].text, facts).text for s in (chosen, *found)]
    for scenario in scenarios:
        for template in candidates(facts, scenario):
            special = template.situation.when or template.situation.words
            if len(found) == 2 or template.situation.stand_in or not special or unfilled(template, facts):
                continue
            if scenario != chosen.scenario and _asks_in_vain(template, facts):
                continue
            text = fill(template.text, facts).text
            if all(ratio(text, other) < ALIKE for other in texts):
                found.append(write(Choice(template), (), facts))
                texts.append(text)
    return tuple(found)
