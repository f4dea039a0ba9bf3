"""Reads what people wrote: situations.toml (when a reply is used) and templates/<language>.toml (its words).

A template is plain data. Only `{known_name}` is a field; it is looked for once, when the file is read, and replaced
by joining parts, so that nothing a buyer wrote can become a field.
"""

import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Any

import re2
from ahocorasick_rs import AhoCorasick

from messages import InputError
from model import SCENARIOS

LANGUAGES = ("en", "de", "fr", "es", "it", "ja")
STATUSES = ("", "review", "person", "no_reply")
SITUATIONS = Path(__file__).with_name("situations.toml")
FOLDER = Path(__file__).with_name("templates")

FIELDS = {
    "salutation": "how the letter begins, by name if there is a good one",
    "sign_off": "how it ends: the seller's own words, or the language's",
    "shop_name": "the seller's shop, from the policy",
    "order_id": "the order's number; from the message if the order data hold none",
    "product_name": "the product, cleaned and shortened",
    "carrier": "who carries the package",
    "tracking_id": "its tracking number",
    "eta": "expected delivery date; may be past, so only: it was expected on",
    "due": "the same, only while it lies ahead: it is expected on",
    "last_tracking_update": "day of the last scan",
    "ordered_at": "day of the order",
    "shipped_at": "day it was shipped",
    "delivered_at": "day it is shown as delivered",
    "order_total": "what was paid, with its currency",
    "compensation": "the amount offered: total x share, rounded down",
    "goodwill": "the sentence that goes with every amount",
    "return_until": "last day of the return window",
    "return_days": "length of the return window in days",
    "steps": "the manual's steps, numbered; a paragraph of its own",
    "manual_page": "the link of the manual's page, if it is Amazon's or the policy allows it",
    "specs": "the product's specifications",
    "fits_model": "the model the buyer asks about, as our list has it",
    "works_with": "the models on our list",
    "refund_status": "what the data say about the refund",
    "refund_open": "by when we say what is still to be done, where that is not yet paid",
    "restock_date": "day it is back in stock",
    "invoice": "number of the invoice",
    "emergency_number": "emergency number of the marketplace's country",
    "resolve_by": "day and time by which we answer",
    "resolve_hours": "the same in hours",
    "presale_by": "day and time by which we answer before a purchase",
    "presale_hours": "the same in hours",
    "reply_by": "day and time by which Amazon wants a reply",
    "back_by": "day and time by which we answer after the public holiday",
    "return_cost": "who pays for the way back, from the policy",
    "season": "how long a delivery takes at present, from the policy",
    "season_until": "last day of that time for this order, counted from the day it was shipped",
}

_FIELD = re2.compile(r"\{([^{}]*)\}")
_ACCENTS = re.compile("[\u0300-\u036f]+")
_SIGNS = re.compile(r"[\W_]+")  # what is not alphanumeric to Python, of which re2 knows less


@dataclass(frozen=True)
class Situation:
    """When a template is used; see the head of situations.toml."""

    id: str
    scenario: tuple[str, ...]
    when: tuple[str, ...] = ()
    words: bool = False
    tie: str = ""
    stand_in: bool = False
    needs: tuple[str, ...] = ()
    covers: tuple[str, ...] = ()
    side: bool = False
    beside: str = ""
    offered: bool = False
    status: str = ""
    about: str = ""
    about_zh: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Line:
    """A stretch of text in parts; every odd part is the name of a field.

    `optional` may be left out when a fact is missing; `otherwise` then stands in its place, or what stands in for that.
    """

    parts: tuple[str, ...]
    optional: bool = False
    otherwise: "Line | None" = None

    @cached_property
    def fields(self) -> tuple[str, ...]:
        return self.parts[1::2]

    @cached_property
    def choices(self) -> tuple["Line", ...]:
        """This line and those that may stand in for it, the best first."""
        return (self, *(self.otherwise.choices if self.otherwise else ()))

    def or_else(self, last: "Line") -> "Line":
        """The same line with one more that stands in when no other can be said."""
        return replace(self, otherwise=self.otherwise.or_else(last) if self.otherwise else last)


Text = tuple[tuple[Line, ...], ...]  # paragraphs of lines


@dataclass(frozen=True)
class Template:
    """What a situation is answered with in one language; `text` and `text_zh` are paragraphs of lines."""

    id: str
    language: str
    situation: Situation
    words: tuple[str, ...]
    samples: tuple[str, ...]
    text: Text
    text_zh: Text

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """Those that it cannot do without."""
        said = (line for paragraph in self.text for line in paragraph if not line.optional)
        return tuple(dict.fromkeys(name for line in said for name in line.fields))

    @cached_property
    def spaced_samples(self) -> tuple[str, ...]:
        return tuple(map(spaced, self.samples))


@dataclass(frozen=True)
class Letter:
    """What every letter of a language has: salutations, closing, connectives."""

    named: str
    unnamed: str
    mr: str
    ms: str
    mr_words: tuple[str, ...]
    ms_words: tuple[str, ...]
    review_words: tuple[str, ...]  # a demand that holds one is answered without money
    keeping_words: tuple[str, ...]  # of a buyer who keeps the item: it is money that is wanted
    returning_words: tuple[str, ...]  # of one who sends it back: it is a return
    replacing_words: tuple[str, ...]  # of one who wants another one, or the money back, for one that is no good
    money_words: tuple[str, ...]  # of one who may want money; who keeps the item and says none of them wants none
    condition_words: tuple[str, ...]  # whole words: "if it is not here by Friday, cancel it" cancels nothing yet
    close: str
    team: str
    order: str
    second: str
    here: str
    goodwill: str
    by: str
    season: str
    return_buyer: str
    return_seller: str
    refund_open: str


@dataclass(frozen=True)
class Templates:
    """All of one language for one marketplace."""

    language: str
    letter: Letter
    by_id: Mapping[str, Template]
    example: Mapping[str, Any]

    @cached_property
    def chosen_from(self) -> Mapping[str, tuple[Template, ...]]:
        """By scenario: what a message can be about, in the order of choice; one's own falls back to "other"."""
        rows = [t for t in self.by_id.values() if not t.situation.offered]
        first = [t for t in rows if t.situation.scenario == ("any",)]
        names = dict.fromkeys((*SCENARIOS, *(name for t in rows for name in t.situation.scenario if name != "any")))
        found = {name: [*first, *(t for t in rows if name in t.situation.scenario)] for name in names}
        last = [t for t in rows if "other" in t.situation.scenario]
        return {name: tuple(ts if name in SCENARIOS else [*ts, *last]) for name, ts in found.items()}

    @cached_property
    def _finder(self) -> tuple[AhoCorasick, list[tuple[str, ...]]]:
        """Every word of every template in one automaton, and whose it is."""
        owners: dict[str, list[str]] = {}
        for template in self.by_id.values():
            for word in template.words:
                owners.setdefault(word, []).append(template.id)
        return AhoCorasick(list(owners)), [tuple(ids) for ids in owners.values()]

    def worded(self, words: str) -> frozenset[str]:
        """The ids of the templates one of whose words is in a `spaced` message."""
        automaton, owners = self._finder
        found = {place for place, _, _ in automaton.find_matches_as_indexes(words, overlapping=True)}
        return frozenset(name for place in found for name in owners[place])

    def of(self, scenario: str) -> tuple[Template, ...]:
        """Templates that a message of this scenario may get."""
        return self.chosen_from.get(scenario) or self.chosen_from["other"]


@lru_cache(maxsize=256)
def parse_line(text: str) -> tuple[str, ...]:
    """Parts of a line, fields at the odd places. Raises ValueError for anything in braces that is no known name.

    >>> parse_line("Order {order_id} is with {carrier}.")
    ('Order ', 'order_id', ' is with ', 'carrier', '.')
    >>> parse_line("Hello {order.order_id}")
    Traceback (most recent call last):
    ValueError: {order.order_id} is no field; known: back_by carrier compensation ...
    >>> parse_line("50 } off")
    Traceback (most recent call last):
    ValueError: a brace without its partner in '50 } off'
    """
    parts, end = [], 0
    for match in _FIELD.finditer(text):
        name = match.group(1)
        if name not in FIELDS:
            raise ValueError(f"{{{name}}} is no field; known: {' '.join(sorted(FIELDS))}")
        parts += [text[end : match.start()], name]
        end = match.end()
    parts.append(text[end:])
    if any(brace in part for part in parts[::2] for brace in "{}"):
        raise ValueError(f"a brace without its partner in {text!r}")
    return tuple(parts)


def parse_text(text: str) -> Text:
    """Paragraphs of lines: a blank line divides, `? ` may be left out, each `: ` stands in for the line above.

    >>> (first,), (second,) = parse_text("Hello.\\n\\n? Order {order_id}.\\n: Your order.")
    >>> second.optional, second.fields, second.otherwise.parts
    (True, ('order_id',), ('Your order.',))
    """
    paragraphs: list[tuple[Line, ...]] = []
    for block in text.strip().split("\n\n"):
        lines: list[Line] = []
        for raw in filter(None, map(str.strip, block.split("\n"))):
            if raw.startswith(": "):
                if not lines or not lines[-1].optional:
                    raise ValueError(f'": " must follow a "? " line: {raw!r}')
                lines[-1] = lines[-1].or_else(Line(parse_line(raw[2:])))
            elif raw.startswith("? "):
                line = Line(parse_line(raw[2:]), optional=True)
                if not line.fields:
                    raise ValueError(f'a "? " line needs a field: {raw!r}')
                lines.append(line)
            else:
                lines.append(Line(parse_line(raw)))
        if lines:
            paragraphs.append(tuple(lines))
    return tuple(paragraphs)


@cache
def situations() -> tuple[Situation, ...]:
    """All situations in the order of the file, which is the order of choice.

    >>> situations()[0].id, situations()[0].status
    ('person-safety', 'person')
    """
    return read_situations(SITUATIONS)


def read_situations(path: Path) -> tuple[Situation, ...]:
    """Situations from a file; a mistake is an InputError that names file, line and what is allowed."""
    table, raw = read_toml(path)
    found: dict[str, Situation] = {}
    for row in table.get("situation", []):
        name = row.get("id", "")
        with place(path, raw, f'id = "{name}"'):
            allow_keys(row, [f.name for f in Situation.__dataclass_fields__.values()], f"situation {name!r}")
            scenario = row["scenario"] if isinstance(row["scenario"], list) else [row["scenario"]]
            wrong = set(scenario) - {*SCENARIOS, "any"}
            if wrong:
                raise ValueError(f"unknown scenario {sorted(wrong)}; known: any {' '.join(SCENARIOS)}")
            if row.get("status", "") not in STATUSES:
                raise ValueError(f"unknown status {row['status']!r}; known: {' '.join(STATUSES[1:])}")
            if name in found:
                raise ValueError(f"situation {name!r} is there twice")
            values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in row.items()}
            found[name] = Situation(**{**values, "scenario": tuple(scenario)})
    return tuple(found.values())


@cache
def templates(language: str, marketplace: str = "") -> Templates:
    """The templates of a language, in the words of that marketplace's country.

    >>> templates("en", "UK").by_id["person-safety"].language
    'en'
    """
    return read_templates(FOLDER / f"{language}.toml", language, marketplace)


@cache
def letter(language: str, marketplace: str = "") -> Letter:
    """What frames a letter in a language; "zh" is there for the gloss only."""
    table, raw = read_toml(path := FOLDER / f"{language}.toml")
    with place(path, raw, "[letter]"):
        return _letter(table.get("letter", {}), table.get("region", {}).get(marketplace, {}))


def read_templates(path: Path, language: str, marketplace: str = "") -> Templates:
    """Templates from a file; a mistake is an InputError that names file, line, template and what is allowed."""
    table, raw = read_toml(path)
    region = table.get("region", {}).get(marketplace, {})
    known = {s.id: s for s in situations()}
    with place(path, raw, "[letter]"):
        frame = _letter(table.get("letter", {}), region)
    found = {}
    for name, row in table.items():
        if name in ("letter", "region", "example"):
            continue
        with place(path, raw, f"[{name}]"):
            if name not in known:
                raise ValueError(f"unknown situation {name!r}; known: {' '.join(known)}")
            found[name] = read_template(row, known[name], language, region)
    missing = [name for name in known if name not in found]
    if missing:
        raise InputError(
            f"{path.name}: no template for {' '.join(missing)}. Every situation needs one in each language."
        )
    return Templates(language, frame, {name: found[name] for name in known}, table.get("example", {}))


def read_template(row: Mapping[str, Any], situation: Situation, language: str, region: Mapping[str, str]) -> Template:
    allow_keys(row, ["words", "samples", "text", "text_zh"], f"template {situation.id!r}")
    lacking = [key for key in ("samples", "text", "text_zh") if key not in row]
    if lacking:
        raise ValueError(f"template {situation.id!r} lacks {' '.join(lacking)}")
    if bool(row.get("words")) != situation.words:
        raise ValueError(
            f"template {situation.id!r}: `words` {'are wanted' if situation.words else 'have no use'} here"
        )
    text, text_zh = parse_text(row["text"]), parse_text(row["text_zh"])
    for name, paragraphs in (("text", text), ("text_zh", text_zh)):
        silent = situation.status == "no_reply" and not paragraphs
        frame = paragraphs and (paragraphs[0][0].fields, paragraphs[-1][0].fields)
        if not silent and frame != (("salutation",), ("sign_off",)):
            raise ValueError(f"{name} of {situation.id!r} must begin with {{salutation}} and end with {{sign_off}}")
    if _fields(text) != _fields(text_zh):
        differs = " ".join(sorted(_fields(text) ^ _fields(text_zh)))
        raise ValueError(f"text and text_zh of {situation.id!r} differ in: {differs}")
    words = tuple(wanted(word, language) for word in row.get("words", ()))
    return Template(situation.id, language, situation, words, tuple(row["samples"]), _regional(text, region), text_zh)


def _letter(row: Mapping[str, Any], region: Mapping[str, str]) -> Letter:
    names = list(Letter.__dataclass_fields__)
    allow_keys(row, names, "[letter]")
    lacking = [name for name in names if name not in row]
    if lacking:
        raise ValueError(f"[letter] lacks {' '.join(lacking)}")
    values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else _swap(v, region) for k, v in row.items()}
    return Letter(**values)


def lines(text: Text) -> Iterator[Line]:
    """Every line of a text, the stand-ins too."""
    for paragraph in text:
        for line in paragraph:
            yield from line.choices


def _fields(text: Text) -> set[str]:
    return {name for line in lines(text) for name in line.fields}


def _regional(text: Text, region: Mapping[str, str]) -> Text:
    def swapped(line: Line) -> Line:
        parts = tuple(part if i % 2 else _swap(part, region) for i, part in enumerate(line.parts))
        return replace(line, parts=parts, otherwise=line.otherwise and swapped(line.otherwise))

    return tuple(tuple(swapped(line) for line in paragraph) for paragraph in text)


def _swap(text: str, region: Mapping[str, str]) -> str:
    """Another country's words: whole words only, a capital letter kept.

    >>> _swap("Package or packages, a packager", {"package": "parcel"})
    'Parcel or packages, a packager'
    >>> _swap("Hola:", {"Hola": "Buen día"})
    'Buen día:'
    """
    for ours, theirs in region.items():
        for old, new in ((ours, theirs), (ours[:1].upper() + ours[1:], theirs[:1].upper() + theirs[1:])):
            end = r"\b" if old[-1:].isalnum() else ""
            text = re2.sub(rf"\b{re2.escape(old)}{end}", lambda _, new=new: new, text)  # re2 garbles a plain "día"
    return text


def fold(text: str) -> str:
    """Case-, width- and accent-blind form in which words are looked for; kana keep their marks.

    >>> fold("Où est  mon COLIS ?"), fold("ＷＲＯＮＧ"), fold("ガード")
    ('ou est mon colis ?', 'wrong', 'ガード')
    """
    text = unicodedata.normalize("NFKC", text).casefold().replace("’", "'")
    if not text.isascii():
        text = unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFD", text)))
    return " ".join(text.split())


@lru_cache(maxsize=64)
def spaced(text: str) -> str:
    """Folded words between single blanks; a message is asked for several times.

    >>> spaced("Where's my PARCEL?!")
    ' where s my parcel '
    """
    return f" {_SIGNS.sub(' ', fold(text)).strip()} "


def wanted(word: str, language: str) -> str:
    """A word as it is looked for in a `spaced` message: where a word begins; after "*" and in Japanese anywhere."""
    anywhere = language == "ja" or word.startswith("*")
    return spaced(word).strip() if anywhere else spaced(word).rstrip()


def read_toml(path: Path) -> tuple[dict[str, Any], str]:
    try:
        raw = path.read_text(encoding="utf-8")
        return tomllib.loads(raw), raw
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"Cannot read {path.name}: {error}. Mend the file or put the shipped one back.") from None


def allow_keys(row: Mapping[str, Any], known: list[str], what: str) -> None:
    unknown = [key for key in row if key not in known]
    if unknown:
        raise ValueError(f"{what} has no key {' '.join(map(repr, unknown))}; known: {' '.join(known)}")


class place:
    """Turns a ValueError inside into an InputError that says in which file and at which line."""

    def __init__(self, path: Path, raw: str, mark: str) -> None:
        at = raw.find(mark)
        self.where = f"{path.name}, line {raw.count(chr(10), 0, at) + 1}" if at >= 0 else path.name

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, (ValueError, KeyError, TypeError)) and not isinstance(error, InputError):
            raise InputError(f"{self.where}: {error}.") from None
