"""Chooses the template: the first situation that holds, in the order of situations.toml."""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import groupby

from rapidfuzz.fuzz import token_set_ratio
from rapidfuzz.process import extractOne

from model import FLAGS
from suggest.case import STUCK_DAYS, Case
from suggest.fill import Facts
from suggest.templates import Line, Situation, Template, Templates, situations, spaced

UNDERSTOOD = 0.4  # probability of the likeliest scenario below which the buyer is asked what is meant
LETTERS = 3  # letters that a message needs to be one


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
    "nothing else": lambda f: is_nothing_else(f.case),
    "not understood": lambda f: is_not_understood(f.case),
    "other order quoted": lambda f: is_other_order(f.case),
    "order": _known("order_id"),
    "fba": lambda f: f.case.order.fulfilment == "FBA",
    "shipped": lambda f: f.case.is_shipped,
    "unshipped": lambda f: not f.case.is_shipped and f.case.order.ordered_at is not None,
    "delivered": _known("delivered_at"),
    "tracked": _known("carrier", "tracking_id"),
    "eta": _known("eta"),
    "past eta": lambda f: f.case.is_past(f.case.order.eta),
    "stuck": lambda f: f.has(("last_tracking_update",)) and (f.case.days_since_scan or 0) >= STUCK_DAYS,
    "restock": _known("restock_date"),
    "fits": lambda f: f.case.model[0] == "yes",
    "fits not": lambda f: f.case.model[0] == "no",
    "specs": _known("specs"),
    "steps": _known("steps"),
    "refund status": _known("refund_status"),
    "return open": lambda f: f.case.return_until is not None and f.case.today <= f.case.return_until,
    "return over": lambda f: f.case.return_until is not None and f.case.today > f.case.return_until,
    "invoice": _known("invoice"),
    "offer": lambda f: f.case.policy.offer_compensation,
    "amount": _known("compensation"),
}


def is_nothing_else(case: Case) -> bool:
    """True for a message that holds no question and no second ask.

    A "thanks" before a question is not the end of a conversation.
    """
    asks = any(mark in case.message for mark in "?？") or case.message.rstrip(" 。.").endswith("か")
    return not asks and not case.prediction.also and case.prediction.scenario == "other"


def is_not_understood(case: Case) -> bool:
    """True for noise, and where no scenario is likely."""
    if sum(c.isalpha() for c in case.message[:200]) < LETTERS:
        return True
    return not case.prediction.sure and case.prediction.probability < UNDERSTOOD


def is_other_order(case: Case) -> bool:
    """True if the buyer quotes order ids and none of them is this order's, or several and none is known."""
    if case.order.order_id:
        own = unicodedata.normalize("NFKC", case.order.order_id)
        return bool(case.quoted_orders) and own not in case.quoted_orders
    return len(case.quoted_orders) > 1


def holds(condition: str, facts: Facts) -> bool:
    """A condition by name; `not ` or `no ` before it turns it round."""
    if condition in CONDITIONS:
        return CONDITIONS[condition](facts)
    return not CONDITIONS[condition.split(" ", 1)[1]](facts)


def pick(facts: Facts, book: Templates, scenario: str) -> Choice:
    """The first fitting template whose facts are all there, and the facts for want of which a better one was left."""
    gaps: list[str] = []
    for template in candidates(facts, book, scenario):
        lacking = unfilled(template, facts)
        if not lacking and (gaps or not template.situation.stand_in):
            return Choice(template, tuple(gaps))
        gaps = gaps or lacking  # of the best one only: later ones are makeshifts
    raise AssertionError(f"No template for {scenario}: its last situation must hold and need no fact.")


def candidates(facts: Facts, book: Templates, scenario: str) -> list[Template]:
    """Fitting templates, the best first; ties by likeness to the samples."""
    fitting = [book.by_id[s.id] for s in situations_of(scenario) if fits(s, facts, book)]
    ranked: list[Template] = []
    for tie, group in groupby(fitting, key=lambda template: template.situation.tie):
        ranked += sorted(group, key=lambda t: -likeness(t, facts.case) if tie else 0)
    return ranked


@cache
def situations_of(scenario: str) -> tuple[Situation, ...]:
    """What a message of this scenario can be about, in the order of the file."""
    return tuple(s for s in situations() if scenario in s.scenario or s.scenario == ("any",))


def fits(situation: Situation, facts: Facts, book: Templates) -> bool:
    """True if the conditions and the words of a situation hold."""
    if not all(holds(condition, facts) for condition in situation.when):
        return False
    return not situation.words or any(word in facts.case.words for word in book.by_id[situation.id].words)


def likeness(template: Template, case: Case) -> float:
    """0 to 100: how much the message is like the nearest of the template's samples."""
    best = extractOne(case.words[:500], template.samples, scorer=token_set_ratio, processor=spaced)
    return best[1] if best else 0.0


def unfilled(template: Template, facts: Facts) -> list[str]:
    """Facts that a template cannot do without and that are not known."""
    lacking: list[str] = []
    for paragraph in template.text:
        for line in paragraph:
            lacking += _unfilled(line, facts)
    return list(dict.fromkeys(lacking))


def _unfilled(line: Line, facts: Facts) -> list[str]:
    return [] if line.optional else [name for name in line.fields if not facts.get(name)]
