"""The largest difference of a rate between any two groups, with an interval that holds for all.

Every pair of groups gets Newcombe's interval at a level that leaves 5 % for all pairs together
(Bonferroni); the gap lies between the largest lower and the largest upper bound. A group with
fewer than 30 rows is not compared, and said so: "insufficient", never "fair". O(groups²).

References
----------
Newcombe, R. G. (1998), Interval estimation for the difference between independent proportions.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import permutations

import numpy as np
import numpy.typing as npt

from watchkeeper.errors import InvalidInput
from watchkeeper.stats.estimate import Estimate
from watchkeeper.stats.interval.newcombe import newcombe
from watchkeeper.stats.sequential.beta_binomial import proportion_interval

__all__ = ["FEWEST", "Gap", "gap", "lasting_gap"]

FEWEST = 30  # rows of a group before it is compared

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Gap:
    """``difference`` is the highest rate less the lowest, ``ratio`` the lowest over the highest
    (None where that is 0/0); ``highest`` and ``lowest`` are groups, ``insufficient`` those that had
    too few rows. No figure with fewer than two others.
    """

    difference: Estimate
    ratio: float | None
    highest: int | None
    lowest: int | None
    insufficient: tuple[int, ...]


def gap(
    events: npt.ArrayLike, totals: npt.ArrayLike, *, level: float = 0.95, fewest: int = FEWEST
) -> Gap:
    """The gap of one look; ``events`` and ``totals`` are by group, shape (G,), 0 ≤ events ≤ totals.

    Examples
    --------
    >>> found = gap([45, 23], [100, 100])
    >>> round(found.difference.value, 2), round(found.ratio, 2), found.difference.low > 0.0
    (0.22, 0.51, True)
    """
    k, n = _checked(events, totals)
    held, few = _split(n, fewest)
    pairs = len(held) * (len(held) - 1) // 2
    each = 1.0 - (1.0 - level) / max(1, pairs)
    bounds = [newcombe((k[a], n[a]), (k[b], n[b]), level=each) for a, b in permutations(held, 2)]
    return _gap(k, n, (held, few), bounds)


def lasting_gap(
    events: npt.ArrayLike,
    totals: npt.ArrayLike,
    *,
    alpha: float = 0.05,
    tightest_at: int,
    fewest: int = FEWEST,
) -> Gap:
    """The gap whose interval holds at every look at the growing counts, with 1 − ``alpha`` over all.

    ``tightest_at`` is a number of rows of a group.
    """
    k, n = _checked(events, totals)
    held, few = _split(n, fewest)
    each = alpha / max(1, len(held))
    ends = {
        a: proportion_interval(int(k[a]), int(n[a]), alpha=each, tightest_at=tightest_at)
        for a in held
    }
    bounds = [(ends[a][0] - ends[b][1], ends[a][1] - ends[b][0]) for a, b in permutations(held, 2)]
    return _gap(k, n, (held, few), bounds)


def _gap(
    k: Floats,
    n: Floats,
    groups: tuple[tuple[int, ...], tuple[int, ...]],
    bounds: Iterable[tuple[float, float]],
) -> Gap:
    held, few = groups
    rows = int(n.sum())
    if len(held) < 2:
        return Gap(Estimate.insufficient(rows), None, None, None, few)
    rates = {group: float(k[group] / n[group]) for group in held}
    highest, lowest = max(held, key=rates.__getitem__), min(held, key=rates.__getitem__)
    lows, highs = zip(*bounds, strict=True)
    low, high = float(max(0.0, *lows)), float(max(highs))
    value = rates[highest] - rates[lowest]
    ratio = rates[lowest] / rates[highest] if rates[highest] > 0.0 else None
    return Gap(Estimate(value, low, high, rows), ratio, highest, lowest, few)


def _split(n: Floats, fewest: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    enough = n >= max(1, fewest)
    return tuple(np.flatnonzero(enough).tolist()), tuple(np.flatnonzero(~enough).tolist())


def _checked(events: npt.ArrayLike, totals: npt.ArrayLike) -> tuple[Floats, Floats]:
    k, n = np.asarray(events, np.float64), np.asarray(totals, np.float64)
    if k.ndim != 1 or k.shape != n.shape or not ((k >= 0.0) & (k <= n)).all():
        raise InvalidInput(f"every group needs 0 <= events <= total, got {k} of {n}")
    return k, n
