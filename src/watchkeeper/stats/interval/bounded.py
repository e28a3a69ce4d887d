"""Intervals that respect the bounds of a figure: logit for (0, 1), log for positive ones.

The delta method carries the standard error to the transformed scale, where the estimate is closer
to normal, and the interval back. At the very bound the transformation does not exist; there the
figure is first drawn in by its own standard error.
"""

from __future__ import annotations

import math

from watchkeeper.stats.interval.normal import quantile

__all__ = ["positive", "unit"]

_EDGE = 1e-12  # closer than this to a bound is at the bound


def unit(value: float, se: float, *, level: float = 0.95) -> tuple[float, float]:
    """The interval of a figure in [0, 1] on the logit scale; it always holds ``value``.

    >>> low, high = unit(0.97, 0.01)
    >>> round(low, 3), round(high, 3)
    (0.943, 0.984)
    """
    if se < _EDGE:  # less than the figure itself can hold
        return value, value
    inside = min(max(value, min(se, 0.5)), 1.0 - min(se, 0.5))
    inside = value if _EDGE < value < 1.0 - _EDGE else inside
    centre, half = math.log(inside / (1.0 - inside)), quantile(level) * se / (inside * (1 - inside))
    low, high = _expit(centre - half), _expit(centre + half)
    return min(low, value), max(high, value)


def positive(value: float, se: float, *, level: float = 0.95) -> tuple[float, float]:
    """The interval of a figure that cannot be negative, on the log scale.

    >>> low, high = positive(1.0, 0.1)
    >>> round(low, 3), round(high, 3)
    (0.822, 1.217)
    """
    if se <= 0.0:
        return value, value
    if value <= _EDGE * se:
        return 0.0, value + quantile(level) * se
    # Beyond e^±20 the scale says no more than "anything": keep the numbers finite.
    factor = math.exp(min(20.0, quantile(level) * se / value))
    return value / factor, value * factor


def _expit(x: float) -> float:
    return 1.0 / (1.0 + math.exp(-x)) if x > -700.0 else 0.0
