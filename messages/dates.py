"""When a message came, in UTC, from the ways in which exports write it."""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from functools import cache

_ZONES = {
    "Z": 0, "UTC": 0, "GMT": 0, "WET": 0, "CET": 1, "MEZ": 1, "BST": 1, "WEST": 1, "CEST": 2, "MESZ": 2, "HKT": 8,
    "SGT": 8, "JST": 9, "EDT": -4, "EST": -5, "MDT": -6, "MST": -7, "PDT": -7, "PST": -8,
}  # fmt: skip
_CLOCK = re.compile(
    r"(\d{1,2})[:.時时h](\d{2})(?:[:.分m](\d{2})(?:[.,]\d{1,9})?)?\s*[秒分s]?\s*([ap]\.?\s?m\.?)?\s*(.*)$", re.I
)
_YEAR_FIRST = re.compile(r"(\d{4})\s?[-/.年]\s?(\d{1,2})\s?[-/.月]\s?(\d{1,2})日?(?=\D|$)")
_YEAR_LAST = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4}|\d{2})(?=\D|$)")
_WORDS = re.compile(
    r"(?:(\d{1,2})(?:\.|er|º|°|st|nd|rd|th)?\s*(?:de\s+)?([^\W\d_]{3,12})\.?,?|([^\W\d_]{3,12})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?)\s*(?:de\s+|del\s+)?(\d{4})"
)
_OFFSET = re.compile(r"(?:UTC|GMT)?\s*([+-])(\d{1,2}):?(\d{2})?$")


def day_first(values: Iterable[str]) -> bool | None:
    """Whether 03/04/2026 means 3 April in this column; None when no value in it tells.

    >>> day_first(["03/04/2026", "13/04/2026"]), day_first(["04/13/2026"]), day_first(["03/04/2026"])
    (True, False, None)
    """
    first = second = False
    for value in values:
        found = _YEAR_LAST.match(value.strip())
        if found and "." not in found[0]:
            first |= int(found[1]) > 12
            second |= int(found[2]) > 12
    return None if first == second else first


def read_moment(value: object, day_is_first: bool | None = None) -> datetime | None:
    """The moment in UTC, or None when it cannot be read for certain. A time without a zone is taken as UTC.

    >>> read_moment("2026-11-18T01:51:00+09:00")
    datetime.datetime(2026, 11, 17, 16, 51, tzinfo=datetime.timezone.utc)
    >>> [str(read_moment(v))[:16] for v in ("18.11.2026 10:51", "2026年11月18日 10:51", "Nov 8, 2026 3:04 PM")]
    ['2026-11-18 10:51', '2026-11-18 10:51', '2026-11-08 15:04']
    >>> read_moment("03/04/2026"), str(read_moment("03/04/2026", day_is_first=True))[:10]
    (None, '2026-04-03')
    """
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    text = str(value).strip()[:60].replace("\u202f", " ").replace("\xa0", " ")
    try:
        return _iso(text) or _epoch(text) or _written(text, day_is_first) or _mail(text)
    except (ValueError, OverflowError):
        return None


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _iso(text: str) -> datetime | None:
    if not re.match(r"\d{4}-\d\d-\d\d", text):
        return None
    try:
        return _utc(datetime.fromisoformat(text))
    except ValueError:
        return None


def _epoch(text: str) -> datetime | None:
    """Seconds or milliseconds since 1970; days since 1899 as Excel counts them, between 2000 and 2100."""
    if re.fullmatch(r"\d{5}(\.\d+)?", text) and 36526 <= float(text) <= 73050:
        return datetime(1899, 12, 30, tzinfo=UTC) + timedelta(seconds=round(float(text) * 86400))
    if not re.fullmatch(r"\d{10}(\.\d+)?|\d{13}", text):
        return None
    return datetime.fromtimestamp(float(text) / (1000 if len(text) == 13 else 1), UTC)


def _written(text: str, day_is_first: bool | None) -> datetime | None:
    if found := _YEAR_FIRST.match(text):
        year, month, day = map(int, found.groups())
    elif found := _YEAR_LAST.match(text):
        a, b, year = map(int, found.groups())
        year += 2000 if year < 100 else 0
        by_dots = "." in found[0]
        if not by_dots and day_is_first is None and a <= 12 and b <= 12 and a != b:
            return None
        month, day = (b, a) if by_dots or (day_is_first if day_is_first is not None else a > 12) else (a, b)
    elif found := _WORDS.search(text):
        name = (found[2] or found[3]).casefold()
        month, day, year = _months().get(name[:12], 0), int(found[1] or found[4]), int(found[5])
    else:
        return None
    clock = _CLOCK.search(text[found.end() :].lstrip(" T,").removeprefix("um ").removeprefix("à "))
    hour = minute = second = 0
    zone = ""
    if clock:
        hour, minute, second = int(clock[1]), int(clock[2]), int(clock[3] or 0)
        half = (clock[4] or "").casefold()[:1]
        hour = hour % 12 + 12 * (half == "p") if half else hour
        zone = clock[5].strip(" ()")
    moment = datetime(year, month, day, hour, minute, second)
    return _in_zone(moment, zone)


def _in_zone(moment: datetime, zone: str) -> datetime | None:
    if offset := _OFFSET.match(zone):
        delta = timedelta(hours=int(offset[2]), minutes=int(offset[3] or 0))
        return moment.replace(tzinfo=timezone(delta if offset[1] == "+" else -delta)).astimezone(UTC)
    if zone.upper() in _ZONES:
        return (moment - timedelta(hours=_ZONES[zone.upper()])).replace(tzinfo=UTC)
    return moment.replace(tzinfo=UTC) if zone in ("", "Uhr") else None


def _mail(text: str) -> datetime | None:
    return _utc(parsedate_to_datetime(text)) if re.search(r"\d{1,2} [A-Za-z]{3} \d{4}", text) else None


@cache
def _months() -> dict[str, int]:
    """Month names, full and short, in our languages with an alphabet."""
    from babel.dates import get_month_names

    names: dict[str, int] = {}
    for language in ("en", "de", "fr", "es", "it"):
        for width in ("wide", "abbreviated"):
            names |= {n.casefold().rstrip("."): month for month, n in get_month_names(width, locale=language).items()}
    return names | {"sept": 9, "set": 9, "mär": 3, "mrz": 3}
