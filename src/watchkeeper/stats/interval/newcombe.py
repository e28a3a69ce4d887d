"""Newcombe's hybrid score interval of the difference of two independent rates (his method 10).

``d − √((p₁−l₁)² + (u₂−p₂)²)`` to ``d + √((u₁−p₁)² + (p₂−l₂)²)`` from the two Wilson intervals.

References
----------
Newcombe, R. G. (1998), Interval estimation for the difference between independent proportions.
"""

from __future__ import annotations

import math

from watchkeeper.stats.interval.wilson import wilson

__all__ = ["newcombe"]


def newcombe(
    first: tuple[float, float], second: tuple[float, float], *, level: float = 0.95
) -> tuple[float, float]:
    """The interval of ``k₁/n₁ − k₂/n₂``, each given as ``(k, n)``.

    >>> low, high = newcombe((56, 70), (48, 80))
    >>> round(low, 4), round(high, 4)
    (0.0524, 0.3339)
    """
    (low1, high1), (low2, high2) = wilson(*first, level=level), wilson(*second, level=level)
    p1, p2 = first[0] / first[1], second[0] / second[1]
    below, above = math.hypot(p1 - low1, high2 - p2), math.hypot(high1 - p1, p2 - low2)
    return p1 - p2 - below, p1 - p2 + above
