"""L-infinity distance: ``max |q − p|``, the largest change of any bin's share, in [0, 1].

The effect takes off, in squares, what the largest of B differences of pure noise would be. O(B).
"""

from __future__ import annotations

import numpy as np

from watchkeeper.stats.distances.distance import Distance, Pair, effect_of
from watchkeeper.stats.estimate import Estimate

__all__ = ["linf"]


def linf(pair: Pair) -> Distance:
    """L-infinity distance of a pair of counts on the same bins.

    Examples
    --------
    >>> round(linf(Pair.of([50, 30, 20], [40, 30, 30])).value, 6)
    0.1
    """
    d = np.abs(pair.q - pair.p)
    at = int(np.argmax(d))
    value = float(d[at])

    def effect() -> Estimate:
        # The square of the largest of k standard normals is about 2 ln k, and never below 1.
        bias2 = float(pair.noise[at]) ** 2 * max(1.0, 2.0 * float(np.log(len(d))))
        p, q = float(pair.p[at]), float(pair.q[at])
        se = float(np.sqrt(p * (1.0 - p) / pair.n + q * (1.0 - q) / pair.m))
        return effect_of(float(np.sqrt(max(0.0, value**2 - bias2))), se, pair)

    return Distance(value, effect)
