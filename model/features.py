"""A message → the counts of its hashed character and word n-grams.

Every n-gram is a window of code points; its hash is a polynomial over them, so that all windows of all
messages of a part are hashed by a handful of array operations and no n-gram ever becomes a Python string.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import re2
from numpy.typing import NDArray

from messages import mask

BITS = 18
CHARACTER_NGRAMS = (1, 2, 3, 4, 5)
WORD_NGRAMS = (1, 2)  # the kinds that `_ngrams` yields after the character n-grams
MAX_CHARACTERS = 20_000
SHOUTED = 0.6  # share of capitals among the letters from which on case says nothing

_MULTIPLIER = 0x9E3779B97F4A7C15  # odd, so that it has an inverse modulo 2^64
_INVERSE = pow(_MULTIPLIER, -1, 1 << 64)
_END_OF_MESSAGE = 0x0A
_IDS = re2.compile("⟨(?:order|asin|tracking|number|name)⟩")
_DIGIT = re2.compile(r"[0-9]")


class NgramCounts(NamedTuple):
    """A sparse matrix in CSR form: row i is `buckets[rows[i]:rows[i + 1]]` with the counts beside it."""

    rows: NDArray[np.int64]
    buckets: NDArray[np.int64]
    counts: NDArray[np.int64]


def readable(text: str) -> str:
    """Masked and NFKC, sentence ends kept, case too unless it is shouted: what the second reader reads.

    Ids and names leave no trace: that there is an order id says nothing of what is asked.

    >>> readable("Order ３０２-1234567-7654321: it hums. Write to a@example.com")
    'Order : it hums. Write to ⟨mail⟩'
    >>> readable("WHERE IS MY PARCEL")
    'where is my parcel'
    """
    text = unicodedata.normalize("NFKC", text[:MAX_CHARACTERS].encode("utf-8", "replace").decode("utf-8"))
    text = _IDS.sub("", mask(text))
    n_capitals = sum(map(str.isupper, text))
    return text.lower() if n_capitals > SHOUTED * sum(map(str.isalpha, text)) else text


def normalise(text: str) -> str:
    """The form in which a message is read: masked, NFKC, lower case, single blanks, every digit a 0.

    Width, composition, case and extra blanks do not change what a buyer wants.

    >>> normalise("ﾄﾄﾞｷﾏｾﾝ   Ｗｈｅｒｅ's  302-1234567-7654321? 12 days")
    "トドキマセン where's ? 00 days"
    """
    return fold(readable(text))


def fold(text: str) -> str:
    """The second half of `normalise`, for a text that is readable already."""
    return _DIGIT.sub("0", " ".join(text.lower().split()))


def ngram_counts(texts: Sequence[str], bits: int = BITS) -> NgramCounts:
    """Count the hashed n-grams of normalised texts: character n-grams across words, then words and pairs of words.

    Returns CSR arrays for a matrix of shape (len(texts), 2 ** bits).

    >>> counts = ngram_counts(["where is it", "where is my parcel"])
    >>> len(counts.rows) - 1, len(set(counts.buckets[: counts.rows[1]]) & set(counts.buckets[counts.rows[1] :])) > 20
    (2, True)
    """
    codes = _code_points(texts)
    ends = codes == _END_OF_MESSAGE
    message_of = np.cumsum(ends) - ends
    keys = [
        (message_of[starts] << bits) | _buckets(hashes, bits) for starts, _, hashes in _ngrams(codes, ends, message_of)
    ]
    found, counts = np.unique(np.concatenate(keys), return_counts=True)
    rows = np.searchsorted(found >> bits, np.arange(len(texts) + 1))
    return NgramCounts(rows, found & ((1 << bits) - 1), counts)


def located_ngrams(text: str, bits: int = BITS) -> Iterator[tuple[NDArray[np.int64], ...]]:
    """Starts, stops and buckets of every kind of n-gram of one text; positions count a blank before and after it."""
    codes = _code_points([text])
    for starts, stops, hashes in _ngrams(codes, codes == _END_OF_MESSAGE, np.zeros(len(codes), np.int64)):
        yield starts, stops, _buckets(hashes, bits)


def _code_points(texts: Sequence[str]) -> NDArray[np.uint64]:
    joined = "".join(f" {text} \n" for text in texts)
    return np.frombuffer(joined.encode("utf-32-le"), np.uint32).astype(np.uint64)


def _buckets(hashes: NDArray[np.uint64], bits: int) -> NDArray[np.int64]:
    """The best-mixed bits of a hash."""
    mixed = (hashes ^ (hashes >> np.uint64(32))) * np.uint64(_MULTIPLIER)
    return (mixed >> np.uint64(64 - bits)).astype(np.int64)


_Ngrams = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint64]]


def _ngrams(codes: NDArray[np.uint64], ends: NDArray[np.bool_], message_of: NDArray[np.int64]) -> Iterator[_Ngrams]:
    """For each kind of n-gram: where they start, where they stop, their hashes."""
    for n in CHARACTER_NGRAMS:
        n_windows = max(len(codes) - n + 1, 0)
        hashes = np.full(n_windows, n, np.uint64)
        within = np.ones(n_windows, bool)
        for k in range(n):
            hashes = hashes * np.uint64(_MULTIPLIER) + codes[k : k + n_windows]
            within &= ~ends[k : k + n_windows]
        starts = np.flatnonzero(within)
        yield starts, starts + n, hashes[within]
    # A word is a run of letters and digits; its hash is a difference of prefix sums, shifted to the origin.
    alphabet, where = np.unique(codes, return_inverse=True)
    inside = np.array([chr(c).isalnum() for c in alphabet.tolist()], bool)[where].astype(np.int8)
    edges = np.diff(inside, prepend=0, append=0)
    starts, stops = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    powers = np.cumprod(np.full(len(codes), _MULTIPLIER, np.uint64))
    inverse = np.cumprod(np.full(len(codes), _INVERSE, np.uint64))
    prefix = np.concatenate([np.zeros(1, np.uint64), np.cumsum(codes * powers)])
    words = (prefix[stops] - prefix[starts]) * inverse[starts]
    yield starts, stops, words + np.uint64(1 << 40)
    together = message_of[starts[1:]] == message_of[starts[:-1]]
    pairs = words[:-1] * np.uint64(31) + words[1:] * np.uint64(_MULTIPLIER)
    yield starts[:-1][together], stops[1:][together], (pairs + np.uint64(1 << 41))[: len(together)][together]
