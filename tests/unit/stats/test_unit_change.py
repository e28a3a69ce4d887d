"""Changes of unit."""

from __future__ import annotations

import pytest

from watchkeeper.stats.unit_change import Moments, likely_conversions


@pytest.mark.parametrize(
    ("before", "now", "unit"),
    [
        (Moments(1017.0, 8.0), Moments(30.1, 0.15), "inches of mercury"),
        (Moments(1018.6, 7.8), Moments(29.87, 0.027), "inches of mercury"),
        (Moments(30.0, 0.2), Moments(1020.0, 5.0), "hectopascals"),
        (Moments(4.0, 3.0), Moments(44.0, 5.0), "degrees Fahrenheit"),
        (Moments(12.0, 6.0), Moments(287.0, 4.0), "kelvins"),
        (Moments(0.2, 0.05), Moments(21.0, 4.0), "percent"),
        (Moments(150.0, 12.0), Moments(2.5, 0.2), "hours"),
    ],
)
def test_a_change_of_unit_is_named(before, now, unit):
    """What the values of now would be in another unit is the likeliest change."""
    assert unit in [conversion.now for conversion in likely_conversions(before, now)]


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (Moments(1017.0, 8.0), Moments(1000.0, 9.0)),  # a low
        (Moments(1017.0, 8.0), Moments(0.0, 0.0)),  # a dead sensor
        (Moments(1017.0, 8.0), Moments(5500.0, 8.0)),  # another height
        (Moments(5.0, 0.0), Moments(500.0, 1.0)),  # was constant
        (Moments(1e308, float("inf")), Moments(1.0, 1.0)),
    ],
)
def test_what_is_no_change_of_unit_is_not_called_one(before, now):
    """Where nothing must be explained, or no unit explains it, nothing is said."""
    assert not likely_conversions(before, now)
