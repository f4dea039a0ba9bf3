"""A symmetric matrix in half the memory of a whole one, as LAPACK's "rectangular full packed" routines want it."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


class Packed:
    """A symmetric matrix of shape (n, n) of which every number is held once.

    The lower half of its first columns lies in one rectangle with the lower half of the others, turned round, in the
    corner above (Gustavson et al. 2010, https://doi.org/10.1145/1644001.1644019): as quick as a whole matrix.

    >>> matrix = Packed(3)
    >>> matrix.put(0, np.array([[2], [1], [0]], np.float32))
    >>> matrix.put(1, np.array([[2, 1], [1, 2]], np.float32))
    >>> matrix.invert(np.array([[1], [0], [0]], np.float32)).ravel().round(2)
    array([ 0.75, -0.5 ,  0.25], dtype=float32)
    >>> matrix.columns(0, 2).round(2)
    array([[ 0.75, -0.5 ],
           [-0.5 ,  1.  ],
           [ 0.25, -0.5 ]], dtype=float32)
    """

    def __init__(self, n: int):
        self.n = n
        self.n_left = n - n // 2
        self._set(np.zeros(n * (n + 1) // 2, np.float32))

    def _set(self, values: Array) -> None:
        even = self.n % 2 == 0
        rectangle = values.reshape((self.n + even, self.n_left), order="F")
        self._values = values
        self._left = rectangle[int(even) :]
        self._right = rectangle[: self.n // 2, int(not even) :].T

    def put(self, start: int, below: Array) -> None:
        """Set the columns from `start` on: `below` has shape (n - start, n_columns) and begins at the diagonal."""
        stop = start + below.shape[1]
        for half, first, last in self._halves(start, stop):
            part = below[first - start :, first - start : last - start]
            offset = 0 if half is self._left else self.n_left
            column = half[first - offset :, first - offset : last - offset]
            np.copyto(column, part, where=np.tri(*part.shape) > 0)

    def columns(self, start: int, stop: int) -> Array:
        """The whole columns, shape (n, stop - start)."""
        columns = np.empty((self.n, stop - start), np.float32)
        for half, first, last in self._halves(start, stop):
            into = columns[:, first - start : last - start]
            offset = 0 if half is self._left else self.n_left
            into[first:] = half[first - offset :, first - offset : last - offset]
            into[offset:first] = half[first - offset : last - offset, : first - offset].T
            if offset:
                into[:offset] = self._left[first:last].T
            square = into[first:last]
            square[:] = np.tril(square) + np.tril(square, -1).T
        return columns

    def invert(self, targets: Array) -> Array:
        """Become the inverse; returns what it says of the targets, shape (n, n_targets).

        Raises ArithmeticError when the matrix is not positive definite or not finite.
        """
        from scipy.linalg import lapack

        values, failed = lapack.spftrf(self.n, self._values, uplo="L", overwrite_a=1)
        if not failed:
            solved, failed = lapack.spftrs(self.n, values, targets, uplo="L")
        if not failed:
            values, failed = lapack.spftri(self.n, values, uplo="L", overwrite_a=1)
        if failed:
            raise ArithmeticError("The regression cannot be solved; the features hold values that are not finite.")
        self._set(values)
        return np.ascontiguousarray(solved)

    def _halves(self, start: int, stop: int) -> list[tuple[Array, int, int]]:
        edge = min(max(start, self.n_left), stop)
        parts = [(self._left, start, edge), (self._right, edge, stop)]
        return [(half, first, last) for half, first, last in parts if first < last]
