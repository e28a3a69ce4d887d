"""Asymptotic confidence sequences: intervals of a mean that hold at every look, for large n.

``mean ± σ̂·√(2(nρ² + 1)/(n²ρ²)·ln(√(nρ² + 1)/α))``: the normal mixture with the estimated
variance, justified by strong approximation as the central limit theorem justifies ``± 1.96·se``.
Needs no bound on the values, only moments; not to be read before about 100 rows an arm. O(1).

References
----------
Waudby-Smith, I., Arbour, D., Sinha, R., Kennedy, E. H., and Ramdas, A. (2024), Time-uniform
central limit theory and asymptotic confidence sequences. Annals of Statistics 52.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from watchkeeper.errors import InvalidInput
from watchkeeper.stats.estimate import Estimate

__all__ = ["FEWEST", "Moments", "best_rho2", "difference", "margin", "mean", "p_value"]

FEWEST = 100  # rows an arm before anything is said

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Moments:
    """What is kept of an arm: ``n`` values, their mean and variance (ddof 1); they merge exactly."""

    n: int
    mean: float
    variance: float

    @classmethod
    def of(cls, values: npt.ArrayLike) -> Moments:
        """Of values of shape (n,), finite; nothing for none.

        >>> Moments.of([1.0, 2.0, 3.0])
        Moments(n=3, mean=2.0, variance=1.0)
        """
        x = np.asarray(values, np.float64)
        if x.ndim != 1 or not np.isfinite(x).all():
            raise InvalidInput(f"values must be a list of finite numbers, got shape {x.shape}")
        if len(x) < 2:
            return cls(len(x), float(x.sum()), 0.0)
        return cls(len(x), float(x.mean()), float(x.var(ddof=1)))

    def __add__(self, other: Moments) -> Moments:
        n = self.n + other.n
        if n == 0:
            return self
        apart = other.mean - self.mean
        squares = (
            self.variance * max(self.n - 1, 0)
            + other.variance * max(other.n - 1, 0)
            + apart * apart * self.n * other.n / n
        )
        return Moments(n, self.mean + apart * other.n / n, squares / max(n - 1, 1))


def best_rho2(rows: float, *, alpha: float) -> float:
    """The ρ² that makes the interval about as tight as can be after ``rows`` > 0 rows.

    Plan with a quarter to a half of the planned size.

    Examples
    --------
    >>> round(best_rho2(2500, alpha=0.05), 8)
    0.00317446
    """
    if not rows > 0.0 or not 0.0 < alpha < 1.0:
        raise InvalidInput(f"rows must be positive and alpha in (0, 1), got {rows}, alpha {alpha}")
    log = -2.0 * np.log(alpha)
    return float((log + np.log1p(log)) / rows)


def margin(n: npt.ArrayLike, sd: npt.ArrayLike, *, alpha: float, rho2: float) -> Floats:
    """Half the width of the two-sided sequence after ``n`` ≥ 1 rows; infinite below that.

    Examples
    --------
    >>> round(float(margin(10_000, 1.0, alpha=0.05, rho2=best_rho2(2500, alpha=0.05))), 6)
    0.031271
    """
    rows, spread = np.asarray(n, np.float64), np.asarray(sd, np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        grown = rows * rho2 + 1.0
        width = spread * np.sqrt(2.0 * grown / (rows**2 * rho2) * np.log(np.sqrt(grown) / alpha))
    return np.asarray(np.where(rows >= 1.0, width, np.inf))


def mean(arm: Moments, *, alpha: float = 0.05, rho2: float) -> Estimate:
    """The mean of one arm; no figure below `FEWEST` rows."""
    if arm.n < FEWEST:
        return Estimate.insufficient(arm.n)
    half = float(margin(arm.n, np.sqrt(arm.variance), alpha=alpha, rho2=rho2))
    se = float(np.sqrt(arm.variance / arm.n))
    return Estimate(arm.mean, arm.mean - half, arm.mean + half, arm.n, se)


def difference(
    control: Moments, treatment: Moments, *, alpha: float = 0.05, rho2: float
) -> Estimate:
    """Treatment's mean less control's; no figure while an arm has fewer than `FEWEST` rows.

    The two arms are one stream of ``n`` rows: a row of an arm with share k/n counts n/k times, so
    the shares may be of any size, as long as they do not depend on the answers. ``rho2`` is by
    rows of both arms together.
    """
    n = control.n + treatment.n
    if min(control.n, treatment.n) < FEWEST:
        return Estimate.insufficient(n)
    value = treatment.mean - control.mean
    se = float(np.sqrt(control.variance / control.n + treatment.variance / treatment.n))
    half = float(margin(n, se * np.sqrt(n), alpha=alpha, rho2=rho2))
    return Estimate(value, value - half, value + half, n, se)


def p_value(found: Estimate, *, rho2: float, against: float = 0.0) -> float:
    """The anytime-valid p-value of "the figure is ``against``": the least alpha whose sequence, of
    this ``rho2``, leaves it out; 1 where there is no figure.
    """
    if found.value is None or found.se is None or found.se <= 0.0:
        return 1.0
    grown = found.n * rho2 + 1.0
    z2 = ((found.value - against) / found.se) ** 2
    return float(min(1.0, np.sqrt(grown) * np.exp(-z2 * found.n * rho2 / (2.0 * grown))))
