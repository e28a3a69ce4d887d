"""Quantiles of the absolute error from the grid of errors.

The grid counts signed errors; ``F(x)`` = share of errors in [−x, x], linear within cells, is
inverted by bisection. The result lies within the cell that holds the true quantile: a relative
error of at most one cell's width (about 1 %). The interval is that of order statistics,
``F⁻¹(q ± z·√(q(1−q)/n))``, free of any assumption on the errors. O(cells · log precision).

References
----------
David, H. A., and Nagaraja, H. N. (2003), Order Statistics, §7.1.
"""

from __future__ import annotations

import math

import numpy as np

from watchkeeper.errors import InvalidInput
from watchkeeper.stats.estimate import Estimate
from watchkeeper.stats.interval.normal import quantile as normal_quantile
from watchkeeper.stats.performance.state import Regressed

__all__ = ["absolute_error_quantile"]

_HALVINGS = 60  # of the bracket: full double precision


def absolute_error_quantile(state: Regressed, q: float) -> Estimate:
    """The ``q``-quantile of |prediction − label|, in the label's unit; ``0 < q < 1``.

    Insufficient below ten labels, or where fewer than one lies beyond the quantile.
    """
    if not 0.0 < q < 1.0:
        raise InvalidInput(f"a quantile must lie in (0, 1), got {q}")
    n = float(state.counts.sum())
    if n < 10.0 or n * min(q, 1.0 - q) < 1.0:
        return Estimate.insufficient(state.labels)
    half = normal_quantile(0.95) * math.sqrt(q * (1.0 - q) / n)
    value = _inverse(state, q)
    low, high = _inverse(state, max(0.0, q - half)), _inverse(state, min(1.0, q + half))
    return Estimate(value, low, high, state.labels, (high - low) / 3.92)


def _inverse(state: Regressed, q: float) -> float:
    low, high = 0.0, float(np.abs([state.lows, state.highs]).max())
    target = q * float(state.counts.sum())
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        low, high = (middle, high) if _within(state, middle) < target else (low, middle)
    return high


def _within(state: Regressed, x: float) -> float:
    """How many errors lie in [−x, x]."""
    width = state.highs - state.lows
    inside = np.minimum(state.highs, x) - np.maximum(state.lows, -x)
    point = (width <= 0.0) & (np.abs(state.lows) <= x)
    share = np.clip(inside / np.where(width > 0.0, width, 1.0), 0.0, 1.0)
    return float(state.counts @ np.where(width > 0.0, share, point))
