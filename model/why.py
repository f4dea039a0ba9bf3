"""Which words of a message decided: the weight of every n-gram, given back to the characters it covers."""

import re
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from model import features

if TYPE_CHECKING:
    from model.classifier import NgramReader

# A readable piece: a word with its apostrophes, or in Japanese a run of one script with the kana that ends it.
_PIECE = re.compile(r"⟨\w+⟩|[ァ-ヺー]+|[㐀-鿿々]+[ぁ-ん]*|[ぁ-ん]+|[^\W_ぁ-ヺ㐀-鿿]+(?:['’-][^\W_ぁ-ヺ㐀-鿿]+)*")
_JAPANESE = re.compile(r"[ぁ-ヺ㐀-鿿]")


def deciding_words(normalised: str, reader: "NgramReader", scenario: int, most: int = 5) -> list[tuple[str, float]]:
    """The phrases that spoke most for a scenario, each with its share of the score, the strongest first.

    Neighbours that both speak for it become one phrase.
    """
    pieces = [(m.start(), m.end()) for m in _PIECE.finditer(normalised)]
    if not pieces:
        return []
    weight = _character_weights(normalised, reader, scenario)
    prefix = np.concatenate([[0.0], np.cumsum(weight)])
    phrases: list[tuple[int, int, float]] = []
    for start, end in pieces:
        value = float(prefix[end] - prefix[start])
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


def _character_weights(text: str, reader: "NgramReader", scenario: int) -> NDArray[np.float64]:
    """What each character adds to the score of the scenario above the mean of the others."""
    _, buckets, counts = features.ngram_counts([text])
    frequency = 1 + np.log(counts)
    length = np.sqrt(((frequency * reader.idf[buckets]) ** 2).sum()) * reader.idf_step
    n_scenarios = reader.weights.shape[1] // 2
    rows = reader.weights[buckets, :n_scenarios] * reader.steps[:n_scenarios].astype(float)
    against = (rows.sum(axis=1) - rows[:, scenario]) / (n_scenarios - 1)
    per_occurrence = (rows[:, scenario] - against) * frequency / counts / length
    steps = np.zeros(len(text) + 3)
    for starts, stops, where in features.located_ngrams(text):
        each = per_occurrence[np.searchsorted(buckets, where)] / np.maximum(stops - starts, 1)
        np.add.at(steps, starts, each)
        np.subtract.at(steps, stops, each)
    return np.cumsum(steps)[1:-2]
