"""Turns a template into a letter: every field a fact with its source, said as the buyer's country says it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache, cached_property, lru_cache, partial
from itertools import islice

import re2

from messages import find_days
from suggest.case import Case
from suggest.names import greeting, is_carrier, is_japanese
from suggest.own import with_own
from suggest.states import State, is_event, is_open, read_state, say_state
from suggest.templates import FIELDS, Letter, Line, Templates, Text, letter, templates
from suggest.tone import TeamRules, check, corrected, is_allowed_link

EMERGENCY = {  # by marketplace country: the number for ambulance
    "US": "911", "CA": "911", "MX": "911", "BR": "192", "GB": "999", "IE": "112", "DE": "112", "FR": "112", "IT": "112",
    "ES": "112", "NL": "112", "BE": "112", "SE": "112", "PL": "112", "TR": "112", "AE": "998", "SA": "997", "EG": "123",
    "IN": "112", "ZA": "112", "JP": "119", "AU": "000", "SG": "995",
}  # fmt: skip
MANY_ZONES = ("US", "CA", "MX", "BR", "AU")  # where a clock time needs its zone
LONGEST_NAME = 70  # characters of a product's name; sellers' titles run to 200
LONGEST_TEXT = 600  # characters of specifications or steps, so that a letter stays within a channel's limit
LEAST_WORDS = 3  # of which a text is prose; less is a code
YEAR_IS_CLEAR = timedelta(days=180)


Piece = tuple[str, str]  # words, and the field that they stand for; "" for the template's own


@dataclass(frozen=True)
class Fact:
    """What a field stands for in this reply, and where it was taken from."""

    value: str
    source: str


@dataclass(frozen=True)
class Filled:
    """A letter, the facts in it, and the facts without which it has gaps."""

    text: str
    facts: Mapping[str, Fact] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    places: tuple[tuple[str, int, int], ...] = ()  # field, start and end of each fact in the text


class Facts:
    """The facts of one case in one language, each looked up when a template first asks for it."""

    def __init__(self, case: Case, language: str) -> None:
        self.case = case
        self.language = language
        self.letter: Letter = letter(language, case.marketplace.code)
        self._known: dict[str, Fact | None] = {}
        self.holding: dict[str, bool] = {}  # by condition: kept by suggest.pick

    @cached_property
    def book(self) -> Templates:
        """The templates in this language, a team's own among them."""
        return with_own(templates(self.language, self.case.marketplace.code), self.case.policy.own)

    @cached_property
    def worded(self) -> frozenset[str]:
        """The ids of the templates one of whose words is in the message."""
        return self.book.worded(self.case.words)

    @cached_property
    def refund(self) -> State | None:
        """The state of the refund, where the data hold one in words that are known."""
        said = self.case.text(self.case.order.refund_status)
        return read_state(said, self.case.order.currency) if said else None

    @cached_property
    def chinese(self) -> "Facts":
        """The same for an operator who reads Chinese."""
        return Facts(self.case, "zh")

    def get(self, name: str) -> Fact | None:
        try:
            return self._known[name]
        except KeyError:
            found = self._known[name] = FACTS[name](self)
            return found

    def has(self, names: tuple[str, ...]) -> bool:
        return all(map(self.get, names))


def fill(text: Text, facts: Facts, brief: bool = False) -> Filled:
    """A template's text with every field replaced; `brief` leaves out the lines that may be left out.

    `missing` names the fields for which there was no fact; the text then has gaps and must not be shown.
    """
    used: dict[str, Fact] = {}
    missing: list[str] = []
    pieces: list[Piece] = []
    joint = ("" if facts.language in ("ja", "zh") else " ", "")
    for paragraph in text:
        before = len(pieces)
        for line in said(paragraph, facts, brief):
            if len(pieces) > before:
                pieces.append(joint)
            elif pieces:
                pieces.append(("\n\n", ""))
            _add_line(line, facts, pieces, used, missing)
    places, at = [], 0
    for words, name in pieces:
        if name:
            places.append((name, at, at + len(words)))
        at += len(words)
    return Filled("".join([words for words, _ in pieces]), used, tuple(dict.fromkeys(missing)), tuple(places))


def said(lines: tuple[Line, ...], facts: Facts, brief: bool = False) -> Iterator[Line]:
    """The lines of a paragraph that are said: what may be left out only with all its facts, or what stands in."""
    for line in lines:
        if not line.optional:
            yield line
        elif line.otherwise or not brief:
            yield from islice((choice for choice in line.choices if facts.has(choice.fields)), 1)


def _add_line(line: Line, facts: Facts, pieces: list[Piece], used: dict[str, Fact], missing: list[str]) -> None:
    for i, part in enumerate(line.parts):
        if i % 2 == 0:
            one = i and line.parts[i - 1] in ("resolve_hours", "presale_hours") and _is_one(line.parts[i - 1], facts)
            pieces.append((_one_hour(part, facts.language) if one else part, ""))
            continue
        fact = facts.get(part)
        if fact is None:
            missing.append(part)
            continue
        used[part] = fact
        ends = line.parts[i + 1][:1] in (".", "。", "!", "?", ":")
        pieces.append((fact.value.rstrip(" .。") if ends else fact.value, part))


def _is_one(name: str, facts: Facts) -> bool:
    fact = facts.get(name)
    return fact is not None and fact.value == "1"


def _one_hour(text: str, language: str) -> str:
    """The text after "1" with its first word in the singular, if it is the word for hours.

    >>> _one_hour(" hours of your reply", "en"), _one_hour(" Stunden.", "de"), _one_hour("時間以内", "ja")
    (' hour of your reply', ' Stunde.', '時間以内')
    """
    from babel.units import format_unit

    one, many = (str(format_unit(n, "duration-hour", locale=language)).replace(str(n), "") for n in (1, 2))
    return one + text[len(many) :] if text.startswith(many) else text


# ---------------------------------------------------------------- how a country says it


@cache
def _locale(language: str, country: str) -> str:
    from babel import Locale, UnknownLocaleError

    for name in (f"{language}_{country}", language):
        try:
            return str(Locale.parse(name))
        except (UnknownLocaleError, ValueError):
            continue
    return "en"


_YEAR = re2.compile(r",?(?: 'de')? y+$")  # "EEEE, d 'de' MMMM 'de' y"


@lru_cache(maxsize=4096)
def say_day(day: date, language: str, country: str, with_year: bool) -> str:
    """A day with its weekday; the year only where it could be another one.

    >>> say_day(date(2026, 11, 22), "en", "US", False), say_day(date(2026, 11, 22), "en", "GB", False)
    ('Sunday, November 22', 'Sunday 22 November')
    >>> say_day(date(2026, 11, 1), "fr", "FR", False), say_day(date(2026, 11, 22), "ja", "JP", True)
    ('dimanche 1er novembre', '2026年11月22日(日)')
    """
    from babel.dates import format_date, get_date_format

    if language in ("ja", "zh"):
        form = ("yyyy年M月d日" if with_year else "M月d日") + ("(EEE)" if language == "ja" else "")
        return format_date(day, form, locale=language)
    locale = _locale(language, country)
    form = get_date_format("full", locale).pattern
    said = _plain(format_date(day, form if with_year else _YEAR.sub("", form), locale=locale))
    if language == "fr":
        said = said.replace(" 1 ", " 1er ")
    return said.replace(", ", " ", 1) if form.startswith("EEEE, d ") else said  # "Sunday 22 November"


@lru_cache(maxsize=4096)
def say_time(moment: datetime, language: str, country: str) -> str:
    """A clock time on the buyer's wall."""
    from babel.dates import format_time

    form = "HH:mm" if language in ("ja", "zh") else "short"
    return _plain(format_time(moment, form, locale=_locale(language, country)))


@lru_cache(maxsize=4096)
def say_zone(moment: datetime, language: str, country: str) -> str:
    """The zone of a clock time where a country has several, else nothing; it follows what a language adds to a time.

    >>> from zoneinfo import ZoneInfo
    >>> noon = datetime(2026, 11, 22, 12, tzinfo=ZoneInfo("America/New_York"))
    >>> say_zone(noon, "en", "US"), say_zone(noon, "de", "US")
    (' EST', ' (Nordamerikanische Ostküsten-Normalzeit)')
    """
    from babel.dates import get_timezone_name

    if country not in MANY_ZONES:
        return ""
    locale = _locale("en" if language == "zh" else language, country)
    zone = get_timezone_name(moment, "short", locale=locale)
    return _plain(f" {zone}" if zone.isalpha() else f" ({get_timezone_name(moment, 'long', locale=locale)})")


@lru_cache(maxsize=4096)
def say_money(amount: str, currency: str, language: str, country: str) -> str:
    """An amount with its currency.

    >>> say_money("1234.5", "EUR", "de", "DE"), say_money("736", "JPY", "ja", "JP")
    ('1.234,50 €', '736円')
    """
    from decimal import Decimal

    from babel.numbers import format_currency, format_decimal

    if currency == "JPY" and language == "ja":
        return f"{format_decimal(Decimal(amount), '#,##0', locale='ja')}円"
    return _plain(format_currency(Decimal(amount), currency, locale=_locale(language, country)))


def _plain(text: str) -> str:
    """Ordinary blanks: a helpdesk shows others as boxes."""
    return text.replace("\u202f", " ").replace("\xa0", " ")


# ---------------------------------------------------------------- texts that come from sellers' data

_CONTROL = re2.compile(  # and pictures
    r"[\p{Cc}\p{Cf}\p{Co}\p{Cs}\x{20e3}\x{2600}-\x{27bf}\x{2b00}-\x{2bff}\x{fe00}-\x{fe0f}\x{1f000}-\x{1faff}]+"
)
_CHINESE = re2.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\x{3000}-\x{303f}]+")
_KANA = re2.compile(r"[\p{Hiragana}\p{Katakana}]")
_LOWER_WORD = re2.compile(r"(?:^|[^\pL\pN])\p{Lu}?\p{Ll}{2,}(?:[^\pL\pN]|$)")
_WORD = re2.compile(r"\p{Latin}[\p{Latin}\p{M}]+")
_BRACKETS = re2.compile(r"【[^【】]*】|\[[^\[\]]*\]|<[^<>]*>")
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
_NUMBERING = re2.compile(r"(?m)^\s*(?:[0-9]{1,2}[.):、．]|[-*•・①-⑳]|Step [0-9]+[:.]?)\s*")
_FIRST = re2.compile(r"\s*(?:1[.):、．]|[(（]1[)）]|①|Step 1)")
_INLINE = re2.compile(r"[ \t]*\b((?:[2-9]|1[0-9])[.)]\s+\pL|[②-⑳]|[(（][2-9][)）])")


@lru_cache(maxsize=4096)
def clean_text(text: str, language: str) -> str:
    """A seller's text without control characters, markup and, in a Western reply, full-width letters.

    >>> clean_text("ＵＳＢ　cable\\u200b <b>2 m²</b>", "en")
    'USB cable 2 m²'
    """
    if text.isascii() and text.replace("-", "").isalnum():
        return text  # an id
    text = text.encode("utf-8", "ignore").decode("utf-8")
    text = _BRACKETS.sub(lambda m: " " if m.group()[0] == "<" else m.group(), text)
    text = "\n".join(_CONTROL.sub("", " ".join(line.split())) for line in text.split("\n"))
    text = text.translate({ord("{"): "(", ord("}"): ")"})
    return text.strip() if language == "ja" else text.translate(_FULL_WIDTH).strip()


@lru_cache(maxsize=4096)
def product_name(text: str, language: str) -> str | None:
    """A product's name as one says it: the beginning of a long title, no Chinese in a Western reply.

    >>> product_name("【2026新款】LED Desk Lamp, 3 Brightness Levels, USB Port, Foldable, for Office, Matt Black", "en")
    'LED Desk Lamp'
    >>> product_name("台灯", "en") is None
    True
    """
    text = clean_text(text, language)
    if language != "ja":
        text = _CHINESE.sub(" ", _BRACKETS.sub(" ", text) if _CHINESE.search(text) else text)
    elif is_foreign(text, language):
        return None
    text = " ".join(text.split()).strip(" ,;:|-–/")
    if len(text) > LONGEST_NAME:
        head = re2.split(r"\s*[,;|(（、，]|\s[-–—]\s", text)[0]
        text = head if 3 <= len(head) <= LONGEST_NAME else _cut(text, LONGEST_NAME)
    letters = sum(c.isalpha() for c in text)
    return text if letters >= (1 if language == "ja" else 3) and letters * 3 > len(text) else None


def is_foreign(text: str, language: str) -> bool:
    """True for Chinese in a Western reply, and in a Japanese one for characters that Japan does not write.

    >>> is_foreign("顺丰速运", "ja"), is_foreign("ヤマト運輸", "ja"), is_foreign("ヤマト運輸", "de")
    (True, False, True)
    """
    chinese = [] if text.isascii() else _CHINESE.findall(text)
    return bool(chinese) and (language != "ja" or not is_japanese("".join(chinese)))


@lru_cache(maxsize=4096)
def body_text(text: str, language: str) -> str | None:
    """Specifications or a status; None if it is in another script than the reply."""
    text = clean_text(text, language)
    if is_foreign(text, language):
        return None
    return _cut(text, LONGEST_TEXT) if any(c.isalnum() for c in text) else None


def _cut(text: str, longest: int) -> str:
    """The beginning of a text, ended at a sentence or else at a word."""
    if len(text) <= longest:
        return text
    head = text[:longest]
    end = max(head.rfind(sign) for sign in (". ", "。", "\n", "; "))
    return head[: end + 1].strip(" ;\n") if end > longest // 3 else head.rsplit(" ", 1)[0].strip(" ,;:-")


def numbered(text: str) -> str:
    """Steps one below the other with numbers; a single step stays a sentence.

    >>> numbered("Hold SET.\\n2) Let go.")
    '1. Hold SET.\\n2. Let go.'
    >>> numbered("1. Hold SET. 2. Let go after 2.5 s.")
    '1. Hold SET.\\n2. Let go after 2.5 s.'
    """
    if _FIRST.match(text) and _INLINE.search(text):
        text = _INLINE.sub(r"\n\1", text)
    steps = [step for line in text.split("\n") if (step := _NUMBERING.sub("", line).strip())]
    return "\n".join(f"{i}. {step}" for i, step in enumerate(steps, 1)) if len(steps) > 1 else "".join(steps)


# ---------------------------------------------------------------- the facts


def _day(moment: datetime | date | None, source: str, facts: Facts) -> Fact | None:
    if moment is None:
        return None
    case = facts.case
    day = case.local_day(moment)
    far = abs(day - case.today) > YEAR_IS_CLEAR
    return Fact(say_day(day, facts.language, case.marketplace.country, far), source)


def _past_day(name: str) -> Callable[[Facts], Fact | None]:
    """A day that must lie behind us: data that say otherwise are not to be believed."""

    def find(facts: Facts) -> Fact | None:
        moment = getattr(facts.case.order, name)
        is_past = moment is not None and facts.case.local_day(moment) <= facts.case.today
        return _day(moment, f"order.{name}", facts) if is_past else None

    return find


def _moment(moment: datetime, source: str, facts: Facts) -> Fact:
    local = moment.astimezone(facts.case.marketplace.timezone)
    country = facts.case.marketplace.country
    day = say_day(local.date(), facts.language, country, False)
    time = say_time(local, facts.language, country)
    said_by = facts.letter.by.replace("{date}", day).replace("{time}", time)
    return Fact(said_by + say_zone(local, facts.language, country), source)


def _from_order(name: str) -> Callable[[Facts], Fact | None]:
    def find(facts: Facts) -> Fact | None:
        value = facts.case.text(getattr(facts.case.order, name))
        said = value and body_text(value, facts.case.language)
        return Fact(_in_polite(said) if facts.case.language == "ja" else said, f"order.{name}") if said else None

    return find


def _refund_status(facts: Facts) -> Fact | None:
    """The state that the data name, in the buyer's language, or words written in it; never a code or other words."""
    case, order, state = facts.case, facts.case.order, facts.refund
    if not state:
        value = case.text(order.refund_status)
        own = isinstance(order.refund_status, Mapping) or (
            value and is_prose(clean_text(value, case.language), case.language)
        )
        return _from_order("refund_status")(facts) if own else None
    day = state.day and case.local_day(state.day)
    if day and day > case.today:
        if is_event(state):
            return None  # data that say otherwise are not to be believed
        day = None
    country, sum_ = case.marketplace.country, state.money
    on = say_day(day, facts.language, country, abs(day - case.today) > YEAR_IS_CLEAR) if day else ""
    money = say_money(str(sum_.amount), sum_.currency, facts.language, country) if sum_ else ""
    said = say_state(state, facts.language, on, money)
    return Fact(said, "order.refund_status") if said else None


def _refund_open(facts: Facts) -> Fact | None:
    if not facts.refund or not is_open(facts.refund) or not facts.get("refund_status"):
        return None
    by = _moment(facts.case.resolve_by, "", facts).value
    return Fact(facts.letter.refund_open.replace("{by}", by), "order.refund_status")


def is_prose(text: str, language: str) -> bool:
    """True for words that were written for a reader of this language; a code is in none.

    >>> is_prose("Erstattung folgt nach Prüfung der Ware", "de"), is_prose("waiting on carrier claim", "de")
    (True, False)
    >>> is_prose("倉庫で検品中です", "ja"), is_prose("返金 RFND-2", "ja"), is_prose("PNDNG_22", "en")
    (True, False, False)
    """
    from messages import detect_language

    words = _WORD.findall(text)
    if language == "ja":
        return not words and bool(_KANA.search(text)) and is_japanese(text)
    plain = [word for word in words if not word.isupper()]
    return len(plain) >= LEAST_WORDS and not _CHINESE.search(text) and detect_language(text) == language


def _in_polite(text: str) -> str:
    """Japanese sentences of a manual or a data sheet as a letter says them; what is no sentence stays as it is.

    >>> _in_polite("3回押すと消灯。約20秒後に消える。充電中は働かない。")
    '3回押すと消灯。約20秒後に消えます。充電中は働きません。'
    """
    return corrected(text, partial(check, language="ja"), TeamRules())


def _product_name(facts: Facts) -> Fact | None:
    value = facts.case.text(facts.case.order.product_name)
    said = value and product_name(value, facts.case.language)
    return Fact(said, "order.product_name") if said else None


def _steps(facts: Facts) -> Fact | None:
    found = _from_order("manual_steps")(facts)
    if not found:
        return None
    said = numbered(found.value)
    return Fact("・" + said if facts.language == "ja" and said[0] != "1" else said, found.source)  # 押す is no sentence


def _manual_page(facts: Facts) -> Fact | None:
    page = facts.case.text(facts.case.product.manual_page)
    allowed = page and is_allowed_link(page, facts.case.policy.allowed_links)
    return Fact(page, "product.manual_page") if page and allowed else None


def _specs(facts: Facts) -> Fact | None:
    found = _from_order("product_specs")(facts)
    if not found:
        return None
    end = "" if found.value[-1] in ".!?。）)" else "。" if facts.language == "ja" and "。" in found.value else "."
    return Fact(found.value + end, found.source)


def _order_id(facts: Facts) -> Fact | None:
    case = facts.case
    if not case.order_id:
        return None
    return Fact(clean_text(case.order_id, "en"), "order.order_id" if case.order.order_id else "message")


def is_number(text: str) -> bool:
    """True for a number as parcels and invoices have them; a day, or words of how it stands, is none.

    >>> [is_number(t) for t in ("INV-2026 417", "2026-11-0417", "pending", "sent 2027-03-09", "2027-03-09")]
    [True, True, False, False, False]
    """
    is_day = any(text[slice(*span)] == text for _, span in find_days(text))
    return any(c.isdigit() for c in text) and not is_day and not _LOWER_WORD.search(text)


def _short(name: str, longest: int, is_one: Callable[[str], bool]) -> Callable[[Facts], Fact | None]:
    """A number or a carrier's name: taken whole or not at all."""

    def find(facts: Facts) -> Fact | None:
        value = getattr(facts.case.order, name)
        said = value and clean_text(str(value), "ja" if facts.case.language == "ja" else "en").replace("\n", " ")
        if not said or len(said) > longest or is_foreign(said, facts.case.language) or not is_one(said):
            return None
        return Fact(said, f"order.{name}")

    return find


def _money(amount: object, currency: str | None, source: str, facts: Facts) -> Fact | None:
    if amount is None or not currency:
        return None
    return Fact(say_money(str(amount), currency, facts.language, facts.case.marketplace.country), source)


def _compensation(facts: Facts) -> Fact | None:
    money = facts.case.money
    if money is None:
        return None
    source = "message" if facts.case.asked_sum else "order.order_total x policy.compensation_share"
    return _money(money.amount, money.currency, source, facts)


def _model(facts: Facts) -> Fact | None:
    answer, model = facts.case.model
    source = "product.compatible_with" if answer == "yes" else "product.not_compatible_with"
    return Fact(clean_text(model, facts.case.language), source) if model else None


def _works_with(facts: Facts) -> Fact | None:
    models = [clean_text(m, facts.case.language) for m in facts.case.product.compatible_with[:5]]
    if not models or any(is_foreign(model, facts.case.language) for model in models):
        return None
    return Fact(("、" if facts.language in ("ja", "zh") else ", ").join(models), "product.compatible_with")


def _restock(facts: Facts) -> Fact | None:
    day = facts.case.order.restock_date
    return None if facts.case.is_past(day) else _day(day, "order.restock_date", facts)


def _sign_off(facts: Facts) -> Fact:
    policy, words = facts.case.policy, facts.letter
    if policy.sign_off and facts.language != "zh":
        return Fact(_after_closing(policy.sign_off.strip(), facts), "policy.sign_off")
    name, source = (policy.shop_name, "policy.shop_name") if policy.shop_name else (words.team, "language")
    return Fact(f"{words.close}\n{name}", source)


def _after_closing(sign_off: str, facts: Facts) -> str:
    """A seller's own ending; a Japanese letter keeps its closing sentence (何卒…) before it."""
    keeps = facts.language == "ja" and "お願い" not in sign_off
    return f"{facts.letter.close}\n{sign_off}" if keeps else sign_off


def _salutation(facts: Facts) -> Fact:
    said, by_name = greeting(facts.case.order.buyer_name, facts.case.language, facts.letter)
    return Fact(said, "order.buyer_name" if by_name else "language")


def _reply_by(facts: Facts) -> Fact:
    from suggest.deadlines import reply_by

    return _moment(reply_by(facts.case.received), "received + 24 h", facts)


def _back_by(facts: Facts) -> Fact | None:
    by = facts.case.back_by
    return _moment(by, "now + policy.resolve_hours + policy.holidays", facts) if by else None


def _return_cost(facts: Facts) -> Fact | None:
    said = {"buyer": facts.letter.return_buyer, "seller": facts.letter.return_seller}.get(
        facts.case.policy.return_paid_by
    )
    return Fact(said, "policy.return_paid_by") if said else None


def _season(facts: Facts) -> Fact | None:
    season = facts.case.season
    if season is None:
        return None
    day = say_day(season.last, facts.language, facts.case.marketplace.country, False)
    return Fact(facts.letter.season.replace("{date}", day).replace("{days}", str(season.days)), "policy.season")


FACTS: dict[str, Callable[[Facts], Fact | None]] = {
    "salutation": _salutation,
    "sign_off": _sign_off,
    "shop_name": lambda f: Fact(f.case.policy.shop_name, "policy.shop_name") if f.case.policy.shop_name else None,
    "order_id": _order_id,
    "product_name": _product_name,
    "carrier": _short("carrier", 40, is_carrier),
    "tracking_id": _short("tracking_id", 40, is_number),
    "eta": lambda f: _day(f.case.order.eta, "order.eta", f),
    "due": lambda f: None if f.case.is_past(f.case.order.eta) else f.get("eta"),
    "last_tracking_update": _past_day("last_tracking_update"),
    "ordered_at": _past_day("ordered_at"),
    "shipped_at": _past_day("shipped_at"),
    "delivered_at": _past_day("delivered_at"),
    "order_total": lambda f: _money(f.case.order.order_total, f.case.order.currency, "order.order_total", f),
    "compensation": _compensation,
    "goodwill": lambda f: Fact(f.letter.goodwill, "language") if f.case.money else None,
    "return_until": lambda f: _day(f.case.return_until, "order.delivered_at + return_window_days", f),
    "return_days": lambda f: Fact(str(f.case.return_days), "order.return_window_days") if f.case.return_days else None,
    "steps": _steps,
    "manual_page": _manual_page,
    "specs": _specs,
    "fits_model": _model,
    "works_with": _works_with,
    "refund_status": _refund_status,
    "refund_open": _refund_open,
    "restock_date": _restock,
    "invoice": _short("invoice", 60, is_number),
    "emergency_number": lambda f: Fact(EMERGENCY[f.case.marketplace.country], "marketplace"),
    "resolve_by": lambda f: _moment(f.case.resolve_by, "now + policy.resolve_hours", f),
    "resolve_hours": lambda f: Fact(str(f.case.policy.resolve_hours), "policy.resolve_hours"),
    "presale_by": lambda f: _moment(f.case.presale_by, "now + policy.presale_hours", f),
    "presale_hours": lambda f: Fact(str(f.case.policy.presale_hours), "policy.presale_hours"),
    "reply_by": _reply_by,
    "back_by": _back_by,
    "return_cost": _return_cost,
    "season": _season,
    "season_until": lambda f: _day(f.case.season_until, "order.shipped_at + policy.season", f),
}
assert FACTS.keys() == FIELDS.keys(), "every field has its fact"
