"""Jensen-Shannon divergence in bits (base 2): ``½ KL(p‖(p+q)/2) + ½ KL(q‖(p+q)/2)``, in [0, 1].

Without a change 8 ln 2·s times it is χ² with B − 1 degrees of freedom. O(B).

References
----------
Lin, J. (1991), Divergence measures based on the Shannon entropy. IEEE Trans. Inf. Theory 37.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import rel_entr, xlogy

from watchkeeper.stats.distances.distance import Distance, Pair, divergence

__all__ = ["js_divergence"]

Floats = npt.NDArray[np.float64]


def js_divergence(pair: Pair) -> Distance:
    """Jensen-Shannon divergence in bits of a pair of counts on the same bins.

    Examples
    --------
    >>> js_divergence(Pair.of([1, 0], [0, 1])).value
    1.0
    """
    p, q, ln2 = pair.p, pair.q, np.log(2.0)
    mean = (p + q) / 2.0
    value = float((rel_entr(p, mean) + rel_entr(q, mean)).sum() / (2.0 * ln2))

    def slope(x: Floats) -> Floats:
        # It is −∞ where a share is zero; such a bin has no weight, so any number will do.
        return np.asarray(xlogy(x > 0, np.where(x > 0, x, 1.0) / mean) / (2.0 * ln2))

    return divergence(pair, value, 1.0 / (8.0 * ln2), lambda: (slope(p), slope(q)))
