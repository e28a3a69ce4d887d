"""How surprising is the largest value of a window, given the tail of a reference.

Above a high threshold u the distances of the reference are taken as Pareto, which is heavier than
almost every real tail: with k of N beyond u and ``S = Σ ln(d_i/u)``, a new value lies beyond d
with probability ``q = (k/N)·(1 + ln(d/u)/S)^(−k)`` (the predictive distribution: the index is not
known, only its k observations), and the largest of n does with ``1 − (1 − q)ⁿ``. A bulk that
reaches just beyond a low threshold hides how heavy the tail behind it is. So there are several
thresholds, and the one speaks that is the least surprised.

What the reference held itself is no surprise: where j of its N values lie as far, the largest of n
new ones does with ``1 − (N/(N + n))^j`` whatever the tail, because which rows are new is chance.

It finds what a share cannot: one sensor reading five times the possible among ten thousand.
Assumes independent rows; dependence makes it conservative. O(cells).

References
----------
Hill, B. M. (1975), A simple general approach to inference about the tail of a distribution.
Annals of Statistics 3.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from watchkeeper.errors import InvalidInput

__all__ = ["Tail", "tail"]

_SHARES = (0.02, 0.005, 0.00125)  # of the reference that lie beyond the thresholds
_FEWEST = 20  # values beyond the highest: fewer say too little of the tail's index

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Above:
    """The fit above one threshold ``u`` > 0: ``beyond`` values lie above it; ``logs`` = S."""

    threshold: float
    beyond: int
    logs: float

    def chance(self, distance: float, n: int) -> float:
        """The probability q that one new value lies beyond ``distance``; ``n`` is N."""
        gain = float(np.log(distance / self.threshold))
        if self.logs <= 0.0:  # the whole tail is one value: anything farther is new
            return 1.0 / (n + 1.0)
        return self.beyond / n * (1.0 + gain / self.logs) ** -self.beyond


@dataclass(frozen=True, slots=True, eq=False)
class Tail:
    """The fitted tail of ``n`` values: ``fits`` by ascending threshold, and the values beyond the
    lowest: ``distances``, descending, with how many lie at each or farther (``reached``).
    """

    n: int
    fits: tuple[Above, ...]
    distances: Floats
    reached: Floats

    def p_value(self, distance: float, n: int) -> float:
        """The probability that the largest of ``n`` (≥ 1) new distances reaches ``distance``."""
        if distance <= self.fits[0].threshold:
            return 1.0
        below = [fit.chance(distance, self.n) for fit in self.fits if fit.threshold < distance]
        single = min(max(below), 1.0 - 1e-12)
        return max(float(-np.expm1(n * np.log1p(-single))), self._seen(distance, n))

    def _seen(self, distance: float, n: int) -> float:
        """The same as far as ranks alone tell: 0 where the reference holds nothing as far."""
        held = int(np.searchsorted(-self.distances, -distance, side="right"))
        as_far = float(self.reached[held - 1]) if held else 0.0
        return float(-np.expm1(-as_far * np.log1p(n / self.n)))


def tail(distances: npt.ArrayLike, counts: npt.ArrayLike) -> Tail | None:
    """Fit the tail of a reference; None where it has too few values beyond a positive threshold.

    Parameters
    ----------
    distances
        Distances from the centre, shape (C,), finite; negative ones lie on the other side.
    counts
        How many values lie at each, shape (C,), >= 0.

    Examples
    --------
    >>> import numpy as np
    >>> normal = tail(np.abs(np.random.default_rng(1).normal(size=20_000)), np.ones(20_000))
    >>> normal.p_value(4.0, 1000) > 0.01, normal.p_value(60.0, 1000) < 1e-6
    (True, True)
    """
    d, c = np.asarray(distances, np.float64), np.asarray(counts, np.float64)
    if d.shape != c.shape or d.ndim != 1 or not np.isfinite(d).all() or (c < 0).any():
        raise InvalidInput("distances and counts must be finite, of one shape (C,), counts >= 0")
    order = np.argsort(-d, kind="stable")
    d, c = d[order], c[order]
    n = float(c.sum())
    reached = np.cumsum(c)
    wanted = sorted({max(_FEWEST, share * n) for share in _SHARES}, reverse=True)
    fits = [fit for least in wanted if (fit := _above(d, c, reached, least)) is not None]
    if not fits:
        return None
    far = d > fits[0].threshold
    return Tail(int(n), tuple(fits), d[far], reached[far])


def _above(d: Floats, c: Floats, reached: Floats, wanted: float) -> Above | None:
    """The fit above the threshold that about ``wanted`` values lie beyond."""
    at = int(np.searchsorted(reached, wanted))
    if at >= len(d) or d[at] <= 0.0 or at == 0 or reached[at - 1] < _FEWEST / 2:
        return None
    logs = float(c[:at] @ np.log(d[:at] / d[at]))
    return Above(float(d[at]), int(reached[at - 1]), logs)
