"""Matrix products in which a row comes out the same to the last bit, however many rows are beside it."""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.kernel import multiply

Array = NDArray[np.float32]
MATRIX_ROWS = 16  # a library's product of fewer rows rounds otherwise than one of many
FEW = 12  # rows up to which it is faster to walk the matrix once than to have the library lay it out anew
DEPTH = 448  # what OpenBLAS adds up on AVX-512 before it adds the sum to what it has


def at_least(rows: NDArray[Any], n: int) -> NDArray[Any]:
    """The rows, with rows of zeros below them up to n."""
    return rows if len(rows) >= n else np.concatenate([rows, np.zeros((n - len(rows), rows.shape[1]), rows.dtype)])


@cache
def _thread_pools() -> Any:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def one_thread() -> Any:
    """A context in which the library keeps to one thread: on matrices of this size more threads wait for each other."""
    return _thread_pools().limit(limits=1, user_api="blas")


def product(rows: Array, matrix: Array, first: int = 0, stop: int | None = None) -> Array:
    """`rows @ matrix[:, first:stop]`.

    >>> product(np.ones((1, 8), np.float32), np.ones((8, 2), np.float32))
    array([[8., 8.]], dtype=float32)
    """
    if len(rows) <= FEW and rounds_alike():
        return _walked(rows, matrix, first, stop)
    with one_thread():
        return (at_least(rows, MATRIX_ROWS) @ matrix[:, first:stop])[: len(rows)]


@cache
def rounds_alike() -> bool:
    """Whether our own loop rounds as this machine's library does; where it does not, all is left to the library."""
    rows = np.sin(np.arange(MATRIX_ROWS * 3 * DEPTH, dtype=np.float32)).reshape(MATRIX_ROWS, -1)
    matrix = np.sin(np.arange(3 * DEPTH * 128, dtype=np.float32) ** 2).reshape(-1, 128)
    with one_thread():
        return bool((_walked(rows, matrix) == rows @ matrix).all())


def _walked(rows: Array, matrix: Array, first: int = 0, stop: int | None = None) -> Array:
    into = np.empty((len(rows), (matrix.shape[1] if stop is None else stop) - first), np.float32)
    multiply(np.ascontiguousarray(rows), matrix, first, _stops(len(matrix)), into)
    return into


@cache
def _stops(n: int) -> NDArray[np.int64]:
    """Where OpenBLAS ends each sum over n products: after `DEPTH` of them, what is left over in two halves.

    >>> _stops(1280).tolist(), _stops(320).tolist()
    ([448, 864, 1280], [320])
    """
    stops = [0]
    while (left := n - stops[-1]) > 0:
        stops.append(stops[-1] + (DEPTH if left >= 2 * DEPTH else -(-(left // 2) // 16) * 16 if left > DEPTH else left))
    return np.array(stops[1:])
