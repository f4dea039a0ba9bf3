"""What short machine words say of a refund, read as one of the few states in states.toml and said in any language."""

import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from messages import find_days
from suggest.compensation import Money
from suggest.templates import fold
from suggest.tone import number

LONGEST = 160  # characters; what is longer is no state but a story
PARTS = ("parts", "beside")  # the tables that are no state

_TOKEN = re.compile("[\u3041-\u30ff\u3400-\u9fff々]|[^\\W_\u3041-\u30ff\u3400-\u9fff々]+")  # a sign of Japan, or a word
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_SUM = r"[0-9][0-9.,]{0,14}"
_SIGN = r"(?:US)?\$|€|£|¥|円|元|(?i:euros?|yen)|[A-Z]{3}(?![A-Za-z])"
_MONEY = re.compile(rf"({_SIGN})\s?({_SUM})|({_SUM})\s?({_SIGN})")
_CURRENCY = {"€": "EUR", "EURO": "EUR", "EUROS": "EUR", "£": "GBP", "円": "JPY", "YEN": "JPY", "US$": "USD"}
_SHARED = {"$": ("USD", "CAD", "AUD", "MXN", "SGD"), "¥": ("JPY", "CNY"), "元": ("CNY",)}  # which, the order says


@dataclass(frozen=True)
class State:
    """A state by its name in states.toml, with the day and the sum that were written beside it."""

    name: str
    day: datetime | date | None = None
    money: Money | None = None


@cache
def _states() -> Mapping[str, Any]:
    return tomllib.loads(Path(__file__).with_name("states.toml").read_text(encoding="utf-8"))


@lru_cache(maxsize=4096)
def read_state(text: str, currency: str | None = None) -> State | None:
    """The state that a text names, None if it holds any word that is not known, or two states.

    `currency` is the order's: it tells which dollars are meant. A sum or a day that cannot be read for certain is left
    out.

    >>> read_state("REFUND_ISSUED 2027-03-09"), read_state("$4.00 partially refunded", "USD").money
    (State(name='issued', day=datetime.date(2027, 3, 9), money=None), Money(amount=Decimal('4.00'), currency='USD'))
    >>> read_state("not issued").name, read_state("RFD-22"), read_state("approved, then declined")
    ('none', None, None)
    """
    text = unicodedata.normalize("NFKC", text)
    if len(text) > LONGEST:
        return None
    days = find_days(text)
    text = _without(text, [span for _, span in days])
    sums = [(_money(found, currency), found.span()) for found in _MONEY.finditer(text) if _is_money(found)]
    text = _without(text, [span for _, span in sums])
    name = _named(_tokens(text))
    if name is None:
        return None
    return State(name, days[0][0] if len(days) == 1 else None, sums[0][0] if len(sums) == 1 else None)


def say_state(state: State, language: str, day: str, money: str) -> str | None:
    """The part of a sentence that says a state, with its day and its sum; None for one that is not said.

    >>> say_state(State("issued"), "en", "Tuesday, March 9", "$4.00"), say_state(State("pending"), "ja", "", "")
    ('refund of $4.00 issued on Tuesday, March 9', '返金手続き中')
    """
    form = _states()[state.name].get(language)
    if form is None:
        return None
    for part, words in _states()["parts"][language].items():
        value = money if part == "of" else day
        said = words.replace("{money}", money).replace("{day}", day) if value else ""
        form = form.replace(f"{{{part}}}", said)
    return str(form)


def is_event(state: State) -> bool:
    """True for what happened on a day; other states hold for a while."""
    return "{on}" in _states()[state.name].get("en", "")


def is_open(state: State) -> bool:
    """True where no money is on its way yet: there is nothing to compare a statement with."""
    return "open" in _states()[state.name]


def is_to_look_at(state: State) -> bool:
    """True for bad news, which a person reads before the buyer does."""
    return "look" in _states()[state.name]


def _without(text: str, spans: list[tuple[int, int]]) -> str:
    for start, end in reversed(spans):
        text = f"{text[:start]} {text[end:]}"
    return text


def _is_money(found: re.Match[str]) -> bool:
    sign = found[1] or found[4]
    return not sign.isalpha() or not sign.isascii() or len(sign) > 3 or sign in _codes()


@cache
def _codes() -> frozenset[str]:
    from babel.numbers import list_currencies

    return frozenset(list_currencies())


def _money(found: re.Match[str], currency: str | None) -> Money | None:
    sign = (found[1] or found[4]).upper()
    code = _CURRENCY.get(sign, sign)
    if code in _SHARED:
        code = currency if currency in _SHARED[code] else ""
    amount: Decimal = number(found[2] or found[3])
    return Money(amount, code) if code else None


def _tokens(text: str) -> tuple[str, ...]:
    return tuple(_TOKEN.findall(fold(_CAMEL.sub(" ", text))))


@cache
def _phrases() -> Mapping[tuple[str, ...], str]:
    """By the words of a phrase: the state that it names, "" for none."""
    found: dict[tuple[str, ...], str] = {}
    for name, table in _states().items():
        if name != "parts":
            found |= {_tokens(phrase): "" if name == "beside" else name for phrase in table["words"]}
    return found


@cache
def _longest() -> int:
    return max(map(len, _phrases()))


def _named(tokens: tuple[str, ...]) -> str | None:
    """The one state that is named, with nothing beside it that is not known."""
    names = set(_walk(tokens)) - {""}
    for name in sorted(names - {"?"}):
        names -= set(_states()[name].get("over", ())) if name in names else set()
    return names.pop() if len(names) == 1 and "?" not in names else None


def _walk(tokens: tuple[str, ...]) -> Iterator[str]:
    """The longest known phrase at each place; "?" for a word that begins none."""
    at = 0
    while at < len(tokens):
        lengths = range(min(_longest(), len(tokens) - at), 0, -1)
        length = next((n for n in lengths if tokens[at : at + n] in _phrases()), 0)
        yield _phrases()[tokens[at : at + length]] if length else "?"
        at += length or 1
