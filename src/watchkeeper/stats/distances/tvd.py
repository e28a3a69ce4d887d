"""Total variation distance: ``½ Σ|q − p|``, the share of rows that would have to change, in [0, 1].

The effect takes off what noise adds to absolute values (see ``folded``). O(B).
"""

from __future__ import annotations

import numpy as np

from watchkeeper.stats.distances.distance import Distance, Pair, unswollen
from watchkeeper.stats.distances.folded import excess, sureness

__all__ = ["tvd"]


def tvd(pair: Pair) -> Distance:
    """Total variation distance of a pair of counts on the same bins.

    Examples
    --------
    >>> round(tvd(Pair.of([50, 50], [40, 60])).value, 6)
    0.1
    """
    d, noise = pair.q - pair.p, pair.noise
    value = float(np.abs(d).sum() / 2.0)
    half = np.full(len(d), 0.5)
    added = excess(d, noise, pair.pooled, weights=half, independent=max(1, len(d) - 1))
    sign = sureness(d, noise)
    folded = (1.0 - 2.0 / np.pi) * float((noise**2 * (1.0 - sign**2)).sum())
    variance = (pair.slope_variance(sign, sign) + folded) / 4.0
    return Distance(value, unswollen(value, float(np.sqrt(variance)), added, pair))
