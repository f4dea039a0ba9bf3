"""How much money may be proposed, and when none."""

from dataclasses import dataclass
from decimal import Decimal

from messages import Order
from suggest.policy import Policy
from suggest.tone import cap


@dataclass(frozen=True)
class Money:
    """An amount with its ISO 4217 currency."""

    amount: Decimal
    currency: str


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
