"""The beta-binomial mixture: sums of terms between −g and h, such as successes less their rate.

Sub-Bernoulli terms (each in [−g, h], mean zero) have the cumulant generating function of the
two-point distribution; its conjugate mixture is a Beta. Exact at every sample size and every
look, where the normal mixture is only as good as the bound on the variance. O(1) a value.

References
----------
Howard, S. R., Ramdas, A., McAuliffe, J., and Sekhon, J. (2021), Time-uniform, nonparametric,
nonasymptotic confidence sequences. Annals of Statistics 49, propositions 7 and 9.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.special import betainc, betaln

from watchkeeper.errors import InvalidInput
from watchkeeper.stats.sequential.normal_mixture import best_rho

__all__ = ["log_one_sided", "log_two_sided", "proportion_interval"]

Floats = npt.NDArray[np.float64]
_EDGE = 1e-12
_LEAST_R = 1e-3  # of g·h: a mixture must spread over something


def log_two_sided(
    s: npt.ArrayLike, variance: npt.ArrayLike, *, g: float, h: float, rho: float
) -> Floats:
    """The logarithm of the martingale against S = 0, either way.

    ``s`` is the sum of terms in [−g, h], ``variance`` its variance process (g·h for each term).

    Examples
    --------
    >>> rho = best_rho(100.0, alpha=0.05)
    >>> round(float(log_two_sided(10.0, 100.0, g=0.2, h=0.8, rho=rho)), 7)
    -0.6941012
    """
    return _log(s, variance, (g, h), rho, two_sided=True)


def log_one_sided(
    s: npt.ArrayLike, variance: npt.ArrayLike, *, g: float, h: float, rho: float
) -> Floats:
    """The logarithm of the martingale against S ≤ 0.

    Examples
    --------
    >>> rho = best_rho(100.0, alpha=0.1)
    >>> round(float(log_one_sided(10.0, 100.0, g=0.2, h=0.8, rho=rho)), 8)
    -0.07134019
    """
    return _log(s, variance, (g, h), rho, two_sided=False)


def proportion_interval(
    successes: int, trials: int, *, alpha: float = 0.05, tightest_at: int
) -> tuple[float, float]:
    """A confidence sequence for a proportion: [low, high] holds at every look with 1 − ``alpha``.

    ``tightest_at`` is the number of trials at which it is tightest. (0, 1) without trials.

    Examples
    --------
    >>> low, high = proportion_interval(700, 1000, tightest_at=100)
    >>> round(low, 5), round(high, 5)
    (0.65163, 0.74595)
    """
    if not 0 <= successes <= trials or tightest_at < 1 or not 0.0 < alpha < 1.0:
        raise InvalidInput(
            f"successes must lie in [0, trials], tightest_at be at least 1 and alpha in (0, 1), "
            f"got {successes} of {trials}, tightest_at {tightest_at}, alpha {alpha}"
        )
    if trials == 0:
        return 0.0, 1.0
    share = successes / trials

    def surprise(rate: float) -> float:
        v = rate * (1.0 - rate)
        rho = best_rho(tightest_at * v, alpha=alpha)
        s = successes - rate * trials
        return float(log_two_sided(s, trials * v, g=rate, h=1.0 - rate, rho=rho) + np.log(alpha))

    low, high = _EDGE, 1.0 - _EDGE
    below = share > low and surprise(low) > 0.0
    above = share < high and surprise(high) > 0.0
    inside = min(max(share, low), high)
    return (
        float(brentq(surprise, low, inside)) if below else 0.0,
        float(brentq(surprise, inside, high)) if above else 1.0,
    )


def _log(
    s: npt.ArrayLike,
    variance: npt.ArrayLike,
    ends: tuple[float, float],
    rho: float,
    *,
    two_sided: bool,
) -> Floats:
    (g, h), total, v = ends, np.asarray(s, np.float64), np.asarray(variance, np.float64)
    if not (g > 0.0 and h > 0.0):
        raise InvalidInput(f"terms must lie in [-g, h] with both positive, got g {g}, h {h}")
    r = max(rho - g * h, _LEAST_R * g * h)
    width, share = g + h, 1.0 if two_sided else h / (g + h)
    drift = (
        v / (g * h) * np.log(width)
        - (v + h * total) / (h * width) * np.log(g)
        - (v - g * total) / (g * width) * np.log(h)
    )
    after = _log_beta((r + v - g * total) / (g * width), (r + v + h * total) / (h * width), share)
    before = _log_beta(r / (g * width), r / (h * width), share)
    return np.asarray(drift + after - before)


def _log_beta(a: npt.ArrayLike, b: npt.ArrayLike, share: float) -> Floats:
    """The logarithm of the incomplete beta function, complete at a share of one."""
    whole = betaln(a, b)
    return np.asarray(whole if share == 1.0 else whole + np.log(betainc(a, b, share)))
