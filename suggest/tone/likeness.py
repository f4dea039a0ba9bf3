"""Sentences that no phrase knows but that sound like those that people wrote down: a small linear reader a category."""

import json
import re
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from operator import add
from typing import NamedTuple

from suggest.tone.case import Case
from suggest.tone.rules import FOLDER

Spans = Iterator[tuple[int, int]]

FILE = FOLDER / "likeness.json"
FULL = (21, 40)  # pieces of a sentence that can speak for itself: eleven words; in Japanese 15 letters
_STEM = re.compile(r"([^\W\d_]{1,5})[^\W\d_]*")
_BLANK = re.compile(r"[\s\d]+")
_HUNDRED = re.compile(r"100 ?%|\b(?:19|20)\d\d\b")  # "100 % satisfied", "since 1998" are no facts of an order


class Reader(NamedTuple):
    """How much each piece of a sentence speaks for a category, and the sum from which a sentence belongs to it."""

    weights: dict[str, float]
    least: float


def pieces(plain: str, language: str) -> list[str]:
    """What a sentence is made of: beginnings of words and pairs of them; in Japanese two to four letters.

    >>> pieces("your smile is our joy", "en")
    ['your', 'smile', 'is', 'our', 'joy', 'your smile', 'smile is', 'is our', 'our joy']
    >>> pieces("笑顔が 力", "ja")
    ['笑顔', '顔が', 'が力', '笑顔が', '顔が力', '笑顔が力']
    """
    if language == "ja":
        text = _BLANK.sub("", plain)
        two = list(map(add, text, text[1:]))
        three = list(map(add, two, text[2:]))
        found = [*two, *three, *map(add, three, text[3:])]
    else:
        stems = _STEM.findall(plain)
        found = [*stems, *map(" ".join, pairwise(stems))]
    return list(dict.fromkeys(found))


@cache
def readers(language: str) -> dict[str, Reader]:
    """The readers of a language by category; `python -m suggest.tone.learn` makes them."""
    table = json.loads(FILE.read_text(encoding="utf-8"))[language]
    return {category: Reader(reader["weights"], reader["least"]) for category, reader in table.items()}


def likeness(plain: str, language: str, category: str) -> float:
    """How much a sentence sounds like those of a category; above 0 it does.

    >>> likeness("the joy of our customers is what we live for", "en", "generic_reassurance") > 0
    True
    >>> likeness("the lid fits the 12 cm and the 14 cm bowl", "en", "generic_reassurance") > 0
    False
    """
    return _likeness(pieces(plain, language), readers(language)[category], FULL[language == "ja"])


def _likeness(found: list[str], reader: Reader, least: int) -> float:
    """`least` pieces must have spoken: in three words one word would decide."""
    said = sum(filter(None, map(reader.weights.get, found)))
    return float(said / max(len(found), least) ** 0.5 - reader.least)


def reasons(plain: str, language: str, category: str, count: int = 5) -> list[str]:
    """The pieces that spoke most for the category.

    >>> reasons("the joy of our customers is what we live for", "en", "generic_reassurance", 2)[0]
    'custo'
    """
    weights = readers(language)[category].weights
    found = [piece for piece in pieces(plain, language) if weights.get(piece, 0) > 0]
    return sorted(found, key=lambda piece: -weights[piece])[:count]


def reassuring(case: Case) -> Spans:
    """Sentences of warmth that hold no number and no quote; these are facts of a case."""
    for start, end, said, found in _sentences(case):
        if _sounds(case, found, "generic_reassurance") and not _is_fact(said):
            yield start, end


def _is_fact(said: str) -> bool:
    return "   " in said or any(char.isdigit() for char in _HUNDRED.sub("", said))


def courting(case: Case) -> Spans:
    """Sentences that court a review, or want one gone; some word for one stands in them."""
    for start, end, _, found in _sentences(case) if "reviewish" in case.occurring else ():
        if _sounds(case, found, "review_manipulation") and case.says("reviewish", start, end):
            yield start, end


def _sounds(case: Case, found: list[str], category: str) -> bool:
    language = case.reading.language
    full = FULL[language == "ja"]
    return full // 3 <= len(found) <= 7 * full and _likeness(found, readers(language)[category], full) > 0


def _sentences(case: Case) -> list[tuple[int, int, str, list[str]]]:
    """Start, end, words without quotes, and pieces of every sentence."""
    return case.once("sentences and pieces", lambda: _cut(case))


def _cut(case: Case) -> Iterator[tuple[int, int, str, list[str]]]:
    for start, end in case.reading.sentences:
        said = case.reading.unquoted(start, end)
        bare = said.strip()
        begin = start + len(said) - len(said.lstrip())
        yield begin, begin + len(bare), bare, pieces(bare, case.reading.language)
