"""When a message came, in UTC, from the ways in which exports write it."""

import re
import unicodedata
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

_ZONES = {
    "Z": 0, "UTC": 0, "GMT": 0, "WET": 0, "CET": 1, "MEZ": 1, "BST": 1, "WEST": 1, "CEST": 2, "MESZ": 2, "EET": 2,
    "EEST": 3, "MSK": 3, "HKT": 8, "SGT": 8, "AWST": 8, "JST": 9, "KST": 9, "AEST": 10, "AEDT": 11, "NZST": 12,
    "EDT": -4, "EST": -5, "MDT": -6, "MST": -7, "PDT": -7, "PST": -8, "AKDT": -8, "AKST": -9, "HST": -10, "BRT": -3,
}  # fmt: skip
_CLOCK = re.compile(
    r"(\d{1,2})(?:[:.](\d{2})(?:[:.](\d{2})(?:[.,]\d{1,9})?)?"
    r"|\s?(?:[時时點点]|h(?![a-z])|Uhr)\s?(?:(\d{1,2})\s?[分m]?\s?(?:(\d{1,2})\s?[秒s])?)?)"
    r"\s*([ap]\.?\s?m\b\.?)?\s*(.*)$",
    re.I,
)
_YEAR_FIRST = re.compile(r"(\d{4})\s?[-/.年]\s?(\d{1,2})\s?[-/.月]\s?(\d{1,2})日?(?=\D|$)")
_YEAR_LAST = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4}|\d{2})(?=\D|$)")
_DIGITS = re.compile(r"((?:19|20)\d\d)(\d\d)(\d\d)[T ]?(?:(\d\d):?(\d\d):?(\d\d)?)?(?=\D|$)")
_WORDS = re.compile(
    r"(?:(\d{1,2})(?:\.|er|º|°|st|nd|rd|th)?[\s-]*(?:de\s+)?([^\W\d_]{3,12})\.?,?|([^\W\d_]{3,12})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?)"
    r"[\s-]*(?:de\s+|del\s+)?(\d{4}|(?<=-)\d\d(?!\d))"
)
_OFFSET = re.compile(r"(?:UTC|GMT)?\s*([+-])(\d{1,2}):?(\d{2})?$")
_ERA = re.compile(r"(令和|平成|昭和|[RHS](?=\d))\s?(\d{1,2}|元)\s?[年./-]", re.I)
_ERA_BEGINS = {"令和": 2018, "平成": 1988, "昭和": 1925, "r": 2018, "h": 1988, "s": 1925}  # the year before its first
_HALF = re.compile(r"\s*(?:(午前|上午|凌晨|早上|오전)|(午後|下午|晚上|오후))\s*")
_OTHER_ORDER = (
    (re.compile(r"^(\d{1,2}:\d\d(?::\d\d)?(?:\s?[ap]\.?m\.?)?)[,\s]+(\d.*|[^\W\d_].*)$", re.I), r"\2 \1"),
    (
        re.compile(r"([A-Za-z]{3,9})\s+(\d{1,2})\s+(\d{1,2}:\d\d(?::\d\d)?)\s+(?:([A-Z]{3,4})\s+)?(\d{4})$"),
        r"\1 \2 \5 \3 \4",
    ),
    (re.compile(r"^(\d{4})[ -]([A-Za-z]{3,9})\.?[ -](\d{1,2})\b"), r"\3 \2 \1"),
)  # 10:00 3/9/2026 · Thu Sep 3 10:00:00 2026 · 2026 Sep 3

_CLOCK_BEHIND = (
    r"[T,]?\s?(?:um |at |à )?\d{1,2}:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?:\s?[ap]\.?m\b\.?)?"
    rf"(?:\s?(?:(?:{'|'.join(_ZONES)})\b|(?:UTC|GMT)?[+-]\d{{1,2}}:?\d\d))?"
)
_IN_TEXT = re.compile(
    rf"(?<!\d)(?:{_ERA.pattern}\s?\d{{1,2}}\s?[月./-]\s?\d{{1,2}}日?|{_YEAR_FIRST.pattern}|{_YEAR_LAST.pattern}"
    rf"|(?:19|20)\d{{6}}(?=\D|$)|{_WORDS.pattern})(?!\d)(?P<clock>{_CLOCK_BEHIND})?",
    re.I,
)


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
    text = unicodedata.normalize("NFKC", str(value).strip()[:60])
    try:
        return _iso(text) or _epoch(text) or _written(text, day_is_first) or _mail(text)
    except (ValueError, OverflowError):
        return None


def find_days(text: str) -> list[tuple[datetime | date | None, tuple[int, int]]]:
    """The days in a short text and where they stand; a moment in UTC where a clock stands behind one, None for 03/04.

    >>> find_days("issued 2027-03-09"), find_days("sent 9 Mar 2027 14:05 UTC")[0][0].hour, find_days("03/04/2027")
    ([(datetime.date(2027, 3, 9), (7, 17))], 14, [(None, (0, 10))])
    """
    found: list[tuple[datetime | date | None, tuple[int, int]]] = []
    for place in _IN_TEXT.finditer(text):
        moment = read_moment(place[0])
        found.append((moment if moment is None or place["clock"] else moment.date(), place.span()))
    return found


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
    text = re.sub(r"^/Date\((\d{13})\)/$", r"\1", text)
    if re.fullmatch(r"\d{5}(\.\d+)?", text) and 36526 <= float(text) <= 73050:
        return datetime(1899, 12, 30, tzinfo=UTC) + timedelta(seconds=round(float(text) * 86400))
    if not re.fullmatch(r"\d{10}(\.\d+)?|\d{13}", text):
        return None
    return datetime.fromtimestamp(float(text) / (1000 if len(text) == 13 else 1), UTC)


def _written(text: str, day_is_first: bool | None) -> datetime | None:
    """A day as people and programs write it, and a clock behind it.

    >>> [str(_written(t, None))[:16] for t in ("令和8年9月3日 午後2時5分", "10:05 3. Sep. 2026", "3-Sep-26 10:05 PM")]
    ['2026-09-03 14:05', '2026-09-03 10:05', '2026-09-03 22:05']
    """
    text = _in_usual_order(text)
    if found := _DIGITS.match(text):
        year, month, day, hour, minute, second = (int(g or 0) for g in found.groups())
        return _in_zone(datetime(year, month, day, hour, minute, second), text[found.end() :].strip())
    if found := _YEAR_FIRST.match(text):
        year, month, day = map(int, found.groups())
    elif found := _YEAR_LAST.match(text):
        order = _day_and_month(int(found[1]), int(found[2]), True if "." in found[0] else day_is_first)
        if not order:
            return None
        day, month, year = *order, _full_year(found[3])
    elif found := _WORDS.search(text):
        name = (found[2] or found[3]).casefold()
        month, day, year = _months().get(name[:12], 0), int(found[1] or found[4]), _full_year(found[5])
    else:
        return None
    return _at_clock(datetime(year, month, day), text[found.end() :])


def _day_and_month(first: int, second: int, day_is_first: bool | None) -> tuple[int, int] | None:
    """Which of two figures is which; None where 03/04 may be both."""
    if day_is_first is None and first <= 12 and second <= 12 and first != second:
        return None
    is_day = first > 12 if day_is_first is None else day_is_first
    return (first, second) if is_day else (second, first)


def _full_year(written: str) -> int:
    return int(written) + 2000 * (int(written) < 100)


def _in_usual_order(text: str) -> str:
    """The year as we count it, the day before the clock, and am or pm behind it."""
    for order, as_usual in _OTHER_ORDER:
        text = order.sub(as_usual, text)
    if era := _ERA.match(text):
        year = _ERA_BEGINS[era[1].casefold()] + (1 if era[2] == "元" else int(era[2]))
        text = f"{year}年{text[era.end() :]}"
    if half := _HALF.search(text):
        text = f"{text[: half.start()]} {text[half.end() :]}"
        if half.start() == 0 and (clock_first := re.match(r"\s*(\S*[:時时]\S*)\s+(.*)", text)):
            text = f"{clock_first[2]} {clock_first[1]}"
        text += " pm" if half[2] else " am"
    return text


def _at_clock(day: datetime, rest: str) -> datetime | None:
    """A day with the time that stands behind it, midnight where none does."""
    clock = _CLOCK.search(rest.lstrip(" T,").removeprefix("um ").removeprefix("à "))
    if not clock:
        return day.replace(tzinfo=UTC)
    hour, minute, second = int(clock[1]), int(clock[2] or clock[4] or 0), int(clock[3] or clock[5] or 0)
    half = (clock[6] or "").casefold()[:1]
    hour = hour % 12 + 12 * (half == "p") if half and hour <= 12 else hour
    return _in_zone(day.replace(hour=hour, minute=minute, second=second), clock[7].strip(" ()"))


def _in_zone(moment: datetime, zone: str) -> datetime | None:
    if offset := _OFFSET.match(zone):
        delta = timedelta(hours=int(offset[2]), minutes=int(offset[3] or 0))
        return moment.replace(tzinfo=timezone(delta if offset[1] == "+" else -delta)).astimezone(UTC)
    if zone.upper() in _ZONES:
        return (moment - timedelta(hours=_ZONES[zone.upper()])).replace(tzinfo=UTC)
    if zone in _named_zones():
        return moment.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    return moment.replace(tzinfo=UTC) if zone in ("", "Uhr") else None


def _mail(text: str) -> datetime | None:
    return _utc(parsedate_to_datetime(text)) if re.search(r"\d{1,2} [A-Za-z]{3} \d{4}", text) else None


@cache
def _named_zones() -> frozenset[str]:
    return frozenset(zone for zone in available_timezones() if "/" in zone)


@cache
def _months() -> dict[str, int]:
    """Month names, full and short, in our languages with an alphabet."""
    from babel.dates import get_month_names

    names: dict[str, int] = {}
    for language in ("en", "de", "fr", "es", "it"):
        for width in ("wide", "abbreviated"):
            names |= {n.casefold().rstrip("."): month for month, n in get_month_names(width, locale=language).items()}
    return names | {"sept": 9, "set": 9, "mär": 3, "mrz": 3}
