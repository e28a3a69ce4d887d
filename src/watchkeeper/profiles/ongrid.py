"""The asinh grid for large arrays: `stats.grid.cell_of` without its copies."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from watchkeeper.domain.profile import NumericBinning
from watchkeeper.stats.grid import RESOLUTION, cell_of

__all__ = ["SUMMED", "on_grid"]

# Sums take |z| as at most this, so that Σz² stays finite: beyond lies nothing to average.
SUMMED = 1e150
_NEAR = 1e8  # up to it the grid has its plain form

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def on_grid(x: Floats, binning: NumericBinning) -> tuple[Floats, Ints]:
    """``z`` (cut at ± 1e150) and the cell of every value of ``x`` (finite, at least one)."""
    with np.errstate(over="ignore"):
        z = x - binning.center
        z /= binning.scale
    a = np.abs(z)
    if a.max() > _NEAR:
        return np.clip(z, -SUMMED, SUMMED), cell_of(x, binning.center, binning.scale)
    root = a * a
    root += 1.0
    np.sqrt(root, out=root)
    a += root
    np.log(a, out=a)
    np.copysign(a, z, out=a)
    a *= RESOLUTION
    a += 0.5
    np.floor(a, out=a)
    return z, a.astype(np.int64)
