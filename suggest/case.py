"""Everything that is known when a reply is chosen: the message, what it is about, the order, the clock."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache, cached_property
from zoneinfo import ZoneInfo

import re2

from messages import Marketplace, Order, Product
from model import Prediction
from suggest.compensation import Money, asked_for, most_that_may_be_offered
from suggest.models import asked_model
from suggest.policy import Policy, Season
from suggest.templates import letter, spaced, wanted

READ = 20_000  # characters of a message that are searched for words; nobody asks after ten pages
USUAL_WINDOW = 30  # days in which most of what Amazon sells may be returned
STUCK_DAYS = 7  # without a scan; Amazon's own measure for a shipment that does not move

_ORDER_ID = re2.compile(r"(?:^|[^0-9])([0-9]{3})[- ‐‑–ー]?([0-9]{7})[- ‐‑–ー]?([0-9]{7})(?:[^0-9]|$)")


@dataclass(frozen=True)
class Case:
    """One message with all that is known about it; `order` holds the product's facts too."""

    message: str
    prediction: Prediction
    order: Order
    product: Product
    marketplace: Marketplace
    language: str
    now: datetime
    received: datetime
    policy: Policy

    @cached_property
    def words(self) -> str:
        """The message as words are looked for: folded, signs as blanks, a blank at both ends."""
        return spaced(self.message[:READ])

    @cached_property
    def quoted_orders(self) -> tuple[str, ...]:
        """Order ids that the buyer wrote, full-width digits too."""
        text = unicodedata.normalize("NFKC", self.message[:READ])
        return tuple(dict.fromkeys("-".join(m.groups()) for m in _ORDER_ID.finditer(text)))

    @cached_property
    def order_id(self) -> str | None:
        """The order's number, or the only one that the buyer quotes."""
        if self.order.order_id:
            return self.order.order_id
        return self.quoted_orders[0] if len(self.quoted_orders) == 1 else None

    @cached_property
    def today(self) -> date:
        """The day on the buyer's calendar."""
        return self.local_day(self.now)

    def local_day(self, moment: datetime | date) -> date:
        """A day stays a day; a moment becomes the day it has where the buyer lives."""
        return moment.astimezone(self.marketplace.timezone).date() if isinstance(moment, datetime) else moment

    def is_past(self, moment: datetime | date | None) -> bool:
        """True for what is known to lie behind us; a day is past when it is over."""
        if moment is None:
            return False
        return moment <= self.now if isinstance(moment, datetime) else moment < self.today

    @cached_property
    def is_shipped(self) -> bool:
        order = self.order
        if order.shipped_at is not None:
            return self.local_day(order.shipped_at) <= self.today
        return bool(order.tracking_id or order.last_tracking_update or order.delivered_at)

    @cached_property
    def is_delivered(self) -> bool:
        return self.order.delivered_at is not None and self.local_day(self.order.delivered_at) <= self.today

    @cached_property
    def days_since_scan(self) -> int | None:
        scanned = self.order.last_tracking_update
        return None if scanned is None else (self.today - self.local_day(scanned)).days

    @property
    def return_days(self) -> int | None:
        """Length of the return window: the order's, else the policy's."""
        days = self.order.return_window_days
        return self.policy.return_window_days if days is None else days

    @cached_property
    def return_until(self) -> date | None:
        """Last day of the return window; None if its length or the delivery is not known."""
        days = self.return_days
        if days is None or not self.order.delivered_at or not self.is_delivered:
            return None
        return self.local_day(self.order.delivered_at) + timedelta(days=min(days, 3650))

    @property
    def may_be_past_return(self) -> bool:
        """The length of the return window is not known, and the parcel came longer ago than the usual one lasts."""
        if self.return_days is not None or not self.order.delivered_at:
            return False
        return (self.today - self.local_day(self.order.delivered_at)).days > USUAL_WINDOW

    @cached_property
    def model(self) -> tuple[str, str]:
        """("yes" | "no" | "unknown", the listed model that the buyer asks about)."""
        return asked_model(self.message[:READ], self.product.compatible_with, self.product.not_compatible_with)

    @cached_property
    def is_threatened(self) -> bool:
        """A review, a chargeback or a claim is held out, or a demand for money speaks of stars and reviews."""
        if not {"review_threat", "chargeback_or_a_to_z"}.isdisjoint(self.prediction.flags):
            return True
        speaks = self.prediction.scenario == "compensation_demand"
        return speaks and self.says("review_words")

    def says(self, name: str) -> bool:
        """True if one of the words that the language's `Letter` holds under this name is in the message."""
        return any(word in self.words for word in _listed(name, self.language))

    @cached_property
    def money(self) -> Money | None:
        """What is offered: what may be at most, or the sum asked for if that is less.

        Nothing under a threat, so that no money is ever tied to a review.
        """
        most = None if self.is_threatened else most_that_may_be_offered(self.order, self.policy)
        return Money(self.asked_sum, most.currency) if most and self.asked_sum else most

    @cached_property
    def asked_sum(self) -> Decimal | None:
        """The sum that the buyer asks for, if it is less than what may be offered."""
        most = most_that_may_be_offered(self.order, self.policy)
        if most is None or self.order.order_total is None:
            return None
        asked = asked_for(self.message[:READ], self.order.order_total, most.currency)
        return asked if asked and asked < most.amount else None

    @cached_property
    def resolve_by(self) -> datetime:
        hours = self.policy.resolve_hours
        return _rounded_down(self.now + timedelta(hours=hours), 60 if hours >= 6 else 10)

    @cached_property
    def season(self) -> Season | None:
        """The row of the policy's delivery table that holds today."""
        return self.policy.season_of(self.marketplace.code, self.today)

    @cached_property
    def season_until(self) -> date | None:
        """Last day of the season's delivery time for this order; None outside it, unshipped, or once it is over."""
        if self.season is None or self.order.shipped_at is None or not self.is_shipped:
            return None
        until = self.local_day(self.order.shipped_at) + timedelta(days=self.season.days)
        return until if until >= self.today else None

    @cached_property
    def holiday(self) -> str:
        """The team's public holiday today or on the day by which it answers, or ""."""
        if not self.policy.holidays:
            return ""
        days = (moment.astimezone(self.team_zone).date() for moment in (self.now, self.resolve_by))
        return next(filter(None, map(self.policy.holiday, days)), "")

    @cached_property
    def back_by(self) -> datetime | None:
        """When the team answers after its public holiday; None where there is none."""
        if not self.holiday:
            return None
        by = self.resolve_by
        while self.policy.holiday(by.astimezone(self.team_zone).date()):
            by += timedelta(days=1)
        return by

    @cached_property
    def team_zone(self) -> ZoneInfo:
        """The team's clock; without one in the policy the buyer's."""
        return ZoneInfo(self.policy.zone or self.marketplace.zone)

    @property
    def is_return_not_needed(self) -> bool:
        """True for an order of at most the amount up to which the policy wants nothing sent back."""
        limit = self.policy.no_return_below.get(self.order.currency or "")
        return limit is not None and self.order.order_total is not None and self.order.order_total <= limit

    @cached_property
    def presale_by(self) -> datetime:
        return _rounded_down(self.now + timedelta(hours=self.policy.presale_hours), 10)

    def text(self, value: str | Mapping[str, str] | None) -> str | None:
        """A product text in the reply's language; one that is only there in others is not there."""
        if not isinstance(value, Mapping):
            return value
        regional = f"{self.language}-{self.marketplace.country}"
        return value.get(regional) or value.get(regional.replace("-", "_")) or value.get(self.language)


@cache
def _listed(name: str, language: str) -> tuple[str, ...]:
    return tuple(wanted(word, language) for word in getattr(letter(language), name))


def _rounded_down(moment: datetime, minutes: int) -> datetime:
    """A promise may be early, never late."""
    return moment.replace(minute=moment.minute // minutes * minutes, second=0, microsecond=0)


def known_to_be(now: datetime | None) -> datetime:
    """An aware time in UTC; without a zone it is taken as UTC, without a value it is this moment."""
    if now is None:
        return datetime.now(UTC)
    return now.replace(tzinfo=UTC) if now.tzinfo is None else now.astimezone(UTC)
