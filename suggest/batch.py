"""The check of many replies: each on its own, then against the others of the batch."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace

from messages import InputError, Order, Reply, detect_language
from suggest.policy import Policy
from suggest.reply import check_reply
from suggest.tone import Finding, check_ids, near_duplicates, second_offers
from suggest.tone.rules import LANGUAGES

_ORDER_FIELDS = {f.name for f in fields(Order)}


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
    known = [_order_of(reply, orders or {}) for reply in replies]
    languages = [_language_of(reply, language) for reply in replies]
    found: list[list[Finding]] = []
    for reply, order, code in zip(replies, known, languages, strict=True):
        check_ids(reply.ignored, policy.rules.known, f"Row {reply.row}, rules to ignore")
        market, message = reply.facts.get("marketplace") or marketplace, reply.facts.get("message") or None
        found.append(
            check_reply(reply.text, language=code, marketplace=market, message=message, order=order, policy=policy)
        )
    for i, f in _between(replies, languages, known, policy):
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


def _language_of(reply: Reply, language: str | None) -> str:
    named = reply.facts.get("language") or language
    if named:
        return named
    detected = detect_language(reply.facts.get("message") or reply.text)
    return detected if detected in LANGUAGES else "en"


def _between(
    replies: Sequence[Reply], languages: Sequence[str], orders: Sequence[Order | None], policy: Policy
) -> list[tuple[int, Finding]]:
    """What is found between replies, with the row of the earlier one in its message, as the team wants it."""
    texts = [reply.text for reply in replies]
    found = list(second_offers(texts, languages, orders))
    for language in dict.fromkeys(languages):
        rows = [i for i, code in enumerate(languages) if code == language]
        for later, earlier, f in near_duplicates([texts[i] for i in rows], language, [orders[i] for i in rows]):
            found.append((rows[later], rows[earlier], f))
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
