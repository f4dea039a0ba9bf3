"""Chooses the template: the first situation that holds, in the order of situations.toml."""

import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby, islice

import re2
from rapidfuzz.fuzz import token_set_ratio
from rapidfuzz.process import extractOne

from model import FLAGS, Prediction
from suggest.case import READ, STUCK_DAYS, Case
from suggest.fill import Facts
from suggest.kept import share_kept
from suggest.templates import Template, spaced

UNDERSTOOD = 0.4  # probability of the likeliest scenario below which the buyer is asked what is meant
LIKELY = 0.15  # probability from which another scenario is worth a look
ALSO_LIKELY = 0.15  # probability from which a second ask counts though none of its words is there
DECIDED = 8.0  # what it weighs that a buyer keeps the item or sends it back, where only that is in question
TOLD = 0.85  # probability from which a message on an injury asks for a return or money though no word of that is there
VAGUE = 0.7  # the same for "other" without a word of it, and for a question before a purchase of what is there already
HIDDEN = 0.5  # weight of "other" where a wish for a call or an insult makes it likely, whatever the matter is
BESIDE_THE_MATTER = frozenset({"contact_off_amazon", "asks_for_person", "abusive_language"})
EXPECTED_NOW = 1.5  # weight from which the stage of the order alone speaks for a second ask
ALIKE = 10  # per cent of likeness to samples that make no difference: how often people kept a template decides
CANCELLATION = "other-cancel"  # whose words nothing may pass over: it cannot be taken back
LETTERS = 3  # letters that a message needs to be one; a Chinese character counts for two: 返品 is a whole ask


@dataclass(frozen=True)
class Choice:
    """The template for a case; `gaps` are facts for want of which a better one could not be taken."""

    template: Template
    gaps: tuple[str, ...] = ()


def _flag(name: str) -> Callable[[Facts], bool]:
    return lambda facts: name in facts.case.prediction.flags


def _known(*names: str) -> Callable[[Facts], bool]:
    return lambda facts: facts.has(names)


# A condition holds only if the facts that its templates will name can be named.
CONDITIONS: dict[str, Callable[[Facts], bool]] = {
    **{name: _flag(name) for name in FLAGS},
    "threat": lambda f: f.case.is_threatened,
    "nothing else": lambda f: is_nothing_else(f.case) and CANCELLATION not in f.worded,
    "not understood": lambda f: is_not_understood(f),
    "other order quoted": lambda f: is_other_order(f.case),
    "order": _known("order_id"),
    "product": lambda f: f.has(("product_name",)) or f.has(("specs",)),
    "fba": lambda f: f.case.order.fulfilment == "FBA",
    "shipped": lambda f: f.case.is_shipped,
    "unshipped": lambda f: not f.case.is_shipped and f.case.order.ordered_at is not None,
    "delivered": _known("delivered_at"),
    "tracked": _known("carrier", "tracking_id"),
    "eta": _known("eta"),
    "on time": lambda f: f.has(("eta",)) and not f.case.is_past(f.case.order.eta),
    "season": _known("season", "shipped_at", "season_until"),
    "past eta": lambda f: f.case.is_past(f.case.order.eta),
    "stuck": lambda f: f.has(("last_tracking_update",)) and (f.case.days_since_scan or 0) >= STUCK_DAYS,
    "restock": _known("restock_date"),
    "fits": lambda f: f.case.model[0] == "yes",
    "fits not": lambda f: f.case.model[0] == "no",
    "specs": _known("specs"),
    "steps": _known("steps"),
    "page": lambda f: f.case.text(f.case.product.manual_page) is not None,
    "refund status": _known("refund_status"),
    "return open": lambda f: f.case.return_until is not None and f.case.today <= f.case.return_until,
    "return over": lambda f: f.case.return_until is not None and f.case.today > f.case.return_until,
    "invoice": _known("invoice"),
    "return not needed": lambda f: f.case.is_return_not_needed,
    "sent back": lambda f: f.case.says("returning_words"),
    "fault": lambda f: any(t.situation.tie == "fault" and t.id in f.worded for t in f.book.of("returns")),
    "holiday": _known("back_by"),
    "offer": lambda f: f.case.policy.offer_compensation,
    "amount": _known("compensation"),
}


def is_nothing_else(case: Case) -> bool:
    """True for a message that holds no question and no second ask.

    A "thanks" before a question is not the end of a conversation.
    """
    asks = any(mark in case.message for mark in "?？") or case.message.rstrip(" 。.").endswith("か")
    return not asks and not case.prediction.also and case.prediction.scenario == "other"


def is_not_understood(facts: Facts) -> bool:
    """True for noise, and where no scenario is likely and neither the words nor the facts speak for the first."""
    case = facts.case
    if _letters(case.message[:200]) < LETTERS:
        return True
    if case.prediction.sure or case.prediction.probability >= UNDERSTOOD:
        return False
    return not speaks_for(case.prediction.scenario, facts)


def _letters(text: str) -> int:
    """How much the first letters count for: `LETTERS` of them are enough."""
    first = islice(filter(str.isalpha, text), LETTERS)
    return sum(2 if "\u4e00" <= c <= "\u9fff" else 1 for c in first)


EXPECTED = {  # what the data of most messages of a scenario look like; money and "other" take more than data
    "logistics_delay": ("order", "not delivered"),
    "compatibility_presale": ("no order", "product"),
    "usage_help": ("order", "delivered"),
    "returns": ("order", "delivered"),
}


def speaks_for(scenario: str, facts: Facts) -> bool:
    """True if a situation of this scenario is named by its words, or the facts are as one would expect them."""
    expected = EXPECTED.get(scenario)
    as_expected = expected is not None and all(holds(condition, facts) for condition in expected)
    return as_expected or is_named(scenario, facts)


def is_named(scenario: str, facts: Facts) -> bool:
    """True if a situation of this scenario fits the facts and one of its words is in the message."""
    return any(t.situation.words and not t.situation.stand_in and fits(t, facts) for t in facts.book.of(scenario))


def weighed(prediction: Prediction, facts: Facts) -> Prediction:
    """The prediction, where it is not sure, with what the order says of its scenarios; asks that nothing speaks for go.

    "Too small, I need the next size", 0.6 a question before a purchase, 0.3 a return: the order was delivered.
    "15 pounds or one star", 0.6 a return, 0.4 money: who threatens and names a sum wants money.
    "Where is my refund? And I need an invoice": what is often asked beside something else waits for that.
    "I keep it, a small gesture will do", 0.7 a return, 0.3 money: who keeps the item returns nothing.
    "It stays dark, can you exchange it?", 0.9 how to use it: whoever wants another one asks for no steps.
    """
    found = _with_facts(prediction, facts)
    if _is_told_only(found, facts):
        return replace(found, scenario="other")
    if _is_partly_here(found, facts):
        return replace(found, scenario="logistics_delay")
    if found.scenario != "usage_help" or not _wants_another(facts):
        return found
    steps = (
        ("usage_help",) if facts.has(("steps",)) else ()
    )  # "How do I descale it? And the tank is cracked, a new one?"
    beside = tuple(name for name in found.also if name != "returns")
    return replace(found, scenario="returns", also=(*beside, *steps), sure=False)


def _with_facts(prediction: Prediction, facts: Facts) -> Prediction:
    usual = USUAL[stage(facts)]
    also = tuple(
        name
        for name in prediction.also
        if dict(prediction.ranking).get(name, 1) >= ALSO_LIKELY
        or usual.get(name, 1) >= EXPECTED_NOW
        or is_named(name, facts)
        or (name == "usage_help" and facts.has(("steps",)))
    )
    if prediction.scenario == "other" and also and _is_side_matter(facts):
        return replace(prediction, scenario=also[0], also=("other", *also[1:]))
    if prediction.sure or len(prediction.ranking) < 2:
        return prediction if also == prediction.also else replace(prediction, also=also)
    weights = {name: usual.get(name, 1.0) for name, _ in prediction.ranking}
    names_sum = bool(_SUM.search(facts.case.message[:READ]))
    if facts.case.is_threatened and names_sum:
        weights["compensation_demand"] *= 2
    if facts.case.says("review_words"):
        weights["usage_help"] *= 0.5  # nobody gives stars for being told how
    beside = BESIDE_THE_MATTER & set(prediction.flags) - {"asks_for_person"}
    if beside and prediction.scenario == "other" and not is_named("other", facts):
        weights["other"] *= HIDDEN
    likely = {name for name, _ in prediction.ranking[:3]}
    if {"returns", "usage_help"} <= likely and "compensation_demand" not in likely and facts.case.says("keeping_words"):
        weights["usage_help"] *= DECIDED
    if {name for name, _ in prediction.ranking[:2]} == {"returns", "compensation_demand"}:
        if facts.case.says("keeping_words"):
            of_money = names_sum or facts.case.is_threatened or facts.case.says("money_words")
            if of_money:
                weights["compensation_demand"] *= DECIDED
            else:  # neither is wanted
                weights["compensation_demand"] /= DECIDED
                weights["returns"] /= DECIDED
        elif not names_sum and facts.case.says("returning_words"):
            weights["returns"] *= DECIDED
    elif not names_sum and _wants_another(facts):
        weights["returns"] *= DECIDED
    total = sum(p * weights[name] for name, p in prediction.ranking) / (sum(p for _, p in prediction.ranking) or 1)
    ranking = sorted(((n, round(p * weights[n] / total, 4)) for n, p in prediction.ranking), key=lambda r: -r[1])
    scenario, probability = ranking[0]
    vague = scenario == "other" and not is_named("other", facts)
    bought = scenario == "compatibility_presale" and facts.case.is_delivered
    if ((vague or bought) and probability < VAGUE) or (probability < UNDERSTOOD and not speaks_for(scenario, facts)):
        named = [(name, p) for name, p in ranking[1:3] if p >= LIKELY and name != "other" and is_named(name, facts)]
        scenario, probability = next(iter(named), ranking[0])
    if scenario in also:  # both are heard: the other address, or to cancel it, stays the first where it is named
        also = (prediction.scenario, *also)
        if prediction.scenario == "other" and is_named("other", facts):
            scenario, probability = "other", dict(ranking)["other"]
    also = tuple(name for name in also if name != scenario)
    return replace(prediction, scenario=scenario, probability=probability, ranking=ranking, also=also)


def _is_told_only(found: Prediction, facts: Facts) -> bool:
    """True for an injury that is told with no ask beside it: whoever bleeds returns nothing yet and names no sum."""
    if "safety_or_injury" not in found.flags or found.scenario not in ("returns", "compensation_demand"):
        return False
    asks = any(map(facts.case.says, ("keeping_words", "returning_words", "replacing_words")))
    names_sum = _SUM.search(facts.case.message[:READ])
    return not (found.sure or found.probability >= TOLD or asks or names_sum)


def _is_partly_here(found: Prediction, facts: Facts) -> bool:
    """True for a return in doubt where a part of the order has not come, nothing is broken and nothing goes back."""
    if found.scenario != "returns" or found.sure or not {"delay-partial"} <= facts.worded:
        return False
    says = any(map(facts.case.says, ("returning_words", "replacing_words")))
    return not says and not holds("fault", facts) and "returns-refund-unknown" not in facts.worded


def _wants_another(facts: Facts) -> bool:
    """True if the buyer of what came wants another one for it, or the money back, and does not keep it."""
    case = facts.case
    return case.is_delivered and case.says("replacing_words") and not case.says("keeping_words")


def _is_side_matter(facts: Facts) -> bool:
    """True if what would be answered of the scenario "other" is often asked beside something else."""
    return pick(facts, "other").template.situation.side


def stage(facts: Facts) -> str:
    """How far the order is: what its buyer most likely writes about depends on it."""
    case = facts.case
    if not facts.has(("order_id",)):
        return "before buying" if facts.has(("product_name",)) or facts.has(("specs",)) else "no order"
    if case.is_delivered:
        return "delivered"
    if case.is_shipped:
        return "on its way"
    return "not shipped" if case.order.ordered_at is not None else "unknown"


# How much more or less often than on average a message of this scenario is written at this stage of an order.
USUAL: dict[str, dict[str, float]] = {
    "no order": {"compatibility_presale": 1.3},
    "before buying": {"compatibility_presale": 3, "logistics_delay": 0.8, "usage_help": 0.7, "returns": 0.5},
    "unknown": {"compatibility_presale": 0.5},
    "not shipped": {"logistics_delay": 1.5, "usage_help": 0.3, "returns": 0.3, "compatibility_presale": 0.5},
    "on its way": {"logistics_delay": 2.5, "usage_help": 0.4, "returns": 0.5, "compatibility_presale": 0.4},
    "delivered": {
        "logistics_delay": 0.7,
        "usage_help": 1.3,
        "returns": 1.3,
        "other": 0.8,
        "compatibility_presale": 0.4,
    },
}
_SUM = re2.compile(r"[$€£¥￥]\s?[0-9]|[0-9]\s?(?:[$€£円]|(?i:eur|usd|gbp|dollar|pound))|[0-9]\s?%")


def is_other_order(case: Case) -> bool:
    """True if the buyer quotes order ids and none of them is this order's, or several and none is known."""
    if case.order.order_id:
        own = unicodedata.normalize("NFKC", case.order.order_id)
        return bool(case.quoted_orders) and own not in case.quoted_orders
    return len(case.quoted_orders) > 1


def holds(condition: str, facts: Facts) -> bool:
    """A condition by name; `not ` or `no ` before it turns it round."""
    found = facts.holding.get(condition)
    if found is None:
        known = CONDITIONS.get(condition)
        found = known(facts) if known else not CONDITIONS[condition.split(" ", 1)[1]](facts)
        facts.holding[condition] = found
    return found


def pick(facts: Facts, scenario: str) -> Choice:
    """The first fitting template whose facts are all there, and the facts for want of which a better one was left."""
    gaps: list[str] = []
    for template in candidates(facts, scenario):
        lacking = unfilled(template, facts)
        if not lacking and (gaps or not template.situation.stand_in):
            return Choice(template, tuple(gaps))
        gaps = gaps or lacking  # of the best one only: later ones are makeshifts
    raise AssertionError(f"No template for {scenario}: its last situation must hold and need no fact.")


def candidates(facts: Facts, scenario: str) -> Iterator[Template]:
    """Fitting templates, the best first; ties by likeness to the samples, then by how often people kept one."""
    fitting = (template for template in facts.book.of(scenario) if fits(template, facts))
    for tie, group in groupby(fitting, key=lambda template: template.situation.tie):
        if not tie:
            yield from group
            continue
        tied = list(group)
        yield from sorted(tied, key=lambda t: _rank(t, facts)) if len(tied) > 1 else tied


def _rank(template: Template, facts: Facts) -> tuple[float, float]:
    kept = share_kept(facts.case.policy.kept, f"{template.language}/{template.id}")
    return -round(likeness(template, facts.case) / ALIKE), -kept


def fits(template: Template, facts: Facts) -> bool:
    """True if the conditions and the words of a template hold."""
    situation = template.situation
    if situation.words and template.id not in facts.worded:
        return False
    return all(holds(condition, facts) for condition in situation.when)


def likeness(template: Template, case: Case) -> float:
    """0 to 100: how much the message is like the nearest of the template's samples."""
    best = extractOne(spaced(case.words[:500]), template.spaced_samples, scorer=token_set_ratio)
    return best[1] if best else 0.0


def unfilled(template: Template, facts: Facts) -> list[str]:
    """Facts that a template cannot do without and that are not known."""
    return [name for name in template.fields if not facts.get(name)]
