"""Outliers."""

from __future__ import annotations

import numpy as np

from watchkeeper.monitors.quality.outliers import outliers


def _normal(seed: int, n: int = 1000) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=n)


def test_one_impossible_value_alarms_and_is_told(bench):
    """A single reading hundreds of spreads away is found, though a share could not show it."""
    history = bench.days(lambda day: bench.numeric(_normal(day)))
    values = np.append(_normal(99), 640.0)

    found, status = bench.one(outliers, bench.numeric(values), history)

    assert status == "alert"
    assert "the largest is 640" in found.message
    assert found.effect["p_extreme"] < 1e-9


def test_an_impossible_value_that_the_reference_holds_too_is_no_surprise(bench):
    """A table compared with itself is silent, whatever stands in it."""
    values = np.append(_normal(1, 5000), 640.0)
    history = bench.days(lambda day: bench.numeric(values), n=1)

    found, status = bench.one(outliers, bench.numeric(values), history)

    assert status == "ok"
    assert found.effect["p_extreme"] > 0.1


def test_a_sentinel_in_one_row_of_twenty_alarms(bench):
    """Values that no drift leads to are outliers, and the farthest is named."""
    history = bench.days(lambda day: bench.numeric(_normal(day)))
    values = _normal(99)
    values[::20] = -999.0

    found, status = bench.one(outliers, bench.numeric(values), history)

    assert status == "alert"
    assert found.value == 0.05
    assert "-999" in found.message


def test_wider_tails_are_left_to_drift(bench):
    """Half as wide again moves values, but none to where nothing leads."""
    history = bench.days(lambda day: bench.numeric(_normal(day)))

    found, status = bench.one(outliers, bench.numeric(1.5 * _normal(99)), history)

    assert (status, found.value) == ("ok", 0.0)


def test_fences_lie_around_what_there_is_now(bench):
    """Where the values have moved far from where the grid was laid, a record low is no outlier."""
    history = bench.days(lambda day: bench.numeric(_normal(day) + 6.0))

    found, status = bench.one(outliers, bench.numeric(0.2 * _normal(99) + 1.0), history)

    assert (status, found.value) == ("ok", 0.0)


def test_heavy_tails_are_no_outliers(bench):
    """A column of infinite variance as it always was stays silent, day after day."""
    pareto = [np.random.default_rng(seed).pareto(1.2, 1000) for seed in range(60)]
    history = bench.days(lambda day: bench.numeric(pareto[day]))

    statuses = [bench.one(outliers, bench.numeric(x), history)[1] for x in pareto[28:]]

    assert statuses == ["ok"] * 32


def test_a_constant_reference_has_no_outliers(bench):
    """Without a spread there is no tail; the constant check speaks instead."""
    history = bench.days(lambda day: bench.numeric([5.0] * 100))

    assert bench.judge(outliers, bench.window(28, {"x": bench.numeric([5.0, 9.0])}), history) == []


def test_a_change_of_unit_is_named(bench):
    """Temperatures that come in kelvins instead of degrees Celsius are told as such."""
    history = bench.days(lambda day: bench.numeric(6.0 * _normal(day) + 12.0))

    found, status = bench.one(outliers, bench.numeric(4.0 * _normal(99) + 288.0), history)

    assert status == "alert"
    assert "a change of unit from degrees Celsius to kelvins" in found.message
