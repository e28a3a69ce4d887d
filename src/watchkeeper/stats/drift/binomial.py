"""How unlikely a count is, exactly: the two-sided mid-p of the binomial.

``2·min(P(X < k), P(X > k)) + P(X = k)``, at most one. Against half the chance of the count itself
the tails of few values are neither too heavy nor too light on average. O(K).

References
----------
Lancaster, H. O. (1961), Significance tests in discrete distributions. JASA 56.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import betainc

__all__ = ["mid_p"]

Floats = npt.NDArray[np.float64]


def mid_p(k: Floats, n: Floats, share: npt.ArrayLike) -> Floats:
    """The p-value of ``k`` of ``n`` where ``share`` (in [0, 1]) is expected; shapes that broadcast.

    Examples
    --------
    >>> mid_p(np.array([0.0, 5.0]), np.array([10.0, 10.0]), 0.5).round(4).tolist()
    [0.001, 1.0]
    """
    k, n, share = np.broadcast_arrays(k, n, np.asarray(share, np.float64))
    # Tails of the binomial as incomplete beta functions, whose parameters must stay positive.
    below = np.where(k > 0.0, betainc(n - k + 1.0, np.maximum(k, 1.0), 1.0 - share), 0.0)
    above = np.where(k < n, betainc(k + 1.0, np.maximum(n - k, 1.0), share), 0.0)
    at = 1.0 - below - above
    return np.asarray(np.minimum(1.0, 2.0 * (np.minimum(below, above) + at / 2.0)))
