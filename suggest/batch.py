"""Many replies at once, suggested or checked: each on its own, then against the earlier ones of the batch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

from messages import InputError, Order, Product, Reply
from suggest.policy import Policy
from suggest.reasons import reason
from suggest.reply import Suggestion, predict_all, read_reply, suggest
from suggest.tone import Case, Earlier, Finding, Reading, Said, check_ids, findings_of

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
    said = reason("settled", why=why, row=why.rpartition(" ")[2])
    nothing |= {"text": "", "text_zh": "", "template_id": "", "compensation": None}
    return replace(s, status="no_reply", reasons=(said.en,), reasons_zh=(said.zh,), **nothing)


def said_by(row: str, s: Suggestion, order: Order | Mapping[str, Any] | None) -> Said:
    """What of a suggestion later ones are held against; `row` is how people find it."""
    case = Case(Reading.of(s.text, s.language), order=Order.of(order))
    return Said.of(row, case, is_paid=s.compensation is not None)


def compared(s: Suggestion, said: Said, earlier: Earlier, policy: Policy) -> Suggestion:
    """The same with what is found between it and earlier ones: a reply that repeats one, money twice for one order."""
    first = earlier.paid(said) if said.is_paid else ""
    findings = (*s.findings, *_between(s.text, said, earlier, policy))
    twice = [reason("paid-already", first=first)] if first else []
    return replace(
        s,
        findings=findings,
        reasons=(*s.reasons, *(r.en for r in twice)),
        reasons_zh=(*s.reasons_zh, *(r.zh for r in twice)),
    )


@dataclass(frozen=True)
class Checked:
    """A reply with what is found in it by itself, and what of it later ones are held against."""

    reply: Reply
    findings: list[Finding]
    said: Said


def check_batch(
    replies: Sequence[Reply],
    *,
    language: str | None = None,
    marketplace: str | None = None,
    orders: Mapping[str, Order] | None = None,
    policy: Policy,
) -> list[Checked]:
    """What is found in each reply; what a row says of its language, marketplace, message and order counts first.

    Raises InputError on an unknown language, marketplace, field of an order or rule.
    """
    found = []
    for reply in replies:
        check_ids(reply.ignored, policy.rules.known, f"Row {reply.row}, rules to ignore")
        case = read_reply(
            reply.text,
            language=reply.facts.get("language") or language,
            marketplace=reply.facts.get("marketplace") or marketplace,
            message=reply.facts.get("message") or None,
            order=_order_of(reply, orders or {}),
            policy=policy,
        )
        findings = [f for f in findings_of(case, policy.rules) if f.rule not in reply.ignored]
        found.append(Checked(reply, findings, Said.of(f"row {reply.row}", case)))
    return found


def with_repeats(checked: Checked, earlier: Earlier, policy: Policy) -> list[Finding]:
    """The findings of a reply with those that earlier ones give: it repeats one, or offers its order another sum."""
    found = checked.findings
    for f in _between(checked.reply.text, checked.said, earlier, policy):
        if f.rule not in checked.reply.ignored and not any(f.rule == g.rule and f.start == g.start for g in found):
            found = sorted([*found, f], key=lambda g: (g.start, g.end))
    return found


def _order_of(reply: Reply, orders: Mapping[str, Order]) -> Order | None:
    """The order from the file of orders, else what the row says of it; None where the row has no order id."""
    said = {name: value for name, value in reply.facts.items() if name in _ORDER_FIELDS}
    if "order_id" not in said:
        return None
    try:
        return orders.get(said["order_id"]) or Order.of(said)
    except InputError as error:
        raise InputError(f"Row {reply.row}: {error}") from None


def _between(text: str, said: Said, earlier: Earlier, policy: Policy) -> list[Finding]:
    """What is found between a reply and earlier ones, with the row of these in its message, as the team wants it."""
    rules = policy.rules
    return [
        replace(
            f,
            severity=rules.severity.get(f.rule, f.severity),
            message=f"{f.message} See {row}.",
            message_zh=f"{f.message_zh}见{_row_zh(row)}。",
        )
        for row, f in earlier.findings(said, text)
        if f.rule not in rules.off
    ]


def _row_zh(row: str) -> str:
    """
    >>> _row_zh("row 7"), _row_zh("row 7 of a.csv")
    ('第 7 行', ' a.csv 第 7 行')
    """
    number, _, name = row.removeprefix("row ").partition(" of ")
    return f" {name} 第 {number} 行" if name else f"第 {number} 行"
