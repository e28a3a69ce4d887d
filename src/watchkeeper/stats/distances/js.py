"""Jensen-Shannon distance: the square root of the divergence in bits (base 2), a metric in [0, 1].

O(B).

References
----------
Endres, D. M., and Schindelin, J. E. (2003), A new metric for probability distributions. IEEE
Trans. Inf. Theory 49.
"""

from __future__ import annotations

from watchkeeper.stats.distances.distance import Distance, Pair, rooted
from watchkeeper.stats.distances.js_divergence import js_divergence

__all__ = ["js"]


def js(pair: Pair) -> Distance:
    """Jensen-Shannon distance (base 2) of a pair of counts on the same bins.

    Examples
    --------
    >>> js(Pair.of([1, 1], [1, 1])).value
    0.0
    """
    return rooted(js_divergence(pair))
