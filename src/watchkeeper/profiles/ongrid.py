"""The asinh grid for large arrays: `stats.grid.cell_of` without its copies."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from watchkeeper.domain.profile import NumericBinning
from watchkeeper.stats.grid import RESOLUTION, cell_of

__all__ = ["SUMMED", "Room", "on_grid"]

# Sums take |z| as at most this, so that Σz² stays finite: beyond lies nothing to average.
SUMMED = 1e150
_NEAR = 1e8  # up to it the grid has its plain form
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
        self._floats = np.empty((3, 0))
        self._cells = np.empty(0, np.int64)

    def only(self, x: Floats, rows: Bools) -> Floats:
        """The values at ``rows`` (true); they stand until the next call."""
        if len(self._chosen) < len(x):
            self._chosen = np.empty(len(x))
        found = 0
        for at in range(0, len(x), _BLOCK):
            part = x[at : at + _BLOCK][rows[at : at + _BLOCK]]
            self._chosen[found : found + len(part)] = part
            found += len(part)
        return self._chosen[:found]

    def arrays(self, size: int) -> tuple[Floats, Floats, Floats, Ints]:
        """Arrays of ``size`` to write into."""
        if len(self._cells) < size:
            self._floats, self._cells = np.empty((3, size)), np.empty(size, np.int64)
        z, a, root = self._floats[:, :size]
        return z, a, root, self._cells[:size]


def on_grid(x: Floats, binning: NumericBinning, room: Room) -> tuple[Floats, Ints]:
    """``z`` (cut at ± 1e150) and the cell of every value of ``x`` (finite, at least one).

    Both lie in the ``room`` and stand until it is used again.
    """
    z, a, root, cells = room.arrays(len(x))
    with np.errstate(over="ignore"):
        np.subtract(x, binning.center, out=z)
        z /= binning.scale
    np.abs(z, out=a)
    if a.max() > _NEAR:
        return np.clip(z, -SUMMED, SUMMED), cell_of(x, binning.center, binning.scale)
    np.multiply(a, a, out=root)
    root += 1.0
    np.sqrt(root, out=root)
    a += root
    np.log(a, out=a)
    np.copysign(a, z, out=a)
    a *= RESOLUTION
    a += 0.5
    np.floor(a, out=a)
    np.copyto(cells, a, casting="unsafe")
    return z, cells
