"""Many replies at once, suggested or checked: each on its own, then against the others of the batch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

from messages import InputError, Order, Product, Reply
from suggest.policy import Policy
from suggest.reply import Suggestion, predict_all, read_reply, suggest
from suggest.tone import Case, Finding, Reading, check_ids, findings_of, near_duplicates, second_offers

_ORDER_FIELDS = {f.name for f in fields(Order)}


@dataclass(frozen=True)
class Waiting:
    """A message of a log with what is known beside it.

    `earlier` are the buyer's own messages before it that nobody answered; `settled` says why no reply is wanted.
    """

    row: int
    message: str
    order: Order | Mapping[str, Any] | None = None
    product: Product | None = None
    marketplace: str | None = None
    received_at: datetime | None = None
    earlier: tuple[str, ...] = ()
    settled: str = ""


def suggest_batch(cases: Sequence[Waiting], *, now: datetime, policy: Policy) -> list[Suggestion]:
    """A suggestion for each message; an unanswered thread is answered as a whole, where its last message asks.

    "Where is it?" and an hour later "I need it on Friday!" are one question; "Found it, thanks" settles both.
    """
    predictions = predict_all([case.message for case in cases])
    threads = [i for i, case in enumerate(cases) if case.earlier and "no_reply_needed" not in predictions[i].flags]
    messages = [case.message for case in cases]
    for i in threads:
        messages[i] = "\n\n".join((*cases[i].earlier, cases[i].message))
    for i, prediction in zip(threads, predict_all([messages[i] for i in threads]), strict=True):
        predictions[i] = prediction
    found = []
    for case, message, prediction in zip(cases, messages, predictions, strict=True):
        s = suggest(
            message,
            prediction,
            order=case.order,
            product=case.product,
            marketplace=case.marketplace,
            now=now,
            policy=policy,
            received_at=case.received_at,
        )
        found.append(_settled(s, case.settled) if case.settled else s)
    return found


def _settled(s: Suggestion, why: str) -> Suggestion:
    nothing: dict[str, Any] = {"facts": {}, "missing_facts": (), "findings": (), "places": (), "alternatives": ()}
    return replace(
        s, status="no_reply", text="", text_zh="", template_id="", compensation=None, reasons=(why,), **nothing
    )


def marked(suggestions: Sequence[Suggestion], cases: Sequence[Waiting], policy: Policy) -> list[Suggestion]:
    """The same with what is found between them: a reply that repeats an earlier one, money twice for one order."""
    found = list(suggestions)
    orders = [Order.of(case.order) for case in cases]
    replies = [Reply(case.row, s.text) for case, s in zip(cases, found, strict=True)]
    texts = [Case(Reading.of(s.text, s.language), order=order) for s, order in zip(found, orders, strict=True)]
    for i, f in _between(replies, texts, policy):
        found[i] = replace(found[i], findings=(*found[i].findings, f))
    offered: dict[str, int] = {}
    for i, (s, order) in enumerate(zip(found, orders, strict=True)):
        if s.compensation and order.order_id:
            first = offered.setdefault(order.order_id, cases[i].row)
            if first != cases[i].row:
                found[i] = replace(s, reasons=(*s.reasons, f"row {first} offers money for this order already"))
    return found


def check_batch(
    replies: Sequence[Reply],
    *,
    language: str | None = None,
    marketplace: str | None = None,
    orders: Mapping[str, Order] | None = None,
    policy: Policy,
) -> list[list[Finding]]:
    """The findings of each reply; what a row says of its language, marketplace, message and order counts first.

    Also found: a reply that repeats an earlier one, and money for an order that was offered another sum before.
    Raises InputError on an unknown language, marketplace, field of an order or rule.
    """
    cases: list[Case] = []
    for reply in replies:
        check_ids(reply.ignored, policy.rules.known, f"Row {reply.row}, rules to ignore")
        cases.append(
            read_reply(
                reply.text,
                language=reply.facts.get("language") or language,
                marketplace=reply.facts.get("marketplace") or marketplace,
                message=reply.facts.get("message") or None,
                order=_order_of(reply, orders or {}),
                policy=policy,
            )
        )
    found = [findings_of(case, policy.rules) for case in cases]
    for i, f in _between(replies, cases, policy):
        if not any(f.rule == g.rule and f.start == g.start for g in found[i]):
            found[i] = sorted([*found[i], f], key=lambda g: (g.start, g.end))
    return [[f for f in each if f.rule not in reply.ignored] for each, reply in zip(found, replies, strict=True)]


def _order_of(reply: Reply, orders: Mapping[str, Order]) -> Order | None:
    """The order from the file of orders, else what the row says of it; None where the row has no order id."""
    said = {name: value for name, value in reply.facts.items() if name in _ORDER_FIELDS}
    if "order_id" not in said:
        return None
    try:
        return orders.get(said["order_id"]) or Order.of(said)
    except InputError as error:
        raise InputError(f"Row {reply.row}: {error}") from None


def _between(replies: Sequence[Reply], cases: Sequence[Case], policy: Policy) -> list[tuple[int, Finding]]:
    """What is found between replies, with the row of the earlier one in its message, as the team wants it."""
    found = [*second_offers(cases), *near_duplicates(cases)]
    rules = policy.rules
    return [
        (later, replace(
            f,
            severity=rules.severity.get(f.rule, f.severity),
            message=f"{f.message} See row {replies[earlier].row}.",
            message_zh=f"{f.message_zh}见第 {replies[earlier].row} 行。",
        ))
        for later, earlier, f in found
        if f.rule not in rules.off
    ]  # fmt: skip
