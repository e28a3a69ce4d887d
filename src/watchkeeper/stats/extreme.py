"""How surprising is the largest value of a window, given the tail of a reference.

Above a high threshold u the distances of the reference are taken as Pareto, which is heavier than
almost every real tail: with k of N beyond u and ``S = Σ ln(d_i/u)``, a new value lies beyond d
with probability ``q = (k/N)·(1 + ln(d/u)/S)^(−k)`` (the predictive distribution: the index is not
known, only its k observations), and the largest of n does with ``1 − (1 − q)ⁿ``.

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

_SHARE = 0.02  # of the reference that counts as its tail
_FEWEST = 20  # values beyond the threshold: fewer say too little of the tail's index


@dataclass(frozen=True, slots=True)
class Tail:
    """The fitted tail: threshold ``u`` > 0, ``beyond`` values above it, of ``n``; ``logs`` = S."""

    threshold: float
    beyond: int
    n: int
    logs: float

    def p_value(self, distance: float, n: int) -> float:
        """The probability that the largest of ``n`` (≥ 1) new distances reaches ``distance``."""
        if distance <= self.threshold:
            return 1.0
        gain = np.log(distance / self.threshold)
        if self.logs <= 0.0:  # the whole tail is one value: anything farther is new
            single = 1.0 / (self.n + 1.0)
        else:
            single = self.beyond / self.n * float((1.0 + gain / self.logs) ** -self.beyond)
        return float(-np.expm1(n * np.log1p(-min(single, 1.0 - 1e-12))))


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
    wanted = max(_FEWEST, _SHARE * n)
    at = int(np.searchsorted(reached, wanted))
    if at >= len(d) or d[at] <= 0.0 or at == 0:
        return None
    beyond = reached[at - 1]
    logs = float(c[:at] @ np.log(d[:at] / d[at]))
    return Tail(float(d[at]), int(beyond), int(n), logs) if beyond >= _FEWEST / 2 else None
