"""The Wilson score interval of a rate.

It inverts the score test: ``p̃ ± z/(1 + z²/n)·√(p̂(1−p̂)/n + z²/4n²)`` with
``p̃ = (p̂ + z²/2n)/(1 + z²/n)``. It covers 93 to 96 % where the textbook ``p̂ ± z·se`` covers 91,
never leaves [0, 1], and has a width even where nothing, or everything, was counted.

References
----------
Wilson, E. B. (1927), Probable inference, the law of succession, and statistical inference.
Brown, Cai and DasGupta (2001), Interval estimation for a binomial proportion.
"""

from __future__ import annotations

import math

from watchkeeper.errors import InvalidInput
from watchkeeper.stats.interval.normal import quantile

__all__ = ["wilson"]


def wilson(count: float, n: float, *, level: float = 0.95) -> tuple[float, float]:
    """The interval of the rate ``count/n``.

    ``0 <= count <= n`` and ``n > 0``; both may be fractions, as effective sample sizes are.

    >>> low, high = wilson(8, 10)
    >>> round(low, 4), round(high, 4)
    (0.4902, 0.9433)
    """
    if not 0.0 <= count <= n or n <= 0.0:
        raise InvalidInput(f"a rate needs 0 <= count <= n and n > 0, got {count} of {n}")
    z = quantile(level)
    rate, shrink = count / n, 1.0 + z * z / n
    centre = (rate + z * z / (2.0 * n)) / shrink
    half = z / shrink * math.sqrt(rate * (1.0 - rate) / n + z * z / (4.0 * n * n))
    # At the ends the formula gives 0 or 1 up to rounding: say so exactly.
    low = 0.0 if count == 0.0 else max(0.0, centre - half)
    high = 1.0 if count == n else min(1.0, centre + half)
    return low, high
