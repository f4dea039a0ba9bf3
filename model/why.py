"""Which words of a message decided: the weight of every n-gram, given back to the characters it covers."""

import re
from collections.abc import Sequence
from itertools import accumulate

# A readable piece: a word with its apostrophes, or in Japanese a run of one script with the kana that ends it.
_PIECE = re.compile(r"⟨\w+⟩|[ァ-ヺー]+|[㐀-鿿々]+[ぁ-ん]*|[ぁ-ん]+|[^\W_ぁ-ヺ㐀-鿿]+(?:['’-][^\W_ぁ-ヺ㐀-鿿]+)*")
_JAPANESE = re.compile(r"[ぁ-ヺ㐀-鿿]")


def deciding_words(normalised: str, shares: Sequence[float], most: int = 5) -> list[tuple[str, float]]:
    """The phrases that spoke most for a scenario, each with its share of the score, the strongest first.

    `shares` is what each character adds to the score. Neighbours that both speak for it become one phrase.

    >>> deciding_words("hi where is it", [0, 0, 0, *[0.1] * 8, *[-0.1] * 3])
    [('where is', 0.7)]
    """
    pieces = [(m.start(), m.end()) for m in _PIECE.finditer(normalised)]
    if not pieces:
        return []
    prefix = list(accumulate(shares, initial=0.0))
    phrases: list[tuple[int, int, float]] = []
    for start, end in pieces:
        value = prefix[end] - prefix[start]
        if value <= 0:
            continue
        adjacent = phrases and not normalised[phrases[-1][1] : start].strip()
        longer = phrases and len(normalised[phrases[-1][0] : end].split()) <= 4 and end - phrases[-1][0] <= 40
        if adjacent and longer and not (_JAPANESE.search(normalised[start:end]) and end - phrases[-1][0] > 12):
            begin, _, before = phrases.pop()
            phrases.append((begin, end, before + value))
        else:
            phrases.append((start, end, value))
    best = sorted(phrases, key=lambda p: -p[2])[:most]
    return [(normalised[a:b], round(v, 2)) for a, b, v in best if v >= 0.01]
