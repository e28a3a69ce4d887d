"""Total variation distance: ``½ Σ|q − p|``, the share of rows that would have to change, in [0, 1].

The effect takes off what noise adds to absolute values (see ``folded``). Its lower bound is at
least that of the largest change of any one bin. O(B).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from watchkeeper.stats.distances.distance import Distance, Pair, unswollen
from watchkeeper.stats.distances.folded import excess, sureness
from watchkeeper.stats.estimate import Estimate

__all__ = ["tvd"]

Floats = npt.NDArray[np.float64]


def tvd(pair: Pair) -> Distance:
    """Total variation distance of a pair of counts on the same bins.

    Examples
    --------
    >>> round(tvd(Pair.of([50, 50], [40, 60])).value, 6)
    0.1
    """
    d = pair.q - pair.p
    value = float(np.abs(d).sum() / 2.0)
    return Distance(value, lambda: _effect(pair, d, value))


def _effect(pair: Pair, d: Floats, value: float) -> Estimate:
    noise = pair.noise
    half = np.full(len(d), 0.5)
    added = excess(d, noise, pair.pooled, weights=half, independent=max(1, len(d) - 1))
    sign = sureness(d, noise)
    folded = (1.0 - 2.0 / np.pi) * float((noise**2 * (1.0 - sign**2)).sum())
    variance = (pair.slope_variance(sign, sign) + folded) / 4.0
    effect = unswollen(value, float(np.sqrt(variance)), added, pair)
    low = max(effect.low or 0.0, _single(pair, d))
    return replace(effect, low=min(low, effect.value or 0.0))


def _single(pair: Pair, d: Floats) -> float:
    """A lower bound too: no distance is smaller than the change of any one bin (Bonferroni)."""
    z = -float(ndtri(0.025 / len(d)))
    own = np.sqrt(pair.p * (1.0 - pair.p) / pair.n + pair.q * (1.0 - pair.q) / pair.m)
    # Bernstein's term: few rows in a bin are skewed to the right.
    margin = z * np.maximum(own, pair.noise) + z**2 / (3.0 * pair.size)
    return float((np.abs(d) - margin).max())
