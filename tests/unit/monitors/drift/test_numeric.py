"""Drift of numeric columns."""

from __future__ import annotations

import json

import numpy as np
import pytest

from watchkeeper.domain.verdict import Severity, Status


@pytest.fixture
def usual(bench, make, rng):
    """56 days of a standard normal column."""
    return bench.days([make.numeric(rng.normal(size=1000)) for _ in range(56)])


def _one(evidence):
    assert len(evidence) == 1
    return evidence[0]


def test_a_usual_day_is_no_news(bench, make, rng, usual):
    """An unchanged day is judged, is not material, and says so."""
    found = _one(bench.judge(usual, bench.days([make.numeric(rng.normal(size=1000))], 56)))

    assert found.status is Status.OK
    assert found.p_value > 0.001
    assert not found.material
    assert "as usual" in found.message


def test_a_reference_of_a_few_values_judges_nothing(bench, make, rng):
    """One value of the reference is no distribution, and that is said in its words."""
    now = bench.days([make.numeric(rng.normal(size=500))], 1)

    found = _one(bench.judge(bench.days([make.numeric(np.array([0.3]))]), now))

    assert found.status is Status.INSUFFICIENT_DATA
    assert "the reference holds values in 1 row, at least 10" in found.message


def test_a_shift_is_named_with_its_size(bench, make, rng, usual):
    """Half a standard deviation up: location, the means, and the share of rows that moved."""
    now = bench.days([make.numeric(rng.normal(0.5, 1, 1000))], 56)

    found = _one(bench.judge(usual, now))

    estimate, low, high = found.effect["location"]
    assert found.p_value < 1e-8
    assert found.material
    assert low < 0.48 < high
    assert 0.4 < estimate < 0.6
    assert found.low < 0.197 < found.high  # 2Φ(¼) − 1
    assert "location +0." in found.message
    assert "before" in found.message


def test_a_wider_distribution_is_called_spread(bench, make, rng, usual):
    """A standard deviation half as large again moves the spread, and no location is named."""
    found = _one(bench.judge(usual, bench.days([make.numeric(rng.normal(0, 1.5, 1000))], 56)))

    assert found.p_value < 1e-8
    assert "spread wider" in found.message
    assert "location" not in found.message


def test_missing_values_are_a_drift_too(bench, make, rng, usual):
    """Five percent missing, where nothing ever was, is found and named; the values are as usual."""
    now = bench.days([make.numeric(rng.normal(size=950), missing=50)], 56)

    found = _one(bench.judge(usual, now))

    assert found.p_value < 1e-6
    assert found.material
    assert found.effect["missing"] == pytest.approx(0.05)
    assert "missing 5.0 %, 0 % before" in found.message


def test_an_atom_among_values_is_found(bench, make, rng, usual):
    """A tenth of the values turned into −1 is a change of shape."""
    x = rng.normal(size=1000)
    x[:100] = -1.0

    assert _one(bench.judge(usual, bench.days([make.numeric(x)], 56))).p_value < 1e-4


def test_a_cycle_of_the_week_is_no_drift(bench, make, rng):
    """What every Sunday does is usual on a Sunday, and drift on a Wednesday."""
    level = np.where(np.arange(56) % 7 == 6, 1.0, 0.0)
    usual = bench.days([make.numeric(rng.normal(m, 1, 1000)) for m in level])
    sunday = make.numeric(rng.normal(1, 1, 1000))

    on_sunday = _one(bench.judge(usual, bench.days([sunday], 62)))
    on_wednesday = _one(bench.judge(usual, bench.days([sunday], 58)))

    assert on_sunday.p_value > 0.001
    assert on_wednesday.p_value < 1e-8
    assert "Wednesdays" in on_wednesday.message


def test_a_constant_column_that_varies_is_found(bench, make):
    """One value in the whole reference, two values now."""
    usual = bench.days([make.numeric(np.full(1000, 7.0))] * 28)
    now = bench.days([make.numeric(np.append(np.full(900, 7.0), np.full(100, 8.0)))], 28)

    found = _one(bench.judge(usual, now))

    assert found.p_value < 1e-8
    assert found.material
    assert "was always" in found.message


def test_the_distances_are_those_of_the_whole_reference(bench, make, rng, usual):
    """Every classical distance is there, finite, and fit for JSON."""
    found = _one(bench.judge(usual, bench.days([make.numeric(rng.normal(0.5, 1, 1000))], 56)))

    names = {"psi", "js", "hellinger", "ks", "w1", "w1_sd", "linf", "tvd", "chi2"}
    assert names <= set(found.effect)
    assert found.effect["w1"] == pytest.approx(0.5, abs=0.08)
    assert found.effect["ks"] == pytest.approx(0.197, abs=0.04)
    json.dumps(dict(found.effect), allow_nan=False)


@pytest.mark.parametrize("rows", [0, 3])
def test_too_few_values_are_said_to_be_too_few(bench, make, rng, usual, rows):
    """Fewer than ten values get no p-value, never a guess."""
    found = _one(bench.judge(usual, bench.days([make.numeric(rng.normal(size=rows))], 56)))

    assert found.status is Status.INSUFFICIENT_DATA
    assert found.p_value is None
    assert "too few" in found.message


def test_a_reference_without_values_cannot_be_judged_against(bench, make, rng):
    """A column that was always missing has no distribution to drift from."""
    usual = bench.days([make.numeric([], missing=100)] * 28)

    found = _one(bench.judge(usual, bench.days([make.numeric(rng.normal(size=100))], 28)))

    assert found.status is Status.INSUFFICIENT_DATA
    assert "reference holds no value" in found.message


@pytest.mark.parametrize("windows", [1, 2, 3])
def test_a_short_reference_is_provisional(bench, make, rng, windows):
    """Fewer than four windows: the natural variation is assumed, and the verdict says so."""
    usual = bench.days([make.numeric(rng.normal(size=1000)) for _ in range(windows)])

    near = _one(bench.judge(usual, bench.days([make.numeric(rng.normal(0.05, 1, 1000))], windows)))
    far = _one(bench.judge(usual, bench.days([make.numeric(rng.normal(1, 1, 1000))], windows)))

    assert near.provisional
    assert near.p_value > 0.001
    assert far.p_value < 1e-8


@pytest.mark.parametrize("windows", [4, 5, 6, 8, 14, 29])
def test_any_number_of_reference_windows_can_be_judged_against(bench, make, rng, windows):
    """Components and seasons give way where windows are few."""
    usual = bench.days([make.numeric(rng.normal(size=500)) for _ in range(windows)])

    found = _one(bench.judge(usual, bench.days([make.numeric(rng.normal(size=500))], windows)))

    assert 1e-4 < found.p_value <= 1.0
    assert not found.provisional


def test_a_reference_without_time_is_two_samples(bench, make, rng):
    """Random blocks have no natural variation: a small shift of many rows is sure, and immaterial."""
    blocks = [bench.window(None, make.numeric(rng.normal(size=12_500))) for _ in range(8)]
    now = [bench.window(None, make.numeric(rng.normal(0.03, 1, 100_000)))]

    found = _one(bench.judge(blocks, now))

    assert found.p_value < 1e-6
    assert found.reference_p_values is None
    assert not found.material


def test_a_large_change_is_critical(bench, make, rng, usual):
    """Where surely more than a fifth of the rows moved."""
    found = _one(bench.judge(usual, bench.days([make.numeric(rng.normal(2, 1, 1000))], 56)))

    assert found.severity is Severity.CRITICAL


def test_many_windows_are_judged_as_each_alone(bench, make, rng, usual):
    """The verdict on a day does not depend on which other days are judged with it."""
    days = bench.days([make.numeric(rng.normal(m, 1, 800)) for m in (0.0, 0.3, 1.0)], 56)

    together = [e.p_value for e in bench.judge(usual, days)]
    alone = [_one(bench.judge(usual, [day])).p_value for day in days]

    assert together == pytest.approx(alone)


def test_a_broken_day_in_the_reference_does_not_blind_the_monitor(bench, make, rng, usual):
    """One day of the reference in another unit; a shift of 0.3 sd is still sure."""
    broken = list(usual)
    broken[20] = bench.days([make.numeric(rng.normal(size=1000) * 1000 + 5000)], 20)[0]

    found = _one(bench.judge(broken, bench.days([make.numeric(rng.normal(0.3, 1, 1000))], 56)))

    assert found.p_value < 1e-4
