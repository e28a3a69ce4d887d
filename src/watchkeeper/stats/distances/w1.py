"""Wasserstein-1 (earth mover's) distance: ``∫ |F − G| dx`` in the unit of the column.

On bins each row counts as lying at its bin's position; the error is at most Σ width·min(p, q).
The effect takes off what noise adds to absolute values (see ``folded``). O(B).

References
----------
Vallender, S. S. (1974), Calculation of the Wasserstein distance between probability
distributions on the line. Theory Probab. Appl. 18.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from watchkeeper.errors import InvalidInput
from watchkeeper.stats.distances.distance import Distance, Pair, unswollen
from watchkeeper.stats.distances.folded import excess, sureness
from watchkeeper.stats.estimate import Estimate

__all__ = ["w1"]

Floats = npt.NDArray[np.float64]
_NULL_CV = 0.434  # sd/mean of ∫₀¹|Brownian bridge|: √(7/60 − π/32)/√(π/32)
_INDEPENDENT = 3.45  # the Anderson-Darling statistic has mean 1 and variance 2(π² − 9)/3 = 2/3.45


def w1(pair: Pair, positions: npt.ArrayLike) -> Distance:
    """Wasserstein-1 distance of a pair of counts on bins at ascending ``positions`` (B,).

    Examples
    --------
    >>> w1(Pair.of([1, 1, 0], [0, 1, 1]), [0.0, 1.0, 5.0]).value
    2.5
    """
    x = np.asarray(positions, np.float64)
    if x.shape != pair.used.shape or not np.isfinite(x).all() or (np.diff(x) < 0.0).any():
        raise InvalidInput("positions must be finite, ascending, one per bin")
    x = x[pair.used]
    d = (np.cumsum(pair.q) - np.cumsum(pair.p))[:-1]
    width = np.diff(x)
    value = float(np.abs(d) @ width)
    return Distance(value, lambda: _effect(pair, d, width, value))


def _effect(pair: Pair, d: Floats, width: Floats, value: float) -> Estimate:
    pooled = np.cumsum(pair.pooled)[:-1]
    spread = np.sqrt(np.maximum(pooled * (1.0 - pooled), 0.0))
    noise = spread / np.sqrt(pair.size)
    added = excess(d, noise, spread, weights=width, independent=_INDEPENDENT)
    sign = sureness(d, noise)
    slope = np.concatenate([[0.0], np.cumsum(sign * width)])
    unsure = float((1.0 - sign**2) @ (noise * width)) * np.sqrt(2.0 / np.pi) * _NULL_CV
    se = float(np.sqrt(pair.slope_variance(slope, slope) + unsure**2))
    return unswollen(value, se, added, pair)
