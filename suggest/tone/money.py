"""Money that a reply offers: how much, against which order, and with which words around it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal

import re2

from suggest.tone.case import Case
from suggest.tone.promises import segment

Spans = Iterator[tuple[int, int]]

SIGNS = {"€": "EUR", "£": "GBP", "¥": "JPY", "円": "JPY", "$": "", "us$": "USD", "ca$": "CAD", "a$": "AUD", "r$": "BRL"}
_WORDS = {
    "eur": "EUR",
    **dict.fromkeys(("gbp", "pound", "quid", "libra", "sterlin", "livre", "pfund"), "GBP"),
    **dict.fromkeys(("jpy", "yen"), "JPY"),
    **{"usd": "USD", "mxn": "MXN", "cad": "CAD", "aud": "AUD", "dol": ""},  # whose dollars is not said
}
_SHARE = re.compile(r"[%割パ]|cent|prozent|ciento")
_CODE = r"(?:eur|usd|gbp|jpy|cad|aud|mxn)\b"
_NAME = r"(?:euros?|dollars?|dolar(?:es)?|dollari|pounds?|quid|libras?|livres?|sterline|pfund|yen(?:es)?)\b"
_DIGITS = r"\d{1,3}(?:[., ' ]\d{3})+(?:[.,]\d{1,2})?|\d{1,7}(?:[.,]\d{1,2})?"
_AMOUNT = re2.compile(
    rf"(?:^|[^\d.,\-])(?:((?:us|ca|au?|r|nz|s)?\$|[€£¥]|\b{_CODE}) ?({_DIGITS})"
    rf"|({_DIGITS}) ?([€£¥円$]|{_CODE}|{_NAME}))"
)
_PERCENT = re.compile(
    r"(?<![\d.,])(\d{1,3}(?:[.,]\d{1,2})?) ?"
    r"(?:%|percent\b|per cent\b|prozent\b|pour ?cent\b|por ciento\b|per cento\b|パーセント)"
)
_TENTHS = re.compile(r"(?<![\d.,])(\d)割(?:引|の|を|分)")


@dataclass(frozen=True)
class Offer:
    """Something that the buyer gets on top: an amount, or a share of the price."""

    start: int
    end: int
    amount: Decimal | None = None
    share: Decimal | None = None
    currency: str = ""


def number(written: str) -> Decimal:
    """The value of a number in any of the marketplaces' forms.

    >>> [str(number(n)) for n in ("1.234,50", "1,234.50", "1 234,50", "3,120", "12,5", "7")]
    ['1234.50', '1234.50', '1234.50', '3120', '12.5', '7']
    """
    bare = re.sub(r"[ '\u00a0]", "", written)
    m = re.fullmatch(r"(.*\d)[.,](\d{1,2})", bare)
    whole, cents = (m.group(1), m.group(2)) if m else (bare, "")
    return Decimal(re.sub(r"[.,]", "", whole) + (f".{cents}" if cents else ""))


def offers(case: Case) -> list[Offer]:
    """Every compensation that the reply offers, in the order of the text.

    The full price is a remedy and no compensation; nor is a price, a cost, a sum that the buyer asked for, or a
    refusal.
    """
    if case.is_presale or not case.occurring & {"offered", "on_top", "given_extra"}:
        return []
    return case.once("offers", lambda: (o for o in _amounts(case) if _is_offered(case, o)))


def _amounts(case: Case) -> Iterator[Offer]:
    yield from sums(case)
    if _SHARE.search(case.plain):
        for m in _PERCENT.finditer(case.plain):
            yield Offer(m.start(), m.end(), share=number(m[1]) / 100)
        for m in _TENTHS.finditer(case.plain):
            yield Offer(m.start(), m.end(), share=Decimal(m[1]) / 10)
    for name, share in (("half", Decimal("0.5")), ("third", Decimal(1) / 3), ("quarter", Decimal("0.25"))):
        yield from (Offer(a, b, share=share) for a, b in case.where(name))


def sums(case: Case) -> list[Offer]:
    """Every sum of money that the reply names, offered or not."""
    return case.once("sums", lambda: (_sum(m) for m in _AMOUNT.finditer(case.plain)))


def _sum(m: "re2._Match") -> Offer:
    before, first, second, after = m.groups()
    sign = before or after
    code = SIGNS.get(sign) or next((c for w, c in _WORDS.items() if sign.startswith(w)), "")
    return Offer(m.start(1 if before else 3), m.end(), amount=number(first or second), currency=code)


def _is_offered(case: Case, offer: Offer) -> bool:
    sentence = case.reading.sentence_at(offer.start)
    clause = segment(case, offer.start, offer.end)
    if case.reading.is_quoted(offer.start, offer.end) or case.says("refused", *clause):
        return False
    if case.says("demanded", *clause) or case.says("cost", *clause):
        return False
    generous = case.says("on_top", *sentence)
    if not generous and _is_whole_price(case, offer, clause):
        return False
    if generous and (offer.amount is not None or case.says("offered", *sentence)):
        return True
    if case.order is None or case.order.order_total is None:  # a bare refund may be the whole price
        return case.says("given_extra", *sentence)
    return case.says("offered", *sentence)


def _is_whole_price(case: Case, offer: Offer, clause: tuple[int, int]) -> bool:
    if case.says("whole_price", *clause) or (offer.share or 0) >= 1:
        return True
    total = case.order.order_total if case.order else None
    return offer.amount is not None and total is not None and offer.amount == total


def cap(total: Decimal, share: Decimal, currency: str) -> Decimal:
    """The most that may be offered: a share of the total, rounded down to the currency's smallest unit.

    >>> cap(Decimal("19.99"), Decimal("0.20"), "USD"), cap(Decimal("2799"), Decimal("0.20"), "JPY")
    (Decimal('3.99'), Decimal('559'))
    """
    from babel.numbers import get_currency_precision

    unit = Decimal(1).scaleb(-get_currency_precision(currency or "USD"))
    return (total * share).quantize(unit, rounding=ROUND_DOWN)


def over_the_cap(case: Case) -> Spans:
    """Offers above the seller's share of the order total, or of an order whose total is not known."""
    if case.order is None:
        return
    total, currency = case.order.order_total, case.order.currency or ""
    for o in offers(case):
        if o.share is not None:
            if o.share > case.compensation_share:
                yield o.start, o.end
        elif total is None or (o.amount is not None and o.amount > cap(total, case.compensation_share, currency)):
            yield o.start, o.end


def without_goodwill(case: Case) -> Spans:
    """The first offer of a reply that lacks one half of the statement: goodwill, and no admission of liability."""
    if {"goodwill", "no_admission"} <= case.occurring:
        return
    given = offers(case)
    if given:
        yield given[0].start, given[0].end
    elif not case.is_presale:
        for start, end in case.where("gift"):
            if not case.reading.is_quoted(start, end) and not case.says("denied", *case.reading.sentence_at(start)):
                yield start, end
