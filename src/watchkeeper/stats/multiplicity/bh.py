"""Benjamini-Hochberg: the largest k with ``p_(k) ≤ α·k/m`` rejects the k smallest p-values.

Controls the false discovery rate at α·m₀/m for independent and positively dependent tests. Where
no hypothesis is false that is the chance of any rejection, so an alarm budget per tick holds.
Not for arbitrary dependence. O(m log m).

References
----------
Genovese, C. R., Roeder, K., and Wasserman, L. (2006), False discovery control with p-value
weighting. Biometrika 93.
Benjamini, Y., and Hochberg, Y. (1995), Controlling the false discovery rate. JRSS B 57.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from watchkeeper.errors import InvalidInput

__all__ = ["benjamini_hochberg"]


def benjamini_hochberg(
    p_values: npt.ArrayLike, *, alpha: float, weights: npt.ArrayLike | None = None
) -> npt.NDArray[np.bool_]:
    """Which of the p-values (shape (m,), in [0, 1], any order) are rejected; empty for empty.

    ``weights`` (m,) > 0, chosen without a look at the p-values, deal the error out unevenly: p/w
    with w scaled to a mean of one takes the place of p.

    Examples
    --------
    >>> benjamini_hochberg([0.01, 0.8, 0.02, 0.04], alpha=0.05).tolist()
    [True, False, True, False]
    """
    p = np.asarray(p_values, np.float64)
    if p.ndim != 1 or not ((p >= 0.0) & (p <= 1.0)).all() or not 0.0 < alpha <= 1.0:
        raise InvalidInput(
            f"p-values must be a list of numbers in [0, 1] and alpha in (0, 1], got {p}, alpha {alpha}"
        )
    if not len(p):
        return np.zeros(0, np.bool_)
    if weights is not None:
        w = np.asarray(weights, np.float64)
        if w.shape != p.shape or not (w > 0.0).all():
            raise InvalidInput(f"weights must be positive, one per p-value, got {w}")
        p = p * w.mean() / w
    passed = np.sort(p) <= alpha * np.arange(1, len(p) + 1) / len(p)
    if not passed.any():
        return np.zeros(len(p), np.bool_)
    limit = np.sort(p)[np.flatnonzero(passed)[-1]]
    return np.asarray(p <= limit, np.bool_)
