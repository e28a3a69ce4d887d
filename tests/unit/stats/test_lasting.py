"""A small excess that lasts."""

from __future__ import annotations

import numpy as np
import pytest

from watchkeeper.stats.lasting import weeks_of

_NOTHING = weeks_of([], [])


def _share_below(limit: float, correlation: float, seed: int) -> float:
    """Of 2,000 weeks without a fault, whose baseline of eight weeks is alike."""
    rng = np.random.default_rng(seed)
    found = 0
    for _ in range(2000):
        z = rng.normal(size=63)
        for at in range(1, 63):
            z[at] = correlation * z[at - 1] + (1.0 - correlation**2) ** 0.5 * z[at]
        weeks = weeks_of(z[:56], np.arange(56) // 7)
        found += weeks.judge(z[56:]).p_value < limit
    return found / 2000


@pytest.mark.parametrize("limit", [0.05, 0.01])
def test_weeks_without_a_fault_are_no_surprise(limit):
    """Independent windows get p-values below a limit no more often than it says."""
    assert _share_below(limit, 0.0, seed=1) <= limit


def test_days_that_follow_each_other_alike_are_known_from_the_reference():
    """Where a bad day is often followed by another, a blind sum is wrong six times too often; eight
    weeks of reference take much of that away.
    """
    assert _share_below(0.01, 0.4, seed=2) <= 0.03


def test_what_no_day_shows_a_week_does():
    """Two standard deviations on each of seven days are no chance; on one day they are nothing."""
    week, day = _NOTHING.judge([2.0] * 7), _NOTHING.judge([0.0] * 6 + [2.0])

    assert week.p_value < 1e-3
    assert day.p_value > 0.1


def test_the_run_is_as_long_as_the_fault():
    """A fault of the last four windows is told as one of four."""
    found = _NOTHING.judge([0.1, -0.4, 0.3, 0.0, 2.6, 2.2, 2.7, 2.4])

    assert found.windows == 4


def test_one_loud_window_does_not_last():
    """However impossible one window is, it says nothing of the others."""
    assert _NOTHING.judge([0.0] * 6 + [40.0]).p_value > 0.01


def test_one_window_is_no_run():
    """There is nothing to say of a single window."""
    assert _NOTHING.judge([9.0]).p_value == 1.0
