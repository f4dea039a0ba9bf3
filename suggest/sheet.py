"""Suggestions for people: one HTML page, a card for each message, that loads nothing and shows any text as text."""

import base64
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cache, lru_cache
from itertools import pairwise, zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from messages import InputError, find_marketplace
from suggest.reply import Suggestion

if TYPE_CHECKING:
    from jinja2 import Template
    from markupsafe import Markup

SUFFIX = ".html"
MOST_CARDS = 5_000  # on one page; a browser still opens it in seconds
LONG = 1_500  # characters of a text from which it is shown in a box of its own to scroll
STATUSES = ("ready", "review", "person", "no_reply")
SEVERITIES = ("error", "warning", "hint")  # the worst first

# What does not show, or turns the writing round. A joiner inside a picture stays: it makes families of people.
_SIGN = re.compile(
    r"(?<![\U0001f000-\U0001faff\u2600-\u27bf\ufe0f])\u200d"
    r"|[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b\u200c\u200e\u200f"
    r"\u2028-\u202e\u2060-\u206f\u3164\ud800-\udfff\ue000-\uf8ff\ufdd0-\ufdef\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff"
    r"\U000e0000-\U0010ffff]"
)


@dataclass(frozen=True)
class Card:
    """A message beside its suggestion, with what the log says of it."""

    message: str
    suggestion: Suggestion
    row: int
    marketplace: str = ""
    language: str = ""  # of the message; the reply's is in the suggestion
    order_id: str = ""
    message_id: str = ""
    subject: str = ""
    issues: str = ""
    received_at: datetime | None = None
    earlier: tuple[str, ...] = ()  # messages of the buyer that this reply answers too

    @property
    def waits(self) -> bool:
        """False for a message that was answered, or is answered with a later one: no template was looked for."""
        return bool(self.suggestion.template_id)

    @property
    def zone(self) -> str:
        """The clock on the buyer's wall; nothing where the marketplace is not known."""
        place = find_marketplace(self.marketplace)
        return place.zone if place else ""


def cards(
    rows: Sequence[Mapping[Any, Any]], suggestions: Iterable[Suggestion], earlier: Mapping[int, tuple[str, ...]]
) -> list[Card]:
    """A card for each row of `Log.messages`; `earlier` are the texts that are answered with that of a row."""
    names = [f.name for f in fields(Card) if f.name not in ("message", "suggestion", "received_at", "earlier")]
    return [
        Card(
            message=row["text"],
            suggestion=suggestion,
            received_at=None if row["received_at"] != row["received_at"] else row["received_at"].to_pydatetime(),
            earlier=earlier.get(row["row"], ()),
            **{name: row[name] for name in names},
        )
        for row, suggestion in zip(rows, suggestions, strict=True)
    ]


def sheet_page(cards: Sequence[Card], title: str, zone: str = "") -> str:
    """The page as text; `zone` is the team's clock, without it the one of the computer that shows the page.

    Raises InputError where `check_number` does.
    """
    check_number(len(cards), title)
    return _page().render(
        cards=sorted(cards, key=lambda card: (not card.waits, card.suggestion.reply_by)),
        title=title,
        zone=zone,
        statuses=STATUSES,
        n_status=Counter(card.suggestion.status for card in cards),
        n_scenario=sorted(Counter(card.suggestion.scenario for card in cards).items()),
    )


def check_number(n: int, title: str) -> None:
    """Raise InputError where there are more messages than a browser shows with ease."""
    if n > MOST_CARDS:
        raise InputError(f"{title}: {n:,} messages; a page holds {MOST_CARDS:,}. Write XLSX or CSV, or split the log.")


@cache
def _page() -> "Template":
    from jinja2 import Environment, FileSystemLoader

    pages = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    pages.filters |= {
        "shown": shown,
        "marked": marked,
        "clock": clock,
        "city": city,
        "reasons": reasons,
        "sha256": _sha256,
    }
    pages.globals["LONG"] = LONG
    return pages.get_template("sheet.html")


def _sha256(text: str) -> str:
    """The hash by which a Content-Security-Policy knows a script or a style."""
    return base64.b64encode(hashlib.sha256(str(text).encode("utf-8")).digest()).decode("ascii")


def shown(text: object) -> "Markup":
    """Any text for a page: escaped, and what does not show or turns the writing round stands apart with its number.

    The character itself stays, so that a copy is the same text; only what HTML cannot hold is replaced.

    >>> print(shown("<b>1\\u200b2</b>"))
    &lt;b&gt;1<bdi class="sign" data-sign="U+200B">\u200b</bdi>2&lt;/b&gt;
    >>> print(shown("half \\ud83d, {{ 7*7 }}"))
    half <bdi class="sign" data-sign="U+D83D">\ufffd</bdi>, {{ 7*7 }}
    """
    from markupsafe import Markup, escape

    lines = str(text).replace("\r\n", "\n").replace("\r", "\n")
    return Markup(_SIGN.sub(_sign, str(escape(lines))))


def _sign(found: re.Match[str]) -> str:
    code = ord(found[0])
    held = "\ufffd" if code == 0 or 0xD800 <= code <= 0xDFFF else found[0]
    return f'<bdi class="sign" data-sign="U+{code:04X}">{held}</bdi>'


def marked(s: Suggestion) -> list[tuple[str, str, str]]:
    """The reply in pieces: the words, the field that they were filled from, the severity of what was found there.

    Words of the language itself are no facts, and of a salutation only its first line is one.
    """
    facts = [
        (start, s.text.find("\n", start, end) if "\n" in s.text[start:end] and name == "salutation" else end, name)
        for name, start, end in s.places
        if s.facts[name].source != "language"
    ]
    finds = [(f.start, f.end, f.severity) for f in s.findings if f.start < f.end]
    edges = sorted({0, len(s.text), *(at for start, end, _ in facts + finds for at in (start, end))})
    return [(s.text[a:b], next(iter(_over(facts, a)), ""), min(_over(finds, a), key=SEVERITIES.index, default=""))
            for a, b in pairwise(edges)]  # fmt: skip


def reasons(s: Suggestion) -> list[tuple[str, str]]:
    """Why it is not `ready`, in English and Chinese, without what the card says in finding or missing fact itself."""
    missing, found = ", ".join(s.missing_facts), {f"{f.category}: {f.message}" for f in s.findings}
    both = zip_longest(s.reasons, s.reasons_zh, fillvalue="")
    return [(en, zh or en) for en, zh in both if en not in found and not (missing and en.endswith(missing))]


def _over(spans: Sequence[tuple[int, int, str]], at: int) -> list[str]:
    return [name for start, end, name in spans if start <= at < end]


@lru_cache(maxsize=4096)
def clock(moment: datetime, zone: str, language: str) -> str:
    """A day and time on the clock of a zone, as an operator reads it.

    >>> from datetime import UTC
    >>> noon = datetime(2026, 11, 22, 12, tzinfo=UTC)
    >>> clock(noon, "Asia/Tokyo", "en"), clock(noon, "Asia/Tokyo", "zh")
    ('Sun 22 Nov, 21:00', '11月22日 周日 21:00')
    """
    from babel.dates import format_datetime

    form = "M月d日 EEE HH:mm" if language == "zh" else "EEE d MMM, HH:mm"
    return format_datetime(moment, form, tzinfo=ZoneInfo(zone), locale=language)


@cache
def city(zone: str, language: str) -> str:
    """The city that a zone is named after.

    >>> city("Europe/Berlin", "en"), city("Europe/Berlin", "zh")
    ('Berlin', '柏林')
    """
    from babel.dates import get_timezone_location

    return get_timezone_location(ZoneInfo(zone), locale=language, return_city=True)
