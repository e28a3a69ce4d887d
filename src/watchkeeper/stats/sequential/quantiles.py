"""Quantiles of two arms, compared at every look: whether p95 latency differs, for instance.

If both arms had the same p-quantile x, a value would lie at or below x with probability p in
each: two sub-Bernoulli martingales, whose product is one. The evidence against every common x is
the least over x, and so holds whatever the shape of the distributions. On a shared histogram the
share below x is only known to lie between those at the bin's ends, and the least favourable is
taken: conservative, and it merges. O(rows) or O(bins).

References
----------
Howard, S. R., and Ramdas, A. (2022), Sequential estimation of quantiles with applications to A/B
testing and best-arm identification. Bernoulli 28.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from watchkeeper.errors import InvalidInput
from watchkeeper.stats.sequential.beta_binomial import log_two_sided
from watchkeeper.stats.sequential.normal_mixture import best_rho

__all__ = ["log_evidence", "log_evidence_binned", "quantile_interval"]

_ALPHA = 0.05  # the level at which the mixture is tightest

Floats = npt.NDArray[np.float64]


def log_evidence(
    control: npt.ArrayLike, treatment: npt.ArrayLike, *, quantile: float, tightest_at: int
) -> float:
    """The logarithm of the evidence that the arms' quantiles differ: ``exp(−it)`` is a p-value
    that holds at every look.

    Parameters
    ----------
    control, treatment
        All values so far, shapes (n,) and (m,), without NaN. 0.0 while an arm has none.
    quantile
        In (0, 1).
    tightest_at
        Rows an arm at which the test is most powerful.

    Examples
    --------
    >>> values = np.arange(1, 1001)
    >>> e = log_evidence(values, values + 85, quantile=0.5, tightest_at=100)
    >>> round(float(np.exp(-e)), 7)
    0.0838055
    """
    arms = [np.sort(np.asarray(values, np.float64)) for values in (control, treatment)]
    if any(arm.ndim != 1 or np.isnan(arm).any() for arm in arms):
        raise InvalidInput("each arm must be a list of numbers without NaN")
    if not all(len(arm) for arm in arms):
        return 0.0
    at = np.unique(np.concatenate(arms))
    total = np.zeros(len(at))
    for arm in arms:
        below = np.searchsorted(arm, at, side="left") / len(arm)
        upto = np.searchsorted(arm, at, side="right") / len(arm)
        total += _against(below, upto, len(arm), quantile, tightest_at)
    return float(total.min())


def log_evidence_binned(
    control: npt.ArrayLike, treatment: npt.ArrayLike, *, quantile: float, tightest_at: int
) -> float:
    """The same from counts (bins,) ≥ 0 on the same ascending bins; never more than with the values
    themselves. 0.0 while an arm has none.
    """
    arms = [np.asarray(counts, np.float64) for counts in (control, treatment)]
    if arms[0].shape != arms[1].shape or any(a.ndim != 1 or (a < 0).any() for a in arms):
        raise InvalidInput("each arm must give counts >= 0 on the same bins")
    if not all(arm.sum() for arm in arms):
        return 0.0
    total = np.zeros(len(arms[0]))
    for arm in arms:
        upto = np.cumsum(arm) / arm.sum()
        below = np.concatenate(([0.0], upto[:-1]))
        total += _against(below, upto, float(arm.sum()), quantile, tightest_at)
    return float(total.min())


def quantile_interval(
    values: npt.ArrayLike, *, quantile: float, tightest_at: int, alpha: float = 0.05
) -> tuple[float, float]:
    """A confidence sequence for one arm's quantile: it holds at every look with 1 − ``alpha``.

    (−inf, inf) where the values so far do not bound it.
    """
    x = np.sort(np.asarray(values, np.float64))
    n = len(x)
    if n == 0:
        return -np.inf, np.inf
    ranks = np.arange(n + 1) / n
    refuted = _log(ranks, n, quantile, tightest_at) >= np.log(1.0 / alpha)
    low = np.flatnonzero(refuted & (ranks < quantile))
    high = np.flatnonzero(refuted & (ranks > quantile))
    # Where F(x) = k/n is refuted as too low, the quantile lies at or above the k-th next value.
    return (
        float(x[low[-1]]) if len(low) else -np.inf,
        float(x[high[0] - 1]) if len(high) else np.inf,
    )


def _against(below: Floats, upto: Floats, n: float, quantile: float, tightest_at: int) -> Floats:
    """The least evidence against each place: the share there is anywhere from below to upto."""
    return _log(np.clip(quantile, below, upto), n, quantile, tightest_at)


def _log(shares: Floats, n: float, quantile: float, tightest_at: int) -> Floats:
    if not 0.0 < quantile < 1.0 or tightest_at < 1:
        raise InvalidInput(
            f"the quantile must lie in (0, 1) and tightest_at be at least 1, got {quantile}, "
            f"{tightest_at}"
        )
    v = quantile * (1.0 - quantile)
    rho = best_rho(tightest_at * v, alpha=_ALPHA)
    return log_two_sided((shares - quantile) * n, v * n, g=quantile, h=1.0 - quantile, rho=rho)
