"""Columns that stop varying, or start to."""

from __future__ import annotations

import numpy as np

from watchkeeper.monitors.quality.constant import constant


def test_a_varying_column_that_becomes_one_value_alarms(bench):
    """All equal where the most frequent value had a third is an alarm that names the value."""
    history = bench.days(lambda day: bench.categorical([330, 330, 340]), "c")

    found, status = bench.one(constant, bench.categorical([0, 1000, 0]), history, "c")

    assert status == "alert"
    assert "all 1,000 values are 'b'" in found.message


def test_a_constant_column_that_comes_alive_alarms(bench):
    """Values where only one ever was are an alarm that names that one."""
    history = bench.days(lambda day: bench.numeric([0.5] * 500))

    found, status = bench.one(constant, bench.numeric(np.linspace(0, 1, 500)), history)

    assert status == "alert"
    assert "are not 0.5, the one value of all 14,000 before" in found.message


def test_one_row_is_no_constant(bench):
    """A reference of one row has one value, which says nothing of the column."""
    history = bench.days(lambda day: bench.numeric([0.5]), n=1)

    found, status = bench.one(constant, bench.numeric(np.linspace(0, 1, 500)), history)

    assert (status, found.material) == ("ok", False)


def test_a_rare_event_may_stay_away(bench):
    """A column that is nearly always zero may be zero all day."""
    history = bench.days(lambda day: bench.numeric([0.0] * 998 + [1.0] * (2 if day % 2 else 0)))

    _, status = bench.one(constant, bench.numeric([0.0] * 1000), history)

    assert status == "ok"


def test_what_is_constant_in_every_window_is_no_news(bench):
    """The weekday in daily windows is one value a day, another every day."""
    history = bench.days(
        lambda day: bench.categorical([1000 * (day % 7 == i) for i in range(7)]), "c"
    )

    _, status = bench.one(constant, bench.categorical([0, 0, 1000, 0, 0, 0, 0]), history, "c")

    assert status == "ok"


def test_a_constant_that_stays_is_fine(bench):
    """The same one value as before is no alarm."""
    history = bench.days(lambda day: bench.numeric([0.5] * 500))

    found, status = bench.one(constant, bench.numeric([0.5] * 500), history)

    assert (status, found.p_value) == ("ok", 1.0)
