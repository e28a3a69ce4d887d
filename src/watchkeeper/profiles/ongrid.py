"""The asinh grid for large arrays: `stats.grid.cell_of` by looking up instead of by logarithms.

The leading bits of a double (its sign, its exponent, seven bits of its fraction) say in which of
two neighbouring cells it lies: buckets that share them are 0.8 % wide, cells 1 %. A table gives the
upper cell and where it begins; one comparison does the rest.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from watchkeeper.domain.profile import NumericBinning
from watchkeeper.stats.grid import RESOLUTION, cell_of

__all__ = ["SUMMED", "Room", "on_grid"]

# Sums take |z| as at most this, so that Σz² stays finite: beyond lies nothing to average.
SUMMED = 1e150
_NEAR = 2.0**26  # up to it cells are looked up
_TINY = 2.0**-8  # what is smaller lies in cell 0
_BITS = 45  # of a double, that do not tell the bucket
_BLOCK = 15_360  # doubles that the allocator takes from memory it holds already

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


class Room:
    """Memory that is used again from one array of values to the next.

    Fresh memory comes from the operating system page by page, which takes as long as all the
    arithmetic on it.
    """

    def __init__(self) -> None:
        self._chosen = np.empty(0)
        self._floats = np.empty((2, 0))
        self._ints = np.empty((2, 0), np.int64)

    def only(self, x: Floats, rows: Bools) -> Floats:
        """The values at ``rows`` (true); they stand until the next call."""
        chosen = self._choose(len(x))
        found = 0
        for at in range(0, len(x), _BLOCK):
            part = x[at : at + _BLOCK][rows[at : at + _BLOCK]]
            chosen[found : found + len(part)] = part
            found += len(part)
        return chosen[:found]

    def filled(self, x: Floats, rows: Bools, value: float) -> Floats:
        """The values with ``value`` at ``rows`` (true); they stand until the next call."""
        chosen = self._choose(len(x))[: len(x)]
        np.copyto(chosen, x)
        np.copyto(chosen, value, where=rows)
        return chosen

    def arrays(self, size: int) -> tuple[Floats, Floats, Ints, Ints]:
        """Arrays of ``size`` to write into."""
        if self._ints.shape[1] < size:
            self._floats, self._ints = np.empty((2, size)), np.empty((2, size), np.int64)
        return (*self._floats[:, :size], *self._ints[:, :size])

    def _choose(self, size: int) -> Floats:
        if len(self._chosen) < size:
            self._chosen = np.empty(size)
        return self._chosen


def on_grid(x: Floats, binning: NumericBinning, room: Room) -> tuple[Floats, Ints]:
    """``z`` (cut at ± 1e150) and the cell of every value of ``x`` (finite, at least one).

    Both lie in the ``room`` and stand until it is used again.
    """
    z, starts, buckets, cells = room.arrays(len(x))
    with np.errstate(over="ignore"):
        np.subtract(x, binning.center, out=z)
        z /= binning.scale
    if z.max() > _NEAR or z.min() < -_NEAR:
        return np.clip(z, -SUMMED, SUMMED), cell_of(x, binning.center, binning.scale)
    upper, begins = _table()
    np.right_shift(z.view(np.uint64), _BITS, out=buckets.view(np.uint64))
    np.take(upper, buckets, out=cells, mode="wrap")  # "raise" would copy
    np.take(begins, buckets, out=starts, mode="wrap")
    cells -= z < starts
    return z, cells


@cache
def _table() -> tuple[Ints, Floats]:
    """By bucket the upper cell, and the least z that lies in it (−inf: all do).

    What lies nearer to zero than any edge is left as the operating system gives memory: cell 0 from
    zero on, which is right on one side of zero; on the other it says so.
    """
    last = int(cell_of(_NEAR, 0.0, 1.0)) + 1
    names = np.arange(-last, last + 1)
    edges = _edges(names)
    upper, begins = np.zeros(1 << 64 - _BITS, np.int64), np.zeros(1 << 64 - _BITS)
    tiny, near = (int(np.float64(size).view(np.int64)) >> _BITS for size in (_TINY, _NEAR))
    negative = 1 << 63 - _BITS
    begins[negative : negative + tiny] = -np.inf
    for first in (0, negative):
        buckets = np.arange(first + tiny, first + near + 1)
        inner = (buckets.astype(np.uint64) << np.uint64(_BITS)).view(np.float64)
        outer = ((buckets + 1).astype(np.uint64) << np.uint64(_BITS)).view(np.float64)
        outer = np.nextafter(outer, 0.0)
        place = np.searchsorted(edges, np.maximum(inner, outer), side="right") - 1
        held = edges[place] > np.minimum(inner, outer)
        upper[buckets] = names[place]
        begins[buckets] = np.where(held, edges[place], -np.inf)
    return upper, begins


def _edges(cells: Ints) -> Floats:
    """The least z of each cell, to the last bit wherever the logarithm is that good."""
    edges = np.sinh((cells - 0.5) / RESOLUTION)
    for _ in range(4):
        below = np.nextafter(edges, -np.inf)
        low, late = cell_of(edges, 0.0, 1.0) < cells, cell_of(below, 0.0, 1.0) >= cells
        edges = np.where(low, np.nextafter(edges, np.inf), np.where(late, below, edges))
    return edges
