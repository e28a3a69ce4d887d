"""The trend of a figure."""

from __future__ import annotations

import numpy as np
import pytest

from watchkeeper.errors import InvalidInput
from watchkeeper.stats.trend import trend


def test_sens_own_example_is_met():
    """The worked example of Sen (1968), section 6: 18 of the 21 slopes and 95.5 % limits."""
    x = [1, 2, 3, 4, 10, 12, 18]
    y = [9, 15, 19, 20, 45, 55, 78]

    found = trend(x, y)

    assert found.value == pytest.approx(4.0)
    assert (found.low, found.high) == pytest.approx((26 / 7, 35 / 8), rel=0.02)


def test_the_interval_covers():
    """Over 300 straight lines with noise, 95 % of the intervals hold the slope (±3 %)."""
    noise = np.random.default_rng(1)
    x = np.arange(24.0)
    held = []
    for _ in range(300):
        found = trend(x, -2.0 * x + noise.normal(size=24))
        held.append(found.low <= -2.0 <= found.high)

    assert 0.92 <= np.mean(held) <= 0.98


def test_a_third_of_nonsense_changes_little():
    """A quarter of the points may be anything."""
    y = np.arange(20.0)
    y[::5] = 1e9

    assert trend(np.arange(20.0), y).value == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize(("x", "y"), [([1.0] * 8, range(8)), (range(5), range(5)), ([], [])])
def test_too_little_is_insufficient(x, y):
    """Fewer than six points, or points at one place, have no trend."""
    assert trend(x, y).value is None


@pytest.mark.parametrize(("x", "y"), [([1, 2], [1]), ([np.nan] * 6, range(6)), ([[1]], [[1]])])
def test_wrong_points_are_refused(x, y):
    """Shapes that differ and points that are no numbers are told."""
    with pytest.raises(InvalidInput, match="finite and of one shape"):
        trend(x, y)
