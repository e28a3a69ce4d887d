"""The asinh grid on which numeric columns are counted: linear near the centre, logarithmic far out.

``z = (x − center)/scale``, ``a = sign(z)·ln(|z| + √(z²+1))`` (``sign(z)·ln(2|z|)`` where
``|z| > 1e8``, equal there to the last bit) and ``cell = floor(100·a + ½)``. A cell is at most
1 % of ``√(scale² + (x − center)²)`` wide, so that one grid serves every baseline that may come.
O(size of x).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from watchkeeper.errors import InvalidInput

__all__ = ["RESOLUTION", "cell_high", "cell_low", "cell_of", "pooled", "value_of"]

RESOLUTION = 100
_DENSE = 1 << 20  # cells that are added up place by place: the grid itself has 142,000
_FAR = 1e8  # beyond it z² + 1 equals z² in double precision, and z² may overflow
_FARTHEST = 8.9e307  # twice this is still a double: what lies farther lies in the last cell

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def cell_of(x: npt.ArrayLike, center: float, scale: float) -> Ints:
    """The cell of every value of ``x`` (finite, any shape); ``scale`` > 0.

    Examples
    --------
    >>> cell_of([0.0, 1.0, -1e300], 0.0, 1.0).tolist()
    [0, 88, -69147]
    """
    values = np.asarray(x, np.float64)
    if not scale > 0.0:
        raise InvalidInput(f"the scale of a grid must be positive, got {scale}")
    if not np.isfinite(values).all():
        raise InvalidInput("only finite values have a cell: count missing and infinite ones apart")
    with np.errstate(over="ignore"):
        z = (values - center) / scale
    size = np.minimum(np.abs(z), _FARTHEST)
    near, far = np.minimum(size, _FAR), np.log(2.0 * np.maximum(size, 1.0))
    a = np.where(size > _FAR, far, np.log(near + np.sqrt(near * near + 1.0)))
    cells = np.floor(RESOLUTION * np.copysign(a, z) + 0.5)
    return np.asarray(cells, np.int64)


def cell_low(cell: npt.ArrayLike, center: float, scale: float) -> Floats:
    """The least value of each cell: the inverse of `cell_of`; ±inf where it is no double."""
    return value_of(np.asarray(cell, np.float64) - 0.5, center, scale)


def cell_high(cell: npt.ArrayLike, center: float, scale: float) -> Floats:
    """The upper edge of each cell, which belongs to the next; ±inf where it is no double."""
    return value_of(np.asarray(cell, np.float64) + 0.5, center, scale)


def value_of(position: npt.ArrayLike, center: float, scale: float) -> Floats:
    """The value at a (fractional) cell position; whole numbers are the middles of cells."""
    with np.errstate(over="ignore"):
        z = np.sinh(np.asarray(position, np.float64) / RESOLUTION)
        return np.asarray(center + scale * z, np.float64)


def pooled(cells: Sequence[Ints], counts: Sequence[Ints]) -> tuple[Ints, Ints]:
    """The counts of several windows added up by cell: ascending cells, and how often each.

    Cells without a count are left out. O(values + span of the cells).

    >>> cells, counts = pooled([np.array([-2, 3]), np.array([3])], [np.array([1, 4]), np.array([5])])
    >>> cells.tolist(), counts.tolist()
    ([-2, 3], [1, 9])
    """
    where, how_many = np.concatenate(cells), np.concatenate(counts)
    if not len(where):
        return where, how_many
    low = int(where.min())
    if int(where.max()) - low >= _DENSE:
        low, (names, where) = 0, np.unique(where, return_inverse=True)
    else:
        names = np.arange(low, int(where.max()) + 1)
    total = np.bincount(where - low, how_many, len(names)).astype(np.int64)
    held = np.flatnonzero(total)
    return names[held], total[held]
