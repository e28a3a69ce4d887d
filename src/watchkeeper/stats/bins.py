"""Reference-quantile bins composed from grid cells: about 64, frozen by the reference.

Bins are runs of cells, so every window that was counted on the grid can be counted on them without
reading rows again. A cell that holds more than 1/64 of the reference (a true atom, such as 0) is a
bin of its own; the rest is cut at the quantiles of the mass between atoms. Below the first and
above the last cell of the reference lies one empty bin each: values that it never held.
O(cells) to compose and to rebin.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from watchkeeper.errors import InvalidInput

__all__ = ["BINS", "Bins", "compose", "mid_cdf"]

BINS = 64

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Bins:
    """``starts[i]`` is the first cell of bin i + 1; bin 0 is everything below ``starts[0]``, the
    last bin everything from ``starts[-1]`` on. Both outer bins are empty in the reference.
    """

    starts: Ints

    def __len__(self) -> int:
        return len(self.starts) + 1

    def of(self, cells: Ints) -> Ints:
        """The bin of each cell."""
        return np.searchsorted(self.starts, cells, side="right").astype(np.int64)

    def count(self, cells: Ints, counts: Ints) -> Ints:
        """Counts per bin, shape (len(self),), of a window counted on the grid."""
        return np.bincount(self.of(cells), counts, len(self)).astype(np.int64)


def compose(cells: npt.ArrayLike, counts: npt.ArrayLike, *, bins: int = BINS) -> Bins:
    """Bins of about equal mass for a reference counted on the grid.

    Parameters
    ----------
    cells, counts
        Ascending unique cells and their counts, shape (C,); cells without count are ignored.
    bins
        How many bins of equal mass a reference without atoms gets (≥ 2); each atom takes one of
        them, and one more where it parts a bin in two.

    Examples
    --------
    >>> compose([0, 5, 6, 7], [900, 1, 1, 98], bins=4).starts.tolist()
    [0, 5, 7, 8]
    """
    count = np.asarray(counts, np.float64)
    cell = np.asarray(cells, np.int64)[count > 0]
    count = count[count > 0]
    if bins < 2 or not len(cell):
        raise InvalidInput(
            f"bins need >= 2 of them and a reference with values, got {bins}, {len(cell)}"
        )
    heavy = count > count.sum() / bins
    light = np.where(heavy, 0.0, count)
    # Light cells between the same two atoms form a segment; each is cut at multiples of the target.
    segment = 2 * np.cumsum(heavy) - heavy
    target = max(light.sum() / max(1, bins - int(heavy.sum())), 1e-300)
    middle = np.cumsum(light) - light / 2.0
    piece = np.floor(middle / target)
    new = np.ones(len(cell), bool)
    new[1:] = (np.diff(segment) != 0) | ((np.diff(piece) != 0) & ~heavy[1:])
    starts = np.append(cell[new], cell[-1] + 1)
    return Bins(starts)


def mid_cdf(shares: Floats) -> Floats:
    """The mass below the middle of each bin, along the last axis, for shares that sum to one."""
    return np.asarray(np.cumsum(shares, axis=-1) - shares / 2.0, np.float64)
