"""Hellinger distance: ``√(1 − Σ√(p·q))``, a metric in [0, 1].

Without a change 8s·H² is χ² with B − 1 degrees of freedom. O(B).

References
----------
Hellinger, E. (1909), Neue Begründung der Theorie quadratischer Formen. J. Reine Angew. Math. 136.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from watchkeeper.stats.distances.distance import Distance, Pair, divergence, rooted

__all__ = ["hellinger"]

Floats = npt.NDArray[np.float64]


def hellinger(pair: Pair) -> Distance:
    """Hellinger distance of a pair of counts on the same bins.

    Examples
    --------
    >>> hellinger(Pair.of([1, 0], [0, 1])).value
    1.0
    """
    p, q = pair.p, pair.q
    value = max(0.0, 1.0 - float(np.sqrt(p * q).sum()))

    def slopes() -> tuple[Floats, Floats]:
        # Half a row where a share is zero keeps the slope finite.
        a, b = np.maximum(p, 0.5 / pair.n), np.maximum(q, 0.5 / pair.m)
        return -0.5 * np.sqrt(b / a), -0.5 * np.sqrt(a / b)

    return rooted(divergence(pair, value, 0.125, slopes))
