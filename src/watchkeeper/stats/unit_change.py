"""Which change of unit would turn the values of before into those of now.

A unit's change is ``y = factor·x + offset``. It is a candidate where, undone, it brings the mean of
now back among the values of before (within a standard deviation of them) and makes them hardly
wider (a window may well be narrower: a day among months), and where without it the mean lies far
from them. What is nearest is named, with what cannot be told from it. O(1).

References
----------
Thompson, A., and Taylor, B. N. (2008), Guide for the use of the SI. NIST Special Publication 811.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Conversion", "Moments", "likely_conversions"]

_FAR = 4.0  # standard deviations from which the mean is not one of before
_NEAR = 1.0
_WIDER, _NARROWER = 4.0, 100.0
_SPREAD = 0.5  # standard deviations that a spread e times as wide, or as narrow, counts for
_ALIKE = 0.5  # further standard deviations within which another conversion explains it as well


@dataclass(frozen=True, slots=True)
class Conversion:
    """From one unit to another: ``y = factor·x + offset``."""

    before: str
    now: str
    factor: float
    offset: float = 0.0

    def inverse(self) -> Conversion:
        """The way back."""
        return Conversion(self.now, self.before, 1.0 / self.factor, -self.offset / self.factor)


@dataclass(frozen=True, slots=True)
class Moments:
    """Mean and standard deviation of some values."""

    mean: float
    sd: float


_THERE = (
    Conversion("hectopascals", "inches of mercury", 0.0295300),
    Conversion("hectopascals", "millimetres of mercury", 0.750062),
    Conversion("hectopascals", "pascals", 100.0),
    Conversion("degrees Celsius", "degrees Fahrenheit", 1.8, 32.0),
    Conversion("degrees Celsius", "kelvins", 1.0, 273.15),
    Conversion("kilometres", "miles", 0.621371),
    Conversion("metres", "feet", 3.28084),
    Conversion("inches", "centimetres", 2.54),
    Conversion("metres per second", "kilometres per hour", 3.6),
    Conversion("metres per second", "miles per hour", 2.23694),
    Conversion("metres per second", "knots", 1.94384),
    Conversion("kilograms", "pounds", 2.20462),
    Conversion("US gallons", "litres", 3.78541),
    Conversion("radians", "degrees", 57.2958),
    Conversion("hours", "minutes", 60.0),
    Conversion("hours", "seconds", 3600.0),
    Conversion("days", "hours", 24.0),
    Conversion("shares", "percent", 100.0),
    Conversion("ones", "thousands", 1e-3),
    Conversion("ones", "millions", 1e-6),
)
_ALL = (*_THERE, *(conversion.inverse() for conversion in _THERE))


def likely_conversions(before: Moments, now: Moments) -> Sequence[Conversion]:
    """The changes of unit that explain the values of now, the likeliest first; empty where none
    does, or where nothing has to be explained.

    Examples
    --------
    >>> [c.now for c in likely_conversions(Moments(1017.0, 8.0), Moments(29.9, 0.1))]
    ['inches of mercury']
    >>> likely_conversions(Moments(1017.0, 8.0), Moments(1030.0, 6.0))
    []
    """
    known = all(map(math.isfinite, (before.mean, before.sd, now.mean, now.sd)))
    if not known or before.sd <= 0.0 or abs(now.mean - before.mean) < _FAR * before.sd:
        return []
    found = sorted(
        (near + _SPREAD * abs(math.log(spread / before.sd)), at)
        for at, (near, spread) in enumerate(_undone(c, before, now) for c in _ALL)
        if near <= _NEAR and before.sd / _NARROWER <= spread <= before.sd * _WIDER
    )
    return [_ALL[at] for worth, at in found if worth <= found[0][0] + _ALIKE]


def _undone(conversion: Conversion, before: Moments, now: Moments) -> tuple[float, float]:
    """How far the mean of now then lies from that of before, in standard deviations of before,
    and the standard deviation of now.
    """
    mean = (now.mean - conversion.offset) / conversion.factor
    return abs(mean - before.mean) / before.sd, now.sd / conversion.factor
