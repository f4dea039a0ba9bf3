"""Which messages of a log are worth a label next: those the model doubts, and no two alike."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from messages import SUPPORTED_LANGUAGES, mask
from model import Prediction
from model.encoder import encode
from model.features import normalise, readable_each

if TYPE_CHECKING:
    import pandas as pd

SHEET = ("id", "text", "scenario", "also", "flags", "language", "suggested", "probability")
POOL = 10  # so many doubtful messages are compared for each that is chosen
PART = 256


def doubt(prediction: Prediction) -> float:
    """How little the likeliest scenario is ahead of the next, 0 to 1; 0 where a label would teach nothing.

    A message without words has no label to learn, and another language is `other` by definition.
    Margin sampling: Scheffer et al. 2001, https://doi.org/10.1007/3-540-44816-0_31.

    >>> doubt(Prediction("returns", 0.5, [("returns", 0.5), ("other", 0.4)]))
    0.9
    """
    if prediction.language not in SUPPORTED_LANGUAGES or "The message has no words." in prediction.reasons:
        return 0.0
    (_, first), (_, second) = prediction.ranking[:2]
    return round(1 - (first - second), 4)


def farthest_first(vectors: NDArray[np.float32], weights: NDArray[np.float32], n: int) -> list[int]:
    """At most n rows, each heavy and far from those before it; of rows that are the same only one.

    Greedy: the heaviest, then always the one whose weight times distance to the nearest chosen is largest
    (Gonzalez 1985, https://doi.org/10.1016/0304-3975(85)90224-5).

    >>> farthest_first(np.eye(3)[[0, 0, 1, 2]], np.array([0.9, 0.8, 0.5, 0.7]), 4)
    [0, 3, 2]
    """
    chosen: list[int] = []
    nearest = np.full(len(vectors), np.inf)
    values = weights.astype(float)
    while len(chosen) < min(n, len(vectors)):
        best = int(values.argmax())
        if values[best] <= 1e-6:
            break
        chosen.append(best)
        distance = np.linalg.norm(vectors - vectors[best], axis=1)
        distance[best] = 0.0
        nearest = np.minimum(nearest, np.where(distance < 1e-3, 0.0, distance))
        values = weights * nearest
    return chosen


def worth_labelling(
    texts: Sequence[str],
    predictions: Sequence[Prediction],
    n: int,
    progress: Callable[[float], None] = lambda share: None,
) -> list[int]:
    """The positions of at most n messages to label next, the most useful first."""
    doubts = np.array([doubt(p) for p in predictions], np.float32)
    order = np.argsort(-doubts, kind="stable")[: POOL * n]
    pool: dict[str, int] = {}
    for i in order[doubts[order] > 0].tolist():
        pool.setdefault(normalise(texts[i]), i)  # training takes those for the same message
    if not pool:
        return []
    places = np.array(list(pool.values()))
    parts = []
    for start in range(0, len(places), PART):
        progress(start / len(places))
        parts.append(encode(readable_each([texts[i] for i in places[start : start + PART]])))
    return places[farthest_first(np.concatenate(parts), doubts[places], n)].tolist()


def label_sheet(
    messages: "pd.DataFrame",
    predictions: Sequence[Prediction],
    n: int,
    progress: Callable[[float], None] = lambda share: None,
) -> "pd.DataFrame":
    """At most n messages of a log to label next, as a sheet: a person fills in `scenario`, `also` and `flags`.

    Personal data is masked; both readers read the masked text as they read the whole one, so that training loses
    nothing. `suggested` holds two scenarios, never one, so that no reader takes it for a label.
    """
    import pandas as pd

    chosen = worth_labelling(messages["text"].tolist(), predictions, n, progress)
    rows = [_row(messages.iloc[i].to_dict(), predictions[i]) for i in chosen]
    return pd.DataFrame(rows, columns=SHEET)


def _row(message: dict[Any, Any], p: Prediction) -> dict[str, Any]:
    name = str(message["message_id"] or "")
    first, second = (scenario for scenario, _ in p.ranking[:2])
    return {
        "id": name if name and mask(name) == name else f"row {message['row']}",
        "text": mask(message["text"]),
        "scenario": "",
        "also": "",
        "flags": "",
        "language": p.language,
        "suggested": f"{first} or {second}",
        "probability": p.probability,
    }
