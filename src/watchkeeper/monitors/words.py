"""Figures as people read them in messages."""

from __future__ import annotations

import math

__all__ = ["duration", "number", "rows", "share"]


def share(value: float) -> str:
    """A share in [0, 1] as a percentage of two to three digits.

    >>> share(0.0523), share(0.00012), share(1.0), share(0.9996), share(0.0)
    ('5.2 %', '0.012 %', '100 %', '99.96 %', '0 %')
    """
    percent = 100.0 * value
    if percent in (0.0, 100.0):
        return f"{percent:.0f} %"
    if percent > 99.0:  # here the digits that say something are those of what is left
        return f"{percent:.2f} %" if percent < 99.995 else ">99.99 %"
    return f"{percent:.1f} %" if percent >= 1.0 else f"{percent:.2g} %"


def number(value: float) -> str:
    """A figure of any size with four digits.

    >>> number(1234567.0), number(0.000123), number(1013.25), number(3.0)
    ('1,234,567', '0.000123', '1,013', '3')
    >>> number(float("inf"))
    '∞'
    """
    if not math.isfinite(value):
        return "not finite" if math.isnan(value) else "∞" if value > 0.0 else "-∞"
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    if 1000.0 <= abs(value) < 1e9:
        return f"{value:,.0f}"
    return f"{value:.4g}"


def rows(count: int) -> str:
    """A count of rows.

    >>> rows(1), rows(50000)
    ('1 row', '50,000 rows')
    """
    return f"{count:,} row" + ("" if count == 1 else "s")


def duration(seconds: float) -> str:
    """A length of time in the largest unit of which there is one, with three digits at most.

    >>> duration(86400.0), duration(5400.0), duration(60.0), duration(0.25), duration(86399.98)
    ('1 day', '1.5 hours', '1 minute', '0.25 seconds', '1 day')
    """
    for unit, length in (("day", 86_400.0), ("hour", 3_600.0), ("minute", 60.0), ("second", 1.0)):
        told = float(f"{seconds / length:.3g}")
        if told >= 1.0 or unit == "second":
            return f"{told:,g} {unit}{'' if told == 1.0 else 's'}"
    raise AssertionError("a second is the last unit")
