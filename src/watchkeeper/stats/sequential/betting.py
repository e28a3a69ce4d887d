"""Betting: confidence sequences for the mean of bounded values, exact at every sample size.

Against each candidate mean m two gamblers bet, one on "more" and one on "less", a share of their
capital that only depends on what was seen before; the capital is a martingale if m is the mean.
All m against which neither half of the capital has grown beyond 1/α are the sequence. Adapts to
the variance, so rare events (conversions, errors) get intervals as tight as they deserve.
O(n × grid) in all.

References
----------
Waudby-Smith, I., and Ramdas, A. (2024), Estimating means of bounded random variables by betting.
JRSS B 86, the hedged capital process with predictable plug-in bets.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from watchkeeper.errors import InvalidInput

__all__ = ["mean_interval", "running_interval"]

_GRID = 1_000
_CUT = 0.5  # of the greatest bet that cannot ruin
_BLOCK = 1_024  # rows looked at together

Floats = npt.NDArray[np.float64]


def mean_interval(
    values: npt.ArrayLike, *, low: float = 0.0, high: float = 1.0, alpha: float = 0.05
) -> tuple[float, float]:
    """The interval after all ``values``, of shape (n,), in [low, high], in the order they came.

    [low, high] without values.

    Examples
    --------
    >>> low, high = mean_interval([0.0, 1.0] * 500)
    >>> low < 0.5 < high, round(high - low, 2)
    (True, 0.13)
    """
    return running_interval(values, at=None, low=low, high=high, alpha=alpha)[0]


def running_interval(
    values: npt.ArrayLike,
    *,
    at: npt.ArrayLike | None,
    low: float = 0.0,
    high: float = 1.0,
    alpha: float = 0.05,
) -> list[tuple[float, float]]:
    """The intersection of all intervals up to each look; ``at`` are ascending numbers of rows
    (None: one look, at the end).
    """
    x = np.asarray(values, np.float64)
    if not high > low or x.ndim != 1 or not ((x >= low) & (x <= high)).all():
        raise InvalidInput(f"values must be a list of numbers within [{low}, {high}]")
    if not 0.0 < alpha < 1.0:
        raise InvalidInput(f"alpha must lie in (0, 1), got {alpha}")
    looks = np.array([len(x)]) if at is None else np.asarray(at, np.int64)
    x = (x - low) / (high - low)
    bets = _bets(x, alpha)
    grid = np.linspace(0.0, 1.0, _GRID + 1)
    upward, downward = np.zeros(_GRID + 1), np.zeros(_GRID + 1)
    alive = np.ones(_GRID + 1, np.bool_)
    found, done = [], 0
    for look in looks.tolist():
        for start in range(done, look, _BLOCK):
            rows = slice(start, min(start + _BLOCK, look))
            up, down = _grown(x[rows], bets[rows], grid)
            alive &= (upward + up).max(axis=0) < np.log(2.0 / alpha)
            alive &= (downward + down).max(axis=0) < np.log(2.0 / alpha)
            upward, downward = upward + up[-1], downward + down[-1]
        done = max(done, look)
        found.append(_hull(grid, alive, low, high))
    return found


def _bets(x: Floats, alpha: float) -> Floats:
    """The predictable plug-in bet before each value: √(2 ln(2/α)/(σ̂² t ln(1 + t)))."""
    t = np.arange(1, len(x) + 1)
    means = (0.5 + np.cumsum(x)) / (t + 1.0)
    variances = (0.25 + np.cumsum((x - means) ** 2)) / (t + 1.0)
    before = np.concatenate(([0.25], variances[:-1]))[: len(x)]
    return np.asarray(np.sqrt(2.0 * np.log(2.0 / alpha) / (before * t * np.log1p(t))))


def _grown(x: Floats, bets: Floats, grid: Floats) -> tuple[Floats, Floats]:
    """The logarithms of both capitals by row and candidate, (rows, grid), from the start of the block."""
    with np.errstate(divide="ignore"):
        most_up, most_down = _CUT / grid, _CUT / (1.0 - grid)
    apart = x[:, None] - grid
    up = np.log1p(np.minimum(bets[:, None], most_up) * apart)
    down = np.log1p(-np.minimum(bets[:, None], most_down) * apart)
    return np.cumsum(up, axis=0), np.cumsum(down, axis=0)


def _hull(
    grid: Floats, alive: npt.NDArray[np.bool_], low: float, high: float
) -> tuple[float, float]:
    """The ends of what is alive, a step of the grid wider, in the values' own unit."""
    at = np.flatnonzero(alive)
    if not len(at):  # never with the mean inside; keep the last place that was left
        return low, high
    first, last = max(0, at[0] - 1), min(len(grid) - 1, at[-1] + 1)
    return low + float(grid[first]) * (high - low), low + float(grid[last]) * (high - low)
