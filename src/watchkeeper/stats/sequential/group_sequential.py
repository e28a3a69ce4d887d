"""Group-sequential tests: a few looks, planned by the information they see, nearly the power of one.

An alpha-spending function says how much of the error may be spent by each share of the planned
information; the boundaries follow by integrating the walk of the test statistic (independent
normal increments) from look to look. Looks need not be those that were planned: only what was seen
before each counts. O(looks × grid²).

References
----------
Lan, K. K. G., and DeMets, D. L. (1983), Discrete sequential boundaries for clinical trials.
Biometrika 70.
Jennison, C., and Turnbull, B. W. (1999), Group Sequential Methods, chapters 7 and 19.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

from watchkeeper.errors import InvalidInput

__all__ = [
    "SPENDING",
    "boundaries",
    "crossing",
    "drift_for",
    "spend_obrien_fleming",
    "spend_pocock",
]

_GRID = 501  # points of the walk's density; Simpson's rule needs an odd number
_FAR = 8.0  # standard deviations beyond which the density is nothing
_HIGHEST = 20.0  # a boundary that is never crossed

Floats = npt.NDArray[np.float64]


def spend_obrien_fleming(share: npt.ArrayLike, *, alpha: float) -> Floats:
    """Hardly anything early, nearly all at the end: ``2 − 2Φ(z/√t)``.

    >>> spend_obrien_fleming([0.5, 1.0], alpha=0.05).round(6).tolist()
    [0.005575, 0.05]
    """
    t = np.asarray(share, np.float64)
    return np.asarray(2.0 * ndtr(ndtri(alpha / 2.0) / np.sqrt(t)))


def spend_pocock(share: npt.ArrayLike, *, alpha: float) -> Floats:
    """About the same at every look: ``α·ln(1 + (e − 1)t)``."""
    t = np.asarray(share, np.float64)
    return np.asarray(alpha * np.log1p((np.e - 1.0) * t))


SPENDING: dict[str, Callable[..., Floats]] = {
    "obrien_fleming": spend_obrien_fleming,
    "pocock": spend_pocock,
}


def boundaries(
    shares: npt.ArrayLike,
    *,
    alpha: float = 0.05,
    spending: Literal["obrien_fleming", "pocock"] = "obrien_fleming",
    two_sided: bool = True,
) -> Floats:
    """The z-values that the statistic must exceed at each look.

    Parameters
    ----------
    shares
        The information at each look over that planned, ascending, in (0, 1], shape (K,). What
        lies beyond the last planned information spends what is left.
    alpha
        In (0, 1), over all looks and (where two-sided) both directions.

    Examples
    --------
    >>> boundaries([0.2, 0.4, 0.6, 0.8, 1.0]).round(3).tolist()
    [4.877, 3.357, 2.68, 2.29, 2.031]
    """
    t = _checked(shares, alpha)
    # Each side of a symmetric test spends its half; the chance of crossing both is nothing.
    side = alpha / 2.0 if two_sided else alpha
    spent = SPENDING[spending](np.minimum(t, 1.0), alpha=side)
    walk = _Walk(t, drift=0.0)
    found = []
    for k, step in enumerate(np.diff(spent, prepend=0.0)):
        z = walk.boundary_for(k, float(step))
        found.append(z)
        walk.advance(k, z, -z if two_sided else -_HIGHEST)
    return np.array(found)


def crossing(
    shares: npt.ArrayLike, bounds: npt.ArrayLike, *, drift: float, two_sided: bool = True
) -> Floats:
    """The chance (K,) of having crossed the upper boundary by each look.

    ``drift`` is the expected z-value at full information: the effect over its final standard
    error. Its last value is the power.
    """
    t, z = _checked(shares, 0.5), np.asarray(bounds, np.float64)
    if z.shape != t.shape:
        raise InvalidInput(f"there must be one boundary per look, got {len(z)} for {len(t)}")
    walk, found = _Walk(t, drift=drift), []
    for k, bound in enumerate(z.tolist()):
        found.append(walk.above(k, bound))
        walk.advance(k, bound, -bound if two_sided else -_HIGHEST)
    return np.cumsum(found)


def drift_for(
    shares: npt.ArrayLike, bounds: npt.ArrayLike, *, power: float, two_sided: bool = True
) -> float:
    """The drift that the boundaries detect with ``power``; its square over that of the fixed test,
    ``(z_α + z_power)²``, is how many times more rows the looks cost at most.
    """
    if not 0.0 < power < 1.0:
        raise InvalidInput(f"power must lie in (0, 1), got {power}")

    def short(drift: float) -> float:
        return float(crossing(shares, bounds, drift=drift, two_sided=two_sided)[-1]) - power

    return float(brentq(short, 0.0, _HIGHEST, xtol=1e-6))


class _Walk:
    """The density of the statistic times √share among what has not crossed yet."""

    def __init__(self, shares: Floats, *, drift: float) -> None:
        self._steps = np.diff(shares, prepend=0.0)
        self._shares, self._drift = shares, drift
        self._at, self._mass = np.zeros(1), np.ones(1)

    def above(self, look: int, z: float) -> float:
        """The chance of crossing z upwards at this look, and not before."""
        return float(self._mass @ ndtr(-self._standard(look, z * self._shares[look] ** 0.5)))

    def boundary_for(self, look: int, chance: float) -> float:
        """The z that is crossed upwards with this chance."""
        if chance <= self.above(look, _HIGHEST):
            return _HIGHEST
        return float(brentq(lambda z: self.above(look, z) - chance, -_HIGHEST, _HIGHEST, xtol=1e-9))

    def advance(self, look: int, upper: float, lower: float) -> None:
        """Go on with what lies between the boundaries."""
        share, step = self._shares[look], self._steps[look]
        middle, reach = self._drift * share, _FAR * share**0.5
        low = max(lower * share**0.5, middle - reach)
        high = min(upper * share**0.5, middle + reach)
        y = np.linspace(low, max(high, low), _GRID)
        weights = np.where(np.arange(_GRID) % 2 == 1, 4.0, 2.0) * (y[1] - y[0]) / 3.0
        weights[[0, -1]] /= 2.0
        apart = (y[:, None] - self._at - self._drift * step) / step**0.5
        density = np.exp(-0.5 * apart**2) @ self._mass / np.sqrt(2.0 * np.pi * step)
        self._at, self._mass = y, density * weights

    def _standard(self, look: int, place: float) -> Floats:
        step = self._steps[look]
        return np.asarray((place - self._at - self._drift * step) / step**0.5)


def _checked(shares: npt.ArrayLike, alpha: float) -> Floats:
    t = np.asarray(shares, np.float64)
    if t.ndim != 1 or not len(t) or not (np.diff(t, prepend=0.0) > 0.0).all():
        raise InvalidInput(f"shares of information must be positive and ascending, got {t}")
    if not 0.0 < alpha < 1.0:
        raise InvalidInput(f"alpha must lie in (0, 1), got {alpha}")
    return t
