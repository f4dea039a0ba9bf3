"""A message → the counts of its hashed character and word n-grams."""

import re
import string
import tomllib
import unicodedata
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import re2
from numpy.typing import NDArray

from messages import mask, mask_each, where_found
from model import kernel

BITS = kernel.BITS
CHARACTER_NGRAMS = tuple(range(1, kernel.LONGEST + 1))
WORD_NGRAMS = (1, 2)
MAX_CHARACTERS = 20_000
SHOUTED = 0.6  # share of capitals among the letters from which on case says nothing

_IDS = re2.compile("⟨(?:order|asin|tracking|number|name)⟩")
_LOOSE_ID = "(?:[a-z]{1,5}[- ]?[0-9]{3,}[0-9a-z-]*|[0-9]{4,}[0-9a-z-]*|[0-9]{2,}(?:-[0-9]{2,})+|⟨(?:phone|number)⟩)"
_STOP = r"[.,;:!?…。、\-–—)\]]"
_COURTESIES = Path(__file__).with_name("courtesies.toml")
_DIGIT = re.compile("[1-9]")
_SMALL = string.ascii_lowercase.encode("ascii")
_KINDS = np.zeros(0x110000, np.uint8)  # of characters: 2 in words, 1 between them, 0 not met yet


class NgramCounts(NamedTuple):
    """A sparse matrix in CSR form: row i is `buckets[rows[i]:rows[i + 1]]` with the counts beside it."""

    rows: NDArray[np.int64]
    buckets: NDArray[np.integer]
    counts: NDArray[np.integer]


def readable(text: str) -> str:
    """Masked and NFKC, sentence ends kept, case too unless it is shouted: what the second reader reads.

    Ids, names and courtesies leave no trace: that there is an order id says nothing of what is asked.

    >>> readable("Hello, is ３０２-1234567-7654321 on its way? Thank you in advance. a@example.com")
    'is  on its way? ⟨mail⟩'
    >>> readable("WHERE IS MY PARCEL")
    'where is my parcel'
    """
    return _said(_without_courtesies(_with_order_ids(mask(_composed(text)))))


def readable_each(texts: Sequence[str]) -> list[str]:
    """`readable` for each of many texts; what hardly any of them holds is looked for in all of them at once.

    >>> readable_each(["Hello, is it on its way?", "WHERE IS IT"])
    ['is it on its way?', 'where is it']
    """
    masked = mask_each([_composed(text) for text in texts])
    numbered = where_found(_loose_ids(), masked)
    masked = [_with_order_ids(text) if i in numbered else text for i, text in enumerate(masked)]
    framed = where_found(_courtesies(), masked)
    return [_said(_without_courtesies(text) if i in framed else text) for i, text in enumerate(masked)]


def _composed(text: str) -> str:
    return unicodedata.normalize("NFKC", text[:MAX_CHARACTERS].encode("utf-8", "replace").decode("utf-8"))


def _said(bare: str) -> str:
    """What is left to read, in small letters where it is shouted."""
    text = (_IDS.sub("", bare) if "⟨" in bare else bare).strip()
    lower = text.lower()
    return lower if lower != text and _is_shouted(text) else text


def _is_shouted(text: str) -> bool:
    encoded = text.encode("utf-8")
    n_small = len(encoded) - len(encoded.translate(None, _SMALL))
    if (1 - SHOUTED) * (len(text) - n_small) < SHOUTED * n_small:  # not even if all else were capitals: so in most
        return False
    return sum(map(str.isupper, text)) > SHOUTED * sum(map(str.isalpha, text))


def _with_order_ids(masked: str) -> str:
    """Order ids of any other shop's form too as ⟨order⟩: they say as little of what is asked.

    >>> _with_order_ids("Where is order #4471? And ORD-20931, 500 pieces?")
    'Where is order #⟨order⟩? And ORD-⟨order⟩, 500 pieces?'
    """
    if not (_DIGIT.search(masked) or "⟨" in masked):
        return masked
    return str(_loose_ids().sub(lambda m: f"{m[1] or ''}⟨order⟩", masked))


@cache
def _loose_ids() -> Any:
    words = "|".join(each for language in _told() for each in language["orders"]).replace("(", "(?:")
    return re2.compile(rf"(?i)({words}){_LOOSE_ID}|\B# ?[a-z]{{0,5}}-?[0-9]{{2,}}[0-9a-z-]*")


def _without_courtesies(masked: str) -> str:
    """The message without what frames it; where there is nothing but courtesies, they are the message."""
    if not _courtesies().search(masked):  # so in nine of ten
        return masked
    bare: str = _courtesies().sub(_edge, masked).strip()
    return bare if any(map(str.isalnum, _IDS.sub("", bare))) else masked


def _edge(match: "re2._Match") -> str:
    return f"{match[0][0]} " if match.start() else ""  # what ended the sentence before


@cache
def _told() -> list[dict[str, list[str]]]:
    return list(tomllib.loads(_COURTESIES.read_text(encoding="utf-8")).values())


@cache
def _courtesies() -> Any:
    """Courtesies one after another, each from the beginning of a sentence or part of one to its end."""
    frames, ids = (
        "|".join(each for language in _told() for each in language[kind]).replace("(", "(?:")
        for kind in ("frames", "ids")
    )  # nothing is captured: without groups a match is found many times faster
    one = rf"[\s¡¿(\[*:]*(?:(?:{frames})\s*(?:{_STOP}+|\n|$)|(?:{ids})(?:\s|{_STOP})*)"
    options = re2.Options()
    options.max_mem = 64 << 20  # of the usual 8 MB what is known of so many phrases is thrown away again and again
    return re2.compile(rf"(?is)(?:^|[.,;:!?…。、(\[\n⟩])(?:{one})+", options)


def courtesies_sum() -> str:
    """Names what is left out as courtesy: a model that was made with other courtesies has learned from other words."""
    from hashlib import sha256

    return sha256(_COURTESIES.read_text(encoding="utf-8").encode()).hexdigest()[:12]


def normalise(text: str) -> str:
    """The form in which a message is read: masked, NFKC, lower case, single blanks, every digit a 0.

    Width, composition, case and extra blanks do not change what a buyer wants.

    >>> normalise("ﾄﾄﾞｷﾏｾﾝ   Ｗｈｅｒｅ's  302-1234567-7654321? 12 days")
    "トドキマセン where's ? 00 days"
    """
    return fold(readable(text))


def fold(text: str) -> str:
    """The second half of `normalise`, for a text that is readable already."""
    text = " ".join(text.lower().split())
    for digit in string.digits[1:]:  # nine searches for one character are faster than one for nine
        text = text.replace(digit, "0")
    return text


def code_points(texts: Sequence[str]) -> tuple[NDArray[np.uint64], NDArray[np.bool_], NDArray[np.int64]]:
    """The characters of normalised texts with a blank around each, which of them are in words, and where texts end.

    >>> codes, inside, ends = code_points(["it's", "x"])
    >>> bytes(codes.tolist()), inside.astype(int), ends
    (b" it's  x ", array([0, 1, 1, 0, 1, 0, 0, 1, 0]), array([6, 9]))
    """
    joined = np.frombuffer("".join(f" {text} " for text in texts).encode("utf-32-le"), np.uint32)
    kinds = _KINDS[joined]
    if not kinds.all():
        for code in np.unique(joined[kinds == 0]).tolist():
            _KINDS[code] = 2 if chr(code).isalnum() else 1
        kinds = _KINDS[joined]
    return joined.astype(np.uint64), kinds == 2, np.cumsum([len(text) + 2 for text in texts], dtype=np.int64)


def tally(texts: Sequence[str]) -> NgramCounts:
    """Count the hashed n-grams of normalised texts: character n-grams across words, then words and pairs of words.

    Returns CSR arrays for a matrix of shape (len(texts), 2 ** BITS), in each row in the order of the text.
    """
    codes, inside, ends = code_points(texts)
    memory = kernel.memory(max(map(len, texts), default=0) + 2)
    rows = np.zeros(len(texts) + 1, np.int64)
    found, counts = np.empty((2, (kernel.LONGEST + 1) * len(codes)), np.int32)
    kernel.count(codes, inside, ends, *memory, rows, found, counts)
    return NgramCounts(rows, found[: rows[-1]], counts[: rows[-1]])


def ngram_counts(texts: Sequence[str]) -> NgramCounts:
    """The same with the buckets of each row sorted.

    >>> counts = ngram_counts(["where is it", "where is my parcel"])
    >>> len(counts.rows) - 1, len(set(counts.buckets[: counts.rows[1]]) & set(counts.buckets[counts.rows[1] :])) > 20
    (2, True)
    """
    rows, buckets, counts = tally(texts)
    order = np.argsort((np.repeat(np.arange(len(texts)), np.diff(rows)) << BITS) | buckets)
    return NgramCounts(rows, buckets[order], counts[order])
