"""The flags of a message: phrases from signals/<language>.toml, all found in one walk over the folded text."""

import tomllib
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from functools import cache
from itertools import chain as joined
from itertools import product
from math import prod
from pathlib import Path
from typing import Any

import re2
from ahocorasick_rs import AhoCorasick

from messages import SUPPORTED_LANGUAGES, InputError, beyond_ascii
from model.scenarios import FLAGS

FOLDER = Path(__file__).with_name("signals")
FLAGS_BY_PHRASE = tuple(flag for flag in FLAGS if flag not in ("unsupported_language", "two_topics"))

_REACH = {"ja": 24}  # characters that "…" bridges where words are written without blanks
_REACH_OF_WORDS = 60  # about ten words elsewhere
_MAX_WORDINGS = 5_000
_MAX_READ = 100_000  # characters of a message that are read
_NEIGHBOURS = 8  # spans looked at around one place: no more can overlap there
_END = "\x1e"  # stands for the end of a sentence until it is written as "."
_LIST = re2.compile(r"\{(\w*)\}")


@dataclass(frozen=True)
class Signal:
    """What gives a message a flag, with its proof.

    A phrase is a run of words. `burn*` is every word that begins so, `*anwalt` every word that ends so, `{body}` any
    entry of the list `body` under [words], `^ok$` the whole message. "a … b" is a and soon after it b in the same
    sentence, "a + b" the same in either order. A phrase that lies inside one of `allowed` does not count, and none
    does where one of `unless` stands anywhere in the message.
    """

    id: str
    flag: str
    phrases: tuple[str, ...]
    flagged: tuple[str, ...]
    clean: tuple[str, ...]
    allowed: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()


class _Letters(dict[int, str | None]):
    """What becomes of each character: a letter without its accent, a sign that says something, or a blank."""

    def __init__(self, apostrophe: str | None):
        super().__init__(dict.fromkeys(map(ord, "'’‘ʼ`´′"), apostrophe))
        self.update({ord(_END): ".", ord("。"): f" {_END} ", ord("ø"): "o", ord("ł"): "l", ord("ı"): "i"})
        self.update({ord("?"): "?", ord("@"): " @ "})

    def __missing__(self, code: int) -> str | None:
        char = chr(code)
        kind = unicodedata.category(char)
        if kind[0] in "LN":
            read = char
        elif kind in ("Mn", "Cf", "Sk"):
            read = None  # accents after decomposition, zero-width characters, skin tones
        else:
            read = f" {char} " if kind == "So" else " "
        if code < 0x10000:
            self[code] = read
        return read


_LETTERS = {code: _Letters(None if code in ("en", "de", "ja") else " ") for code in SUPPORTED_LANGUAGES}
_LETTERS["ja"].update({code: chr(code - 0x60) for code in range(ord("ァ"), ord("ヶ") + 1)})
_DIGRAPHS = (("ae", "a"), ("oe", "o"), ("ue", "u"))  # loeschen, löschen and loschen are one word


def fold(text: str, language: str) -> str:
    """The text as it is searched: width, case and accents gone, blanks around words, "." where a sentence ends.

    Japanese is read in hiragana and without blanks, because a word is written in katakana or hiragana at will and
    half-width kana come with blanks. A German umlaut is the same letter however it is typed.

    >>> fold("J’ai été BRÛLÉ !", "fr"), fold("Daten loeschen?", "de"), fold("ﾔｹﾄﾞ ｦ ｼﾏｼﾀ。", "ja")
    (' ^ j ai ete brule $ ', ' ^ daten loschen ? $ ', '^やけどをしました$')
    """
    if text.isascii():
        text = text.lower()
        if language not in ("de", "ja") and text.replace(" ", "").isalnum():  # most wordings of phrases are
            return f" ^ {' '.join(text.split())} $ "
    elif language == "ja":
        text = unicodedata.normalize("NFKC", text).casefold().replace("。", ". ")
    else:
        text = unicodedata.normalize("NFKD", text).casefold().replace("œ", "oe").replace("æ", "ae")
    text = text.replace("!", ". ").replace("?", " ?. ").replace(". ", f" {_END} ")
    if language == "ja":
        return f"^{''.join(text.translate(_LETTERS['ja']).split()).rstrip('.')}$"
    text = _in_ascii(text, _LETTERS[language]).translate(_LETTERS[language])
    if language == "de":
        for typed, read in _DIGRAPHS:
            text = text.replace(typed, read)
    return f" ^ {' '.join(text.split()).rstrip(' .')} $ "


def _in_ascii(text: str, letters: _Letters) -> str:
    """The text with other signs that `letters` takes out or makes a blank as such signs of ASCII.

    A text in ASCII is translated ten times as fast, and what is left of most texts without accents is such a one.
    """
    others = {char: letters[ord(char)] for char in beyond_ascii(text)}
    if not {None, " "}.issuperset(others.values()):
        return text
    for char, read in others.items():
        text = text.replace(char, "," if read else "")
    return text


class Finder:
    """The signals of one language, compiled: every wording of every phrase in one Aho-Corasick automaton."""

    def __init__(self, signals: Sequence[Signal], words: Mapping[str, Sequence[str]], language: str):
        self.signals = tuple(signals)
        self.language = language
        self.reach = _REACH.get(language, _REACH_OF_WORDS)
        self.phrases: list[tuple[int, str]] = []  # (signal, phrase) of each phrase
        # What a wording is good for: (chain, place in the chain) of phrases, signals that allow or forbid it.
        self._steps: dict[int, list[tuple[int, int]]] = {}
        self._allows: dict[int, list[int]] = {}
        self._forbids: dict[int, list[int]] = {}
        self._chains: list[tuple[int, int]] = []  # (phrase, number of parts); "a + b" is two chains
        known: dict[str, int] = {}

        @cache
        def places(part: str) -> list[int]:
            return [known.setdefault(wording, len(known)) for wording in _wordings(part, words, language)]

        for number, signal in enumerate(self.signals):
            for phrase in signal.phrases:
                for parts in _orders(phrase):
                    for step, part in enumerate(parts):
                        for place in places(part):
                            self._steps.setdefault(place, []).append((len(self._chains), step))
                    self._chains.append((len(self.phrases), len(parts)))
                self.phrases.append((number, phrase))
            for phrases, uses in ((signal.allowed, self._allows), (signal.unless, self._forbids)):
                for phrase in phrases:
                    for place in places(phrase):
                        uses.setdefault(place, []).append(number)
        self._automaton = AhoCorasick(list(known))

    def flags(self, message: str) -> set[str]:
        """The flags whose phrases stand in the message."""
        return {self.signals[signal].flag for signal, _ in self.found(message)}

    def found(self, message: str) -> set[tuple[int, str]]:
        """Every (signal number, phrase) that counts in the message."""
        text = fold(message[:_MAX_READ], self.language)
        matches = self._automaton.find_matches_as_indexes(text, overlapping=True)
        forbidden: set[int] = set()
        allowed: dict[int, list[tuple[int, int]]] = {}
        for place, start, end in matches:
            forbidden.update(self._forbids.get(place, ()))
            for signal in self._allows.get(place, ()):
                allowed.setdefault(signal, []).append((start, end))
        ends: dict[tuple[int, int], int] = {}  # where the first parts of a chain ended last
        found: set[int] = set()
        for place, start, end in matches:
            for chain, step in self._steps.get(place, ()):
                phrase, n_parts = self._chains[chain]
                signal = self.phrases[phrase][0]
                if phrase in found or signal in forbidden or _is_inside(start, end, allowed.get(signal)):
                    continue
                if step and not self._reaches(text, ends.get((chain, step - 1)), start):
                    continue
                if step == n_parts - 1:
                    found.add(phrase)
                else:
                    ends[chain, step] = end
        return {self.phrases[phrase] for phrase in found}

    def _reaches(self, text: str, end: int | None, start: int) -> bool:
        """Whether a part that ended at `end` and one that starts at `start` belong together."""
        return end is not None and -1 <= start - end <= self.reach and "." not in text[end:start]


def _is_inside(start: int, end: int, spans: Sequence[tuple[int, int]] | None) -> bool:
    """Whether one of the spans, sorted by where they end, holds the place from start to end."""
    if not spans:
        return False
    first = bisect_left(spans, end, key=lambda span: span[1])
    return any(begin <= start for begin, _ in spans[first : first + _NEIGHBOURS])


def _orders(phrase: str) -> Iterator[list[str]]:
    """The parts of a phrase in each order that counts.

    >>> list(_orders("lawyer … sue")), list(_orders("burn* + hand"))
    ([['lawyer', 'sue']], [['burn*', 'hand'], ['hand', 'burn*']])
    """
    sides = [[part.strip() for part in side.split("…")] for side in phrase.split(" + ")]
    yield list(joined(*sides))
    if len(sides) > 1:
        yield list(joined(*reversed(sides)))


def _wordings(part: str, words: Mapping[str, Sequence[str]], language: str) -> Iterator[str]:
    """Every folded wording of one part of a phrase, bounded by blanks where a word has to begin or end.

    >>> list(_wordings("my {lawyer}", {"lawyer": ["lawyer*", "Brief"]}, "en"))
    [' my lawyer', ' my brief ']
    """
    names = _LIST.findall(part)
    for entries in product(*(words[name] for name in names)):
        wording = part
        for name, entry in zip(names, entries, strict=True):
            wording = wording.replace(f"{{{name}}}", entry, 1)
        folded = fold(wording.strip("^$*"), language).strip("^$ ")
        blank = "" if language == "ja" else " "
        before = f"{blank}^{blank}" if wording.startswith("^") else "" if wording.startswith("*") else blank
        after = f"{blank}${blank}" if wording.endswith("$") else "" if wording.endswith("*") else blank
        if not folded or "*" in wording.strip("*"):
            raise ValueError(f"{wording!r} is no phrase: words, with * at the beginning or end only")
        yield before + folded + after


def read_signals(language: str, *paths: Path) -> Finder:
    """Compile the signals of some files for one language; a mistake names file, signal and what is allowed."""
    words: dict[str, list[str]] = {}
    signals: list[Signal] = []
    for path in paths:
        table = _table(path)
        _known(table, ("words", "signal"), f"Signals {path.name}")
        words |= {
            name: _texts(entries, f"Signals {path.name}, words {name!r}") for name, entries in table["words"].items()
        }
        for row in table["signal"]:
            where = f"Signals {path.name}, signal {row.get('id', '(without id)')!r}"
            signals.append(_signal(row, words, language, where))
            if signals[-1].id in {s.id for s in signals[:-1]}:
                raise InputError(f"{where}: the id is taken. Wanted: one id a signal.")
    return Finder(signals, words, language)


def _table(path: Path) -> dict[str, Any]:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(
            f"Signals {path.name}: {error}. Wanted: a TOML file in UTF-8 with [[signal]] tables."
        ) from None
    return {"words": {}, "signal": []} | table


def _known(table: Mapping[str, Any], allowed: Iterable[str], where: str) -> None:
    for name in table:
        if name not in allowed:
            raise InputError(f"{where}: no field {name!r}. Allowed: {' '.join(allowed)}.")


def _texts(value: Any, where: str) -> list[str]:
    if not isinstance(value, list) or not value or not all(isinstance(text, str) and text for text in value):
        raise InputError(f"{where} wants a list of texts, not {value!r}.")
    return value


def _signal(row: Mapping[str, Any], words: Mapping[str, Sequence[str]], language: str, where: str) -> Signal:
    names = [field.name for field in fields(Signal)]
    _known(row, names, where)
    for field in fields(Signal):
        if field.default is MISSING and field.name not in row:
            raise InputError(f"{where}: {field.name} is missing. Needed: {' '.join(names[:5])}.")
    if row["flag"] not in FLAGS_BY_PHRASE:
        raise InputError(f"{where}: unknown flag {row['flag']!r}. Allowed: {' '.join(FLAGS_BY_PHRASE)}.")
    lists = {name: tuple(_texts(row[name], f"{where}: {name}")) for name in names[2:] if name in row}
    for phrase in (*lists["phrases"], *lists.get("allowed", ()), *lists.get("unless", ())):
        _checked(phrase, words, language, where)
    for name in ("allowed", "unless"):
        if any("…" in phrase or " + " in phrase for phrase in lists.get(name, ())):
            raise InputError(f'{where}: {name} wants plain phrases, without "…" and "+".')
    return Signal(row["id"], row["flag"], **lists)


def _checked(phrase: str, words: Mapping[str, Sequence[str]], language: str, where: str) -> None:
    for name in _LIST.findall(phrase):
        if name not in words:
            raise InputError(
                f"{where}: no list {name!r} for {phrase!r}. Lists under [words]: {' '.join(words) or 'none'}."
            )
    for part in joined(*_orders(phrase)):
        n_wordings = prod(len(words[name]) for name in _LIST.findall(part))
        if n_wordings > _MAX_WORDINGS:
            raise InputError(f"{where}: {phrase!r} has {n_wordings:,} wordings. Allowed: up to {_MAX_WORDINGS:,}.")
        try:
            list(_wordings(part, words, language))
        except ValueError as error:
            raise InputError(f"{where}: {error}.") from None


@cache
def finder(language: str) -> Finder:
    """The signals that ship with Henji for one language: those of every language and its own."""
    return read_signals(language, FOLDER / "all.toml", FOLDER / f"{language}.toml")


def find_flags(message: str, language: str, *, scenario: str, also: Sequence[str] = ()) -> tuple[str, ...]:
    """The flags of a message, in the order of `model.scenarios.FLAGS`.

    `language` is one of SUPPORTED_LANGUAGES, "other", or "" where it is not known; with the last two the signals of
    all languages are looked for. Signals of injury, law and privacy are wide on purpose: a missed one is a
    catastrophe, a false one costs a glance. `no_reply_needed` is given only where nothing else is found.

    >>> find_flags("The charger caught fire, I am calling my lawyer.", "en", scenario="returns")
    ('safety_or_injury', 'legal_threat')
    >>> find_flags("Hat sich erledigt, danke!", "de", scenario="other")
    ('no_reply_needed',)
    """
    languages = (language,) if language in SUPPORTED_LANGUAGES else SUPPORTED_LANGUAGES
    found = set().union(*(finder(code).flags(message) for code in languages))
    if language == "other":
        found.add("unsupported_language")
    if also:
        found.add("two_topics")
    if scenario != "other" or found - {"no_reply_needed", "unsupported_language"}:
        found.discard("no_reply_needed")
    return tuple(flag for flag in FLAGS if flag in found)
