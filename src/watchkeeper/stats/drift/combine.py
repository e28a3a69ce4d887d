"""The Cauchy combination of p-values that may depend on each other.

``T = mean tan(π(½ − p))``, ``p = ½ − atan(T)/π``: accurate in the tail under any dependence.
p-values near one are held back at 1 − 1e-9 so that they cannot cancel a small one. O(K).

References
----------
Liu, Y., and Xie, J. (2020), Cauchy combination test. JASA 115.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["cauchy"]

_LEAST = 1e-300


def cauchy(p_values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Combine p-values along the first axis, shape (K, …) to (…).

    Examples
    --------
    >>> cauchy(np.array([0.5, 1e-6])).round(7).item()
    2e-06
    """
    p = np.clip(p_values, _LEAST, 1.0 - 1e-9)
    t = np.where(p < 1e-8, 1.0 / (np.pi * p), np.tan(np.pi * (0.5 - p))).mean(axis=0)
    # atan loses the tail: ½ − atan(t)/π = 1/(πt) to first order.
    tail = 1.0 / (np.pi * np.maximum(t, 1e6))
    return np.asarray(np.where(t > 1e6, tail, 0.5 - np.arctan(t) / np.pi), np.float64)
