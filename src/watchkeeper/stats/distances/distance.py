"""A distance between two sets of counts: its textbook value, and what is left without the noise.

Two samples of one population are never at distance zero: for an f-divergence with curvature c the
expected value is c·(B − 1)/s, s = nm/(n + m). The debiased effect takes that off, and its interval
(closed form, delta method plus the variance of the noise) says how sure it is. Effects below zero
are reported as zero. O(B).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from watchkeeper.errors import InvalidInput
from watchkeeper.stats.distances.folded import Excess
from watchkeeper.stats.estimate import Estimate

__all__ = ["Z95", "Distance", "Pair", "divergence", "effect_of", "rooted", "unswollen"]

Z95 = 1.959963984540054  # the two-sided 95 % quantile of the normal distribution

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Distance:
    """``value`` is the textbook distance of the two sets of shares; ``effect`` is debiased.

    The effect is computed where it is asked for: it takes several times as long as the value.
    """

    value: float
    of_effect: Callable[[], Estimate] = field(repr=False, compare=False)

    @property
    def effect(self) -> Estimate:
        """What is left of the value without what noise adds to it, with its 95 % interval."""
        return self.of_effect()


@dataclass(frozen=True, slots=True)
class Pair:
    """Shares p (reference) and q (current) with their sizes n and m, on bins that are not empty."""

    p: Floats
    q: Floats
    n: float
    m: float
    pooled: Floats  # the shares of both samples together
    used: npt.NDArray[np.bool_]  # (B,) which of the bins given are not empty on both sides

    @classmethod
    def of(cls, reference: npt.ArrayLike, current: npt.ArrayLike) -> Pair:
        """From counts (B,); both must hold rows. Bins empty in both are dropped."""
        a, b = np.asarray(reference, np.float64), np.asarray(current, np.float64)
        if a.ndim != 1 or a.shape != b.shape or (a < 0).any() or (b < 0).any():
            raise InvalidInput(
                f"two distributions need counts >= 0 on the same bins, got shapes {a.shape}, {b.shape}"
            )
        n, m, both = float(a.sum()), float(b.sum()), a + b
        if n <= 0.0 or m <= 0.0:
            raise InvalidInput("a distance needs rows on both sides: leave out empty windows")
        used = both > 0.0
        return cls(a[used] / n, b[used] / m, n, m, both[used] / (n + m), used)

    @property
    def size(self) -> float:
        """The sample size s = nm/(n + m) that the noise of a difference has."""
        return self.n * self.m / (self.n + self.m)

    @property
    def noise(self) -> Floats:
        """The standard deviation of q − p in each bin if nothing changed."""
        return np.sqrt(np.maximum(self.pooled * (1.0 - self.pooled), 0.0) / self.size)

    def slope_variance(self, slope_p: Floats, slope_q: Floats) -> float:
        """The variance of a smooth function of (p, q) by its slopes (delta method)."""
        of_p = self.p @ slope_p**2 - (self.p @ slope_p) ** 2
        of_q = self.q @ slope_q**2 - (self.q @ slope_q) ** 2
        return float(of_p / self.n + of_q / self.m)


def divergence(
    pair: Pair, value: float, curvature: float, slopes: Callable[[], tuple[Floats, Floats]]
) -> Distance:
    """An f-divergence with its debiased effect; ``slopes`` are its derivatives by p and by q."""

    def effect() -> Estimate:
        noise = curvature / pair.size
        cells = len(pair.p) - 1
        se = float(np.sqrt(pair.slope_variance(*slopes()) + 2.0 * cells * noise**2))
        return effect_of(value - cells * noise, se, pair)

    return Distance(value, effect)


def effect_of(value: float, se: float, pair: Pair) -> Estimate:
    """A debiased effect of at least zero with its 95 % interval."""
    low, high = (max(0.0, value - Z95 * se), max(0.0, value + Z95 * se))
    return Estimate(max(0.0, value), low, high, int(pair.m), se)


def unswollen(value: float, se: float, added: Excess, pair: Pair) -> Estimate:
    """A sum of absolute differences less what noise added to it, with its 95 % interval."""
    effect = value - added.value
    # Near zero the two errors go together (both come from the same differences): they add up.
    below = Z95 * se + added.most - added.value
    above = float(np.hypot(Z95 * se, added.value - added.least))
    low, high = max(0.0, effect - below), max(0.0, effect + above)
    return Estimate(max(0.0, effect), low, high, int(pair.m), se)


def rooted(distance: Distance) -> Distance:
    """The square root of a squared distance, of its effect and of its interval."""

    def effect() -> Estimate:
        e = distance.effect
        value, low, high = (
            None if x is None else float(np.sqrt(x)) for x in (e.value, e.low, e.high)
        )
        return Estimate(value, low, high, e.n)

    return Distance(float(np.sqrt(distance.value)), effect)
