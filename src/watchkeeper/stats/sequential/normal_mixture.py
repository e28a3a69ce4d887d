"""The normal mixture: a sum of sub-Gaussian terms, watched at every moment.

For a martingale S with variance process V, ``∫ exp(λS − λ²V/2) dN(0, 1/ρ)(λ)`` is a
non-negative martingale that starts at one: it exceeds 1/α ever with a chance of at most α
(Ville). ``rho`` says at which V the boundary is tightest. O(1) a value; everything broadcasts.

References
----------
Robbins, H. (1970), Statistical methods related to the law of the iterated logarithm.
Annals of Mathematical Statistics 41.
Howard, S. R., Ramdas, A., McAuliffe, J., and Sekhon, J. (2021), Time-uniform, nonparametric,
nonasymptotic confidence sequences. Annals of Statistics 49.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import log_ndtr

from watchkeeper.errors import InvalidInput

__all__ = ["best_rho", "boundary", "log_one_sided", "log_two_sided"]

Floats = npt.NDArray[np.float64]


def best_rho(variance: float, *, alpha: float) -> float:
    """The ρ whose two-sided boundary at level ``alpha`` is tightest where V is ``variance`` > 0.

    For a one-sided boundary give 2·alpha.

    Examples
    --------
    >>> round(best_rho(100.0, alpha=0.05), 5)
    12.60056
    """
    if not variance > 0.0 or not 0.0 < alpha < 2.0:
        raise InvalidInput(
            f"the variance to be tightest at must be positive and alpha in (0, 1), got {variance}, "
            f"alpha {alpha}"
        )
    log = 2.0 * np.log(1.0 / alpha)
    return float(variance / (log + np.log1p(log)))


def log_two_sided(s: npt.ArrayLike, variance: npt.ArrayLike, *, rho: float) -> Floats:
    """The logarithm of the martingale against S = 0, either way; ``variance`` ≥ 0.

    Examples
    --------
    >>> round(float(log_two_sided(10.0, 100.0, rho=best_rho(100.0, alpha=0.05))), 7)
    -0.6510052
    """
    total, v = np.asarray(s, np.float64), np.asarray(variance, np.float64)
    return np.asarray(0.5 * np.log(rho / (v + rho)) + total**2 / (2.0 * (v + rho)))


def log_one_sided(s: npt.ArrayLike, variance: npt.ArrayLike, *, rho: float) -> Floats:
    """The logarithm of the martingale against S ≤ 0, mixed over the positive half alone.

    Examples
    --------
    >>> round(float(log_one_sided(10.0, 100.0, rho=best_rho(100.0, alpha=0.1))), 8)
    -0.06502391
    """
    total, v = np.asarray(s, np.float64), np.asarray(variance, np.float64)
    sure = log_ndtr(total / np.sqrt(v + rho))
    return np.asarray(0.5 * np.log(4.0 * rho / (v + rho)) + total**2 / (2.0 * (v + rho)) + sure)


def boundary(variance: npt.ArrayLike, *, alpha: float, rho: float) -> Floats:
    """What |S| exceeds at any V with a chance of at most ``alpha``.

    Examples
    --------
    >>> round(float(boundary(100.0, alpha=0.05, rho=best_rho(100.0, alpha=0.05))), 5)
    30.35209
    """
    v = np.asarray(variance, np.float64)
    return np.asarray(np.sqrt((v + rho) * (np.log1p(v / rho) + 2.0 * np.log(1.0 / alpha))))
