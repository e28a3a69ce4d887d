"""Population stability index: ``Σ (q − p)·ln(q/p)``, the symmetric Kullback-Leibler divergence.

A bin that one side leaves empty would make it infinite: it counts as half a row there. Without a
change s·PSI is χ² with B − 1 degrees of freedom. O(B).

References
----------
Yurdakul, B., and Naranjo, J. (2020), Statistical properties of the PSI. J. Risk Model Validation.
"""

from __future__ import annotations

import numpy as np

from watchkeeper.stats.distances.distance import Distance, Pair, divergence

__all__ = ["psi"]


def psi(pair: Pair) -> Distance:
    """PSI in nats, ≥ 0, of a pair of counts on the same bins.

    Examples
    --------
    >>> round(psi(Pair.of([50, 50], [40, 60])).value, 6)
    0.040547
    """
    p, q = np.maximum(pair.p, 0.5 / pair.n), np.maximum(pair.q, 0.5 / pair.m)
    log = np.log(q / p)
    return divergence(
        pair, float((q - p) @ log), 1.0, lambda: (-log + 1.0 - q / p, log + 1.0 - p / q)
    )
