"""Kolmogorov-Smirnov distance: ``max |F − G|`` at the bins' edges, in [0, 1].

Never above the distance of the samples themselves, and below it by at most the largest
``min(p, q)`` of a bin. The effect takes off π²/12/s, the mean of its square without a change. For
bins in order only, not for categories. O(B).

References
----------
Kolmogorov, A. N. (1933), Sulla determinazione empirica di una legge di distribuzione.
"""

from __future__ import annotations

import numpy as np

from watchkeeper.stats.distances.distance import Distance, Pair, effect_of
from watchkeeper.stats.estimate import Estimate

__all__ = ["ks"]


def ks(pair: Pair) -> Distance:
    """Kolmogorov-Smirnov distance of a pair of counts on the same ordered bins.

    Examples
    --------
    >>> round(ks(Pair.of([50, 30, 20], [40, 30, 30])).value, 6)
    0.1
    """
    F, G = np.minimum(np.cumsum(pair.p), 1.0), np.minimum(np.cumsum(pair.q), 1.0)
    at = int(np.argmax(np.abs(F - G)))
    value = float(np.abs(F - G)[at])

    def effect() -> Estimate:
        real = float(np.sqrt(max(0.0, value**2 - np.pi**2 / 12.0 / pair.size)))
        se = float(np.sqrt(F[at] * (1.0 - F[at]) / pair.n + G[at] * (1.0 - G[at]) / pair.m))
        return effect_of(real, se, pair)

    return Distance(value, effect)
