"""Which words of a message decided: the weight of every n-gram, given back to the characters it covers."""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from model import kernel
from model.features import code_points

# What makes a readable piece, by the bits of `kernel.decide`: a word with its apostrophes, or in Japanese a run of one
# script with the kana that ends it.
_BITS = tuple(
    (1 << bit, re.compile(letters))
    for bit, letters in enumerate(
        ("[ァ-ヺー]", "[㐀-鿿々]", "[ぁ-ん]", r"[^\W_ぁ-ヺ㐀-鿿]", "['’-]", r"\w", "[ぁ-ヺ㐀-鿿]", r"[\s\S]")
    )
)
_KINDS = np.zeros(0x110000, np.uint8)  # of characters; 0 of one that was not met yet


def deciding_words(texts: Sequence[str], shares: NDArray[np.float64], most: int = 5) -> list[list[tuple[str, float]]]:
    """The phrases that spoke most for a scenario, each with its share of the score, the strongest first, by text.

    `shares` is what each character adds to the score, one text after another, each with a blank before and after it.
    Neighbours that both speak for it become one phrase.

    >>> deciding_words(["hi where is it"], np.array([0] * 4 + [0.1] * 8 + [-0.1] * 3 + [0]))
    [[('where is', 0.7)]]
    """
    codes, _, ends = code_points(texts)
    kinds = _KINDS[codes]
    if not kinds.all():
        for code in np.unique(codes[kinds == 0]).tolist():
            _KINDS[code] = sum(bit for bit, letters in _BITS if letters.fullmatch(chr(code)))
        kinds = _KINDS[codes]
    spans = np.zeros((len(texts), most, 2), np.int64)
    worths = np.zeros((len(texts), most))
    kernel.decide(codes, kinds, ends, shares, spans, worths)
    rows, places = np.nonzero(worths >= 0.01)
    told = zip(rows.tolist(), *spans[rows, places].T.tolist(), worths[rows, places].tolist(), strict=True)
    words: list[list[tuple[str, float]]] = [[] for _ in texts]
    for row, start, end, worth in told:
        words[row].append((texts[row][start:end], round(worth, 2)))
    return words
