"""Rates of many small groups (intersections): each drawn towards all, by as much as it is unsure.

The groups' rates are taken as drawn from one Beta, fitted by moments; each group's rate is its
posterior mean. Small groups stop being extreme by chance alone, and large ones stay what they are.
O(groups).

References
----------
Kleinman, J. C. (1973), Proportions with extraneous variance: single and independent samples. JASA 68.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import betaincinv

from watchkeeper.errors import InvalidInput

__all__ = ["shrunk_rates"]

Floats = npt.NDArray[np.float64]


def shrunk_rates(
    events: npt.ArrayLike, totals: npt.ArrayLike, *, level: float = 0.95
) -> tuple[Floats, Floats, Floats]:
    """Rates, and the ends of their intervals, each (G,); a group without rows gets the common rate.

    Examples
    --------
    >>> rates, low, high = shrunk_rates([0, 300, 520], [2, 1000, 1000])
    >>> bool(0.2 < rates[0] < 0.5), rates[1:].round(2).tolist()
    (True, [0.3, 0.52])
    """
    k, n = np.asarray(events, np.float64), np.asarray(totals, np.float64)
    if k.ndim != 1 or k.shape != n.shape or not ((k >= 0.0) & (k <= n)).all() or not n.sum() > 0.0:
        raise InvalidInput(f"every group needs 0 <= events <= total, and one a row, got {k} of {n}")
    a, b = _prior(k[n > 0.0], n[n > 0.0])
    tail = (1.0 - level) / 2.0
    ends = (betaincinv(a + k, b + n - k, q) for q in (tail, 1.0 - tail))
    low, high = (np.asarray(end, np.float64) for end in ends)
    return np.asarray((a + k) / (a + b + n)), low, high


def _prior(k: Floats, n: Floats) -> tuple[float, float]:
    """The Beta of the groups' rates, by the moments of their weighted spread."""
    mean = float(k.sum() / n.sum())
    inner = mean * (1.0 - mean)
    if len(k) < 2 or inner == 0.0:
        return max(mean, 1e-9) * 2.0, max(1.0 - mean, 1e-9) * 2.0
    spread = float((n * (k / n - mean) ** 2).sum())
    chance = inner * (len(k) - 1)
    extra = (spread - chance) / (n.sum() - (n**2).sum() / n.sum() - (len(k) - 1))
    # Where groups do not differ beyond chance, their rate is as well known as all rows make it.
    size = min(float(n.sum()), 1.0 / float(np.clip(extra / inner, 1e-9, 0.999)) - 1.0)
    return mean * size, (1.0 - mean) * size
