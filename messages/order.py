"""What the seller knows about an order and a product: the only facts that a reply may hold."""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any, Self

from messages.errors import InputError

_MISSING = {"", "nan", "nat", "n/a", "na", "none", "null", "-", "—", "#n/a"}
_TEXT_PER_LANGUAGE = str | Mapping[str, str]
_LANGUAGE = re.compile(r"(?:en|de|fr|es|it|ja|zh|nl|pl|pt|sv|tr|ar)(?:[-_][A-Za-z]{2,4})?")
YEARS = (1990, 2100)  # a date outside is a mistake, or stands for "never"
MOST = Decimal(10) ** 12  # no order costs as much
ROUNDED = 10**6  # an id that a spreadsheet turned into a number ending in so many zeros has lost its digits
_SPELLED = {"fulfillment": "fulfilment"}


def is_missing(value: object) -> bool:
    """True for None, NaN and the words that spreadsheets write for "nothing".

    >>> [is_missing(v) for v in (None, " ", "N/A", float("nan"), 0, "None of them")]
    [True, True, True, True, False, False]
    """
    return value is None or value != value or (isinstance(value, str) and value.strip().casefold() in _MISSING)


def _text(value: Any) -> Any:
    """Text, text by language ({"de": …, "en-GB": …}), or named values a line each ({"width": "20 mm"}).

    >>> _text({"width": "20 mm", "colour": None, "plugs": ["EU", "UK"]}), _text({"de": "Lampe", "en-GB": "lamp"})
    ('width: 20 mm\\nplugs: EU, UK', {'de': 'Lampe', 'en-GB': 'lamp'})
    """
    if isinstance(value, Mapping):
        known = {str(k): v for k, v in value.items() if not is_missing(v)}
        if all(_LANGUAGE.fullmatch(name) for name in known):
            return {name: _text(v) for name, v in known.items()} or None
        return "\n".join(f"{name}: {_in_a_line(v)}" for name, v in known.items())
    if isinstance(value, (list, tuple)):
        return "\n".join(str(v).strip() for v in value if not is_missing(v)) or None
    return str(value).strip()


def _in_a_line(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{k} {v}" for k, v in value.items() if not is_missing(v))
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value).strip()


def _list(value: Any) -> tuple[str, ...]:
    if not isinstance(value, (str, list, tuple)):
        raise ValueError("a list of texts")
    parts = re.split(r"[;\n]", value) if isinstance(value, str) else value
    return tuple(str(p).strip() for p in parts if not is_missing(p))


def _identifier(value: Any) -> str | None:
    """An id as text; what Excel rounded to 1.23E+12 is no id any more."""
    text = str(value).strip()
    if isinstance(value, float):
        is_whole = value.is_integer() and abs(value) < 1e15 and value % ROUNDED
        text = str(int(value)) if is_whole else ""
    return None if re.fullmatch(r"\d+([.,]\d+)?[eE]\+?\d+", text) or not text else text


def _money(value: Any) -> Decimal:
    if isinstance(value, str) and not re.fullmatch(r"\s*\d+([.,]\d{1,3})?\s*", value):
        raise ValueError("a plain number such as 49.90, the currency apart")
    if isinstance(value, bool):
        raise ValueError("an amount of 0 or more")
    amount = Decimal(str(value).strip().replace(",", "."))
    if not amount.is_finite() or not 0 <= amount < MOST:
        raise ValueError("an amount of 0 or more")
    return amount


@cache
def _currencies() -> frozenset[str]:
    from babel.numbers import list_currencies

    return frozenset(list_currencies())


def _currency(value: Any) -> str:
    code = str(value).strip().upper()
    if code not in _currencies():
        raise ValueError("an ISO 4217 code such as EUR, USD, JPY")
    return code


def _moment(value: Any) -> datetime | date:
    """A day, or an aware time in UTC; a time without a zone is taken as UTC."""
    with suppress(ValueError):
        if isinstance(value, str):
            text = value.strip()
            is_day = re.fullmatch(r"\d{4}-\d\d-\d\d", text)
            value = date.fromisoformat(text) if is_day else datetime.fromisoformat(text)
        if isinstance(value, date) and YEARS[0] < value.year < YEARS[1]:
            if not isinstance(value, datetime):
                return value
            return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    raise ValueError("a date such as 2026-11-21 or a time such as 2026-11-21T10:00:00Z, of our times")


def _days(value: Any) -> int:
    text = str(value).strip().removesuffix(".0")
    if not re.fullmatch(r"[0-9]{1,5}", text):
        raise ValueError("a number of days, 0 or more")
    return int(text)


def _fulfilment(value: Any) -> str:
    known = {
        "FBA": "FBA",
        "AFN": "FBA",
        "AMAZON": "FBA",
        "FBM": "FBM",
        "MFN": "FBM",
        "MERCHANT": "FBM",
        "SELLER": "FBM",
    }
    try:
        return known[str(value).strip().upper()]
    except KeyError:
        raise ValueError("FBA or FBM") from None


_READ = {
    "order_id": _identifier, "asin": _identifier, "tracking_id": _identifier,
    "order_total": _money, "currency": _currency, "fulfilment": _fulfilment, "return_window_days": _days,
    "ordered_at": _moment, "shipped_at": _moment, "eta": _moment, "last_tracking_update": _moment,
    "delivered_at": _moment, "restock_date": _moment,
    "compatible_with": _list, "not_compatible_with": _list,
}  # fmt: skip


class _Facts:
    @classmethod
    def of(cls, value: Self | Mapping[str, Any] | None) -> Self:
        """From the class itself, a plain dict with its field names, or None (nothing known).

        What is None, "", "nan" or "N/A" is missing. Raises InputError on an unknown key or an unreadable value.
        """
        if isinstance(value, cls):
            return value
        if value is None:
            return cls()
        known: Mapping[str, Any] = cls.__dataclass_fields__  # type: ignore[attr-defined]
        if not isinstance(value, Mapping):
            raise InputError(f"{cls.__name__} wants a dict or {cls.__name__}, not {type(value).__name__}.")
        value = {_SPELLED.get(k, k): v for k, v in value.items()}
        unknown = [str(k) for k in value if k not in known]
        if unknown:
            raise InputError(f"{cls.__name__} has no field {', '.join(map(repr, unknown))}. Known: {' '.join(known)}.")
        facts: dict[str, Any] = {}
        for name, raw in value.items():
            if isinstance(raw, (list, tuple, Mapping)) or not is_missing(raw):
                try:
                    facts[name] = _READ.get(name, _text)(raw)
                except (ValueError, TypeError, InvalidOperation) as error:
                    raise InputError(f"{cls.__name__}.{name}: cannot read {raw!r}; wanted: {error}.") from None
        return cls(**facts)


@dataclass(frozen=True)
class Order(_Facts):
    """One order, as far as the seller knows it. Times are aware UTC, money is Decimal.

    >>> order = Order.of({"order_total": "49,90", "tracking_id": "1.23E+12", "eta": "2026-11-20", "carrier": "N/A"})
    >>> order.order_total, order.tracking_id, order.eta, order.carrier
    (Decimal('49.90'), None, datetime.date(2026, 11, 20), None)
    >>> Order.of({"colour": "red"})
    Traceback (most recent call last):
    messages.errors.InputError: Order has no field 'colour'. Known: order_id buyer_name product_name ...
    """

    order_id: str | None = None
    buyer_name: str | None = None
    product_name: _TEXT_PER_LANGUAGE | None = None
    asin: str | None = None
    order_total: Decimal | None = None
    currency: str | None = None
    ordered_at: datetime | date | None = None
    shipped_at: datetime | date | None = None
    carrier: str | None = None
    tracking_id: str | None = None
    eta: datetime | date | None = None
    last_tracking_update: datetime | date | None = None
    delivered_at: datetime | date | None = None
    return_window_days: int | None = None
    fulfilment: str | None = None
    product_specs: _TEXT_PER_LANGUAGE | None = None
    manual_steps: _TEXT_PER_LANGUAGE | None = None
    refund_status: _TEXT_PER_LANGUAGE | None = None
    restock_date: datetime | date | None = None
    invoice: str | None = None


@dataclass(frozen=True)
class Product(_Facts):
    """One product; texts may differ per language: `{"de": "Lampe", "en": "lamp"}`."""

    asin: str | None = None
    name: _TEXT_PER_LANGUAGE | None = None
    specs: _TEXT_PER_LANGUAGE | None = None
    compatible_with: tuple[str, ...] = ()
    not_compatible_with: tuple[str, ...] = ()
    manual_steps: _TEXT_PER_LANGUAGE | None = None
    manual_page: _TEXT_PER_LANGUAGE | None = None
    restock_date: datetime | date | None = None
