"""Counts of numeric columns, of many windows at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from watchkeeper.domain.profile import NumericProfile
from watchkeeper.stats.bins import Bins

__all__ = ["counts_of", "total_counts"]

Floats = npt.NDArray[np.float64]


def total_counts(profiles: Sequence[NumericProfile]) -> tuple[npt.NDArray[np.int64], Floats]:
    """The cells that hold values, ascending, and how many values in all; at least one has cells."""
    cells = np.concatenate([p.cells for p in profiles])
    first = int(cells.min())
    # The grid is short (some 140,000 cells at the very most), so that counting beats sorting.
    counts = np.bincount(cells - first, np.concatenate([p.counts for p in profiles]))
    held = np.flatnonzero(counts)
    return held.astype(np.int64) + first, counts[held].astype(np.float64)


def counts_of(bins: Bins, profiles: Sequence[NumericProfile | None]) -> Floats:
    """Counts per window and bin, (W, B), in one pass over the cells of all windows."""
    held = [(at, p) for at, p in enumerate(profiles) if p is not None]
    if not held:
        return np.zeros((len(profiles), len(bins)))
    window = np.repeat([at for at, _ in held], [len(p.cells) for _, p in held])
    where = bins.of(np.concatenate([p.cells for _, p in held])) + window * len(bins)
    counts = np.bincount(
        where, np.concatenate([p.counts for _, p in held]), len(profiles) * len(bins)
    )
    return counts.reshape(len(profiles), len(bins)).astype(np.float64)
