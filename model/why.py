"""Which words of a message decided: the weight of every n-gram, given back to the characters it covers."""

import re
from collections.abc import Sequence
from itertools import accumulate
from operator import itemgetter

# A readable piece: a word with its apostrophes, or in Japanese a run of one script with the kana that ends it.
_PIECE = re.compile(r"⟨\w+⟩|[ァ-ヺー]+|[㐀-鿿々]+[ぁ-ん]*|[ぁ-ん]+|[^\W_ぁ-ヺ㐀-鿿]+(?:['’-][^\W_ぁ-ヺ㐀-鿿]+)*")
_JAPANESE = re.compile(r"[ぁ-ヺ㐀-鿿]")


def deciding_words(normalised: str, shares: Sequence[float], most: int = 5) -> list[tuple[str, float]]:
    """The phrases that spoke most for a scenario, each with its share of the score, the strongest first.

    `shares` is what each character adds to the score. Neighbours that both speak for it become one phrase.

    >>> deciding_words("hi where is it", [0, 0, 0, *[0.1] * 8, *[-0.1] * 3])
    [('where is', 0.7)]
    """
    until = list(accumulate(shares, initial=0.0))
    phrases: list[tuple[int, int, float]] = []
    first, last, worth = 0, -2, 0.0  # of the last phrase
    for piece in _PIECE.finditer(normalised):
        start, end = piece.span()
        value = until[end] - until[start]
        if value <= 0:
            continue
        is_next = start == last or (start == last + 1 and normalised[last] == " ")
        is_short = end - first <= 40 and normalised.count(" ", first, end) < 4
        if is_next and is_short and (end - first <= 12 or not _JAPANESE.search(normalised, start, end)):
            last, worth = end, worth + value
            phrases[-1] = first, last, worth
            continue
        first, last, worth = start, end, value
        phrases.append((first, last, worth))
    best = sorted(phrases, key=itemgetter(2), reverse=True)[:most]
    return [(normalised[a:b], round(v, 2)) for a, b, v in best if v >= 0.01]
