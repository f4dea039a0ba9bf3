"""Sentences that no phrase knows but that sound like those that people wrote down: a small linear reader a category."""

import json
import re
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from operator import itemgetter
from typing import NamedTuple

import ahocorasick_rs

from suggest.tone.case import Case
from suggest.tone.promises import leaves_free
from suggest.tone.reading import remembered, stands_in, words_in
from suggest.tone.rules import FOLDER

Spans = Iterator[tuple[int, int]]

FILE = FOLDER / "likeness.json"
FULL = (21, 40)  # pieces of a sentence that can speak for itself: eleven words; in Japanese 15 letters
_BLANK = re.compile(r"[\s\d]+")
_FIGURE = re.compile("[0-9]")
_HUNDRED = re.compile(r"100 ?%")  # "100 % satisfied" is no fact of an order
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")  # nor is "since 1998" in a slogan
_COUNTED = re.compile(
    "[二三四五六七八九十][十]?(?:か所|カ所|箇所|本|枚|個|台|点|足|冊|膳|組|割|センチ|ミリ|日間|時間|分間|週間|度目|回目)"
)
SLOGAN = 80  # characters; what is longer and holds a year tells something


class Reader(NamedTuple):
    """How much each piece of a sentence speaks for a category, and the sum from which a sentence belongs to it.

    The automaton finds all known pieces in a sentence as `written`; their hundredths stand in its order.
    """

    weights: dict[str, float]
    least: float
    automaton: ahocorasick_rs.AhoCorasick
    hundredths: list[int]

    def heard(self, text: str) -> float:
        """The sum of the weights of all known pieces of a written sentence, each counted once."""
        known = set(map(itemgetter(0), self.automaton.find_matches_as_indexes(text, overlapping=True)))
        return sum(map(self.hundredths.__getitem__, known)) / 100


def written(plain: str, language: str) -> str:
    """A sentence as pieces are found in it: beginnings of words between blanks; in Japanese without any blank.

    >>> written("we're at your disposal, 24/7", "en"), written("笑顔が 力", "ja")
    (' we re at your dispo ', '笑顔が力')
    """
    if language == "ja":
        return _BLANK.sub("", plain)
    return _of_words(tuple(words_in(plain)))


@remembered
def _of_words(words: tuple[str, ...]) -> str:
    said = " ".join(words)
    parts = said.replace("'", " ").split() if "'" in said else words
    return f" {' '.join([word[:5] for word in parts])} " if parts else " "


def pieces(text: str, language: str) -> list[str]:
    """What a written sentence is made of: beginnings of words and pairs of them; in Japanese two to four letters.

    >>> pieces(" your smile is our joy ", "en")
    ['your', 'smile', 'is', 'our', 'joy', 'your smile', 'smile is', 'is our', 'our joy']
    >>> pieces("笑顔が力", "ja")
    ['笑顔', '顔が', 'が力', '笑顔が', '顔が力', '笑顔が力']
    """
    if language == "ja":
        found = [text[i : i + n] for n in (2, 3, 4) for i in range(len(text) - n + 1)]
    else:
        stems = text.split()
        found = [*stems, *map(" ".join, pairwise(stems))]
    return list(dict.fromkeys(found))


@cache
def readers(language: str) -> dict[str, Reader]:
    """The readers of a language by category; `python -m suggest.tone.learn` makes them."""
    table = json.loads(FILE.read_text(encoding="utf-8"))[language]
    return {category: _reader(reader["weights"], reader["least"], language) for category, reader in table.items()}


def _reader(weights: dict[str, float], least: float, language: str) -> Reader:
    literals = list(weights) if language == "ja" else [f" {piece} " for piece in weights]
    return Reader(weights, least, ahocorasick_rs.AhoCorasick(literals), [round(100 * w) for w in weights.values()])


def likeness(plain: str, language: str, category: str) -> float:
    """How much a sentence sounds like those of a category; above 0 it does.

    >>> likeness("the joy of our customers is what we live for", "en", "generic_reassurance") > 0
    True
    >>> likeness("the lid fits the 12 cm and the 14 cm bowl", "en", "generic_reassurance") > 0
    False
    """
    text, reader = written(plain, language), readers(language)[category]
    count = max(len(pieces(text, language)), FULL[language == "ja"])  # in three words one word would decide
    return float(reader.heard(text) / count**0.5 - reader.least)


def reasons(plain: str, language: str, category: str, count: int = 5) -> list[str]:
    """The pieces that spoke most for the category.

    >>> reasons("the joy of our customers is what we live for", "en", "generic_reassurance", 2)
    ['we', 'our']
    """
    weights = readers(language)[category].weights
    found = [piece for piece in pieces(written(plain, language), language) if weights.get(piece, 0) > 0]
    return sorted(found, key=lambda piece: -weights[piece])[:count]


def reassuring(case: Case) -> Spans:
    """Sentences of warmth that hold no number and no quote; these are facts of a case."""
    for start, end, said, text in _sentences(case):
        if (
            not _is_fact(said)
            and _sounds(text, case.reading.language, "generic_reassurance")
            and not case.says("answer", start, end)
        ):
            yield start, end


@remembered
def _is_fact(said: str) -> bool:
    if "   " in said or (not said.isascii() and _COUNTED.search(said)):
        return True
    if not (_FIGURE.search(said) if said.isascii() else any(map(str.isdigit, said))):
        return False
    bare = _HUNDRED.sub("", said)
    return any(map(str.isdigit, _YEAR.sub("", bare) if len(bare) < SLOGAN else bare))


def courting(case: Case) -> Spans:
    """Sentences that court a review, or want one gone; some word for one stands in them, and nothing is quoted."""
    for start, end, said, text in _sentences(case) if "reviewish" in case.occurring else ():
        if "   " in said or not _sounds(text, case.reading.language, "review_manipulation"):
            continue
        if _speaks_of_reviews(case, start, end) and not leaves_free(case, start, end):
            yield start, end


def _speaks_of_reviews(case: Case, start: int, end: int) -> bool:
    """True if a word for a review stands there that is none for something else: a star-head screw, an energy rating."""
    said = case.plain[start:end]
    return stands_in(
        case.word("reviewish"), case.word("namesake").sub(" ", said) if "namesake" in case.occurring else said
    )


@remembered
def _sounds(text: str, language: str, category: str) -> bool:
    """True if a sentence of some length is like those of a category; pieces are counted where they can matter."""
    reader, full = readers(language)[category], FULL[language == "ja"]
    most = 3 * len(text) - 6 if language == "ja" else 2 * text.count(" ") - 3  # pieces, if no two are the same
    if most < full // 3:
        return False
    heard = reader.heard(text)
    if heard <= reader.least * full**0.5:
        return False
    count = len(pieces(text, language))
    return full // 3 <= count <= 7 * full and heard / max(count, full) ** 0.5 > reader.least


def _sentences(case: Case) -> list[tuple[int, int, str, str]]:
    """Start, end, words without quotes, and what is written of every sentence."""
    return case.once("written sentences", lambda: _cut(case))


def _cut(case: Case) -> Iterator[tuple[int, int, str, str]]:
    is_japanese = case.reading.language == "ja"
    for i, (start, end) in enumerate(case.reading.sentences):
        said = case.reading.unquoted(start, end)
        bare = said.strip()
        begin = start + len(said) - len(said.lstrip())
        text = _BLANK.sub("", bare) if is_japanese else _of_words(case.reading.words[i])
        yield begin, begin + len(bare), bare, text
