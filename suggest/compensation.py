"""How much money may be proposed, and when none."""

import unicodedata
from dataclasses import dataclass
from decimal import Decimal

import re2

from messages import Order
from suggest.policy import Policy
from suggest.tone import cap, number

_AS_WRITTEN = {"EUR": "€|euros?|eur", "GBP": "£|pounds?|quid|gbp", "JPY": "円|¥|yen|jpy"}
_DOLLARS = "[$]|dollars?|bucks|usd"  # of the United States, Canada, Australia …; Mexico's pesos have the sign too
_NUMBER = "([0-9][0-9.,]{0,11})"
_SHARE = re2.compile(rf"(?i){_NUMBER} ?(?:%|percent|prozent|pour ?cents?|por ciento|per cento|パーセント)")


@dataclass(frozen=True)
class Money:
    """An amount with its ISO 4217 currency."""

    amount: Decimal
    currency: str


def asked_for(message: str, total: Decimal, currency: str) -> Decimal | None:
    """The only sum in the order's currency, or share of its total, that a message names; None for several or none.

    >>> asked_for("3,50 € zurück?", Decimal(40), "EUR"), asked_for("１０％引きで", Decimal("2799"), "JPY")
    (Decimal('3.50'), Decimal('279'))
    >>> asked_for("I paid $20, give me $5", Decimal(20), "USD") is None
    True
    """
    text = unicodedata.normalize("NFKC", message)
    signs = _AS_WRITTEN.get(currency, _DOLLARS)
    named = re2.findall(rf"(?i)(?:{signs}) ?{_NUMBER}|{_NUMBER} ?(?:{signs})(?:[^a-z]|$)", text)
    sums = {number(before or after) for before, after in named}
    sums |= {cap(total, number(share) / 100, currency) for share in _SHARE.findall(text)}
    return sums.pop() if len(sums) == 1 else None


def most_that_may_be_offered(order: Order, policy: Policy) -> Money | None:
    """The policy's share of the order total, rounded down; None without total, currency or the policy's leave.

    None also when the data show a refund: one order is compensated once.

    >>> most_that_may_be_offered(Order.of({"order_total": 19.99, "currency": "USD"}), Policy())
    Money(amount=Decimal('3.99'), currency='USD')
    >>> most_that_may_be_offered(Order.of({"order_total": 19.99}), Policy()) is None
    True
    """
    if not policy.offer_compensation or not order.order_total or not order.currency or order.refund_status:
        return None
    amount = cap(order.order_total, policy.compensation_share, order.currency)
    return Money(amount, order.currency) if amount > 0 else None
