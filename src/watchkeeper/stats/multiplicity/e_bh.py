"""e-BH: the largest k with ``e_(k) ≥ m/(α·k)`` rejects the k largest e-values.

Controls the false discovery rate at α under any dependence, and at every look, where the e-values
are of processes that were watched. O(m log m).

References
----------
Wang, R., and Ramdas, A. (2022), False discovery rate control with e-values. JRSS B 84.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from watchkeeper.errors import InvalidInput

__all__ = ["e_benjamini_hochberg"]


def e_benjamini_hochberg(e_values: npt.ArrayLike, *, alpha: float) -> npt.NDArray[np.bool_]:
    """Which of the e-values (shape (m,), ≥ 0, any order) are rejected; empty for empty.

    Examples
    --------
    >>> e_benjamini_hochberg([100.0, 1.0, 45.0, 2.0], alpha=0.05).tolist()
    [True, False, True, False]
    """
    e = np.asarray(e_values, np.float64)
    if e.ndim != 1 or not (e >= 0.0).all() or not 0.0 < alpha <= 1.0:
        raise InvalidInput(f"e-values must be >= 0 and alpha in (0, 1], got {e}, alpha {alpha}")
    if not len(e):
        return np.zeros(0, np.bool_)
    passed = np.flatnonzero(np.sort(e)[::-1] * np.arange(1, len(e) + 1) >= len(e) / alpha)
    if not len(passed):
        return np.zeros(len(e), np.bool_)
    return np.asarray(e >= np.sort(e)[::-1][passed[-1]], np.bool_)
