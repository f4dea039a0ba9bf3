"""Claims that the order does not bear out: another carrier, another tracking number, an arrival already past."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import cache

import re2

from suggest.tone.case import Case
from suggest.tone.promises import segment
from suggest.tone.reading import fold, spans, stands_in

Spans = Iterator[tuple[int, int]]

CARRIERS = (
    *("amazon logistics", "ups", "usps", "fedex", "dhl", "dpd", "gls", "hermes", "evri", "royal mail", "parcelforce"),
    *("yodel", "colissimo", "chronopost", "mondial relay", "la poste", "correos", "seur", "mrw", "nacex", "brt"),
    *("bartolini", "sda", "poste italiane"),
    *("ヤマト運輸", "クロネコヤマト", "佐川急便", "日本郵便", "ゆうパック", "西濃運輸", "福山通運"),
)
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
    western = [c for c in CARRIERS if c.isascii()]
    eastern = [fold(c) for c in CARRIERS if not c.isascii()]
    return re2.compile(rf"\b(?:{'|'.join(western)})\b|{'|'.join(eastern)}")


def other_carrier(case: Case) -> Spans:
    """Carriers that are not the order's."""
    if not (case.order and case.order.carrier):
        return
    mine = case.order.carrier.lower()
    kin = next((same for same in _SAME if any(c in mine for c in same)), {mine})
    for start, end in spans(_carrier_names(), case.plain):
        named = case.plain[start:end]
        if any(c in named or named in c for c in kin) or named in mine:
            continue
        if case.says("arrival", *case.reading.sentence_at(start)):
            yield start, end


def other_tracking(case: Case) -> Spans:
    """Tracking numbers that are not the order's."""
    if case.order and case.order.tracking_id:
        mine = case.order.tracking_id.lower().replace(" ", "")
        yield from ((a, b) for a, b in spans(_TRACKING, case.plain) if case.plain[a:b] != mine)


def past_arrival(case: Case) -> Spans:
    """An arrival day before the parcel was shipped or last seen, or before the day that the carrier names."""
    order = case.order
    if order is None:
        return
    known = [_earliest_day(d) for d in (order.shipped_at, order.last_tracking_update, order.eta) if d]
    if not known or order.delivered_at:
        return
    for day, start, end in dates(case, max(known)):
        clause = segment(case, start, end)
        if day < max(known) and case.says("arrival", *clause) and not is_told(case, start, end):
            yield start, end


def is_told(case: Case, start: int, end: int) -> bool:
    """True for what was, not for what will be: "the last scan is of 3 May", "it was due on 2 January"."""
    first, last = segment(case, start, end)
    if case.says("scan", first, last) or case.says("deadline", *case.reading.sentence_at(start)):
        return True
    return case.says("past", first, last) and not case.says("limit", max(first, start - 15), start)


def _earliest_day(moment: datetime | date) -> date:
    """The day of a moment where it is earliest on earth: times are UTC, and days are told in the buyer's zone."""
    return (moment - timedelta(hours=12)).date() if isinstance(moment, datetime) else moment


def dates(case: Case, near: date) -> Iterator[tuple[date, int, int]]:
    """Days with a month that the reply names, in the year that brings them nearest to a known day."""
    months = MONTHS[case.reading.language]
    dated = _dated(case.reading.language)
    for m in dated.finditer(case.plain) if stands_in(dated, case.plain) else ():
        groups = [g for g in m.groups() if g]
        name = next((g for g in groups if not g.isdigit()), "")
        number = next(g for g in reversed(groups) if g.isdigit())
        month = months.index(name) + 1 if name else int(groups[0])
        days = [_date(year, month, int(number)) for year in (near.year - 1, near.year, near.year + 1)]
        found = [day for day in days if day]
        if found:
            yield min(found, key=lambda day: abs(day - near)), *m.span()


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


MONTHS = {
    "en": ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
    "de": ["jan", "feb", "mar", "apr", "mai", "jun", "jul", "aug", "sep", "okt", "nov", "dez"],
    "fr": ["jan", "fev", "mar", "avr", "mai", "juin", "juil", "aou", "sep", "oct", "nov", "dec"],
    "es": ["ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sep", "oct", "nov", "dic"],
    "it": ["gen", "feb", "mar", "apr", "mag", "giu", "lug", "ago", "set", "ott", "nov", "dic"],
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
