"""Claims that the order does not bear out: another carrier, another tracking number, an arrival that is already past."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from functools import cache

import re2

from suggest.tone.case import Case

Spans = Iterator[tuple[int, int]]

CARRIERS = (
    "amazon logistics", "ups", "usps", "fedex", "dhl", "dpd", "gls", "hermes", "evri", "royal mail", "parcelforce", "yodel",
    "colissimo", "chronopost", "mondial relay", "la poste", "correos", "seur", "mrw", "nacex", "brt", "bartolini", "sda",
    "poste italiane", "ヤマト運輸", "クロネコヤマト", "佐川急便", "日本郵便", "ゆうパック", "西濃運輸", "福山通運",
)  # fmt: skip
_SAME = (
    {"ヤマト運輸", "クロネコヤマト"},
    {"日本郵便", "ゆうパック"},
    {"brt", "bartolini"},
    {"hermes", "evri"},
    {"la poste", "colissimo"},
)
_TRACKING = re2.compile(
    r"\b(?:1z[0-9a-z]{16}|[a-z]{2}\d{9}[a-z]{2}|tba\d{10,14}|jd\d{14,20}|jjd\d{14,20}|00340\d{15}|yt\d{10,18})\b"
)


@cache
def _carrier_names() -> "re2._Regexp":
    from suggest.tone.reading import fold

    western = [c for c in CARRIERS if c.isascii()]
    eastern = [fold(c) for c in CARRIERS if not c.isascii()]
    return re2.compile(rf"\b(?:{'|'.join(western)})\b|{'|'.join(eastern)}")


def other_carrier(case: Case) -> Spans:
    """Carriers that are not the order's."""
    if not (case.order and case.order.carrier):
        return
    mine = case.order.carrier.lower()
    kin = next((same for same in _SAME if any(c in mine for c in same)), {mine})
    for m in _carrier_names().finditer(case.plain):
        if not any(c in m.group() or m.group() in c for c in kin) and m.group() not in mine:
            yield m.span()


def other_tracking(case: Case) -> Spans:
    """Tracking numbers that are not the order's."""
    if case.order and case.order.tracking_id:
        mine = case.order.tracking_id.lower().replace(" ", "")
        yield from (m.span() for m in _TRACKING.finditer(case.plain) if m.group() != mine)


def past_arrival(case: Case) -> Spans:
    """An arrival day that lies before the order was shipped, or after it was delivered."""
    order = case.order
    if order is None:
        return
    days = [_day(d) for d in (order.shipped_at, order.last_tracking_update) if d]
    for day, start, end in dates(case, [d.year for d in days]):
        if case.says("arrival", *case.reading.sentence_at(start)) and (
            any(day < d for d in days) or _is_delivered(case, day)
        ):
            yield start, end


def _is_delivered(case: Case, day: date) -> bool:
    return bool(case.order and case.order.delivered_at and day > _day(case.order.delivered_at))


def _day(moment: datetime | date) -> date:
    return moment.date() if isinstance(moment, datetime) else moment


def dates(case: Case, years: Iterable[int]) -> Iterator[tuple[date, int, int]]:
    """Days with a month that the reply names, in the years of the order."""
    months = MONTHS[case.reading.language]
    for m in _dated(case.reading.language).finditer(case.plain):
        groups = [g for g in m.groups() if g]
        number = next((g for g in groups if g.isdigit()), "")
        name = next((g for g in groups if not g.isdigit()), "")
        month = int(groups[0]) if not name else next((i for i, n in enumerate(months, 1) if name.startswith(n)), 0)
        number = groups[1] if not name else number
        for year in set(years):
            try:
                yield date(year, month, int(number)), *m.span()
            except ValueError:
                continue


MONTHS = {
    "en": "jan feb mar apr may jun jul aug sep oct nov dec".split(),
    "de": "jan feb mar apr mai jun jul aug sep okt nov dez".split(),
    "fr": "jan fev mar avr mai juin juil aou sep oct nov dec".split(),
    "es": "ene feb mar abr may jun jul ago sep oct nov dic".split(),
    "it": "gen feb mar apr mag giu lug ago set ott nov dic".split(),
    "ja": [],
}


@cache
def _dated(language: str) -> "re2._Regexp":
    names = "|".join(MONTHS[language])
    if not names:
        return re2.compile(r"(\d{1,2})月(\d{1,2})日")
    return re2.compile(
        rf"\b(\d{{1,2}})(?:st|nd|rd|th|er)?\.?(?: of| de)? ({names})[a-z]*|\b({names})[a-z]*\.? (\d{{1,2}})\b"
    )
