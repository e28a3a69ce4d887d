"""Drift of categorical columns."""

from __future__ import annotations

import pytest

from watchkeeper.domain.verdict import Status

_P = [0.5, 0.3, 0.15, 0.05]


@pytest.fixture
def usual(bench, make, rng):
    """56 days of four categories."""
    return bench.days([make.categorical(rng.multinomial(1000, _P)) for _ in range(56)])


def _one(evidence):
    assert len(evidence) == 1
    return evidence[0]


def test_a_usual_day_is_no_news(bench, make, rng, usual):
    """An unchanged day is not material."""
    found = _one(bench.judge(usual, bench.days([make.categorical(rng.multinomial(1000, _P))], 56)))

    assert found.p_value > 0.001
    assert not found.material


def test_what_grew_and_shrank_is_named(bench, make, usual):
    """Ten percent of rows from b to c: both are named with their shares, and the effect is 10 %."""
    found = _one(bench.judge(usual, bench.days([make.categorical([500, 200, 250, 50])], 56)))

    assert found.p_value < 1e-8
    assert found.low < 0.1 < found.high
    assert {name for name, _, _ in found.effect["categories"]} == {"b", "c"}
    assert "'c' 25.0 %" in found.message


def test_values_that_never_were_are_found(bench, make, rng, usual):
    """Five percent of rows with a value that the reference never held."""
    now = make.categorical(rng.multinomial(950, _P), unseen=50)

    found = _one(bench.judge(usual, bench.days([now], 56)))

    assert found.p_value < 1e-6
    assert found.material
    assert "unseen values 5.0 %" in found.message


def test_missing_values_are_a_drift_too(bench, make, rng, usual):
    """A tenth missing, the others as usual."""
    now = make.categorical(rng.multinomial(900, _P), missing=100)

    found = _one(bench.judge(usual, bench.days([now], 56)))

    assert found.p_value < 1e-8
    assert found.material
    assert "missing 10.0 %" in found.message


def test_two_samples_without_time(bench, make, rng):
    """A usual sample is no news; ten percent from one category to another are."""
    blocks = [bench.window(None, make.categorical(rng.multinomial(125, _P))) for _ in range(8)]
    usual = [bench.window(None, make.categorical(rng.multinomial(1000, _P)))]
    moved = [bench.window(None, make.categorical([400, 400, 150, 50]))]

    assert _one(bench.judge(blocks, usual)).p_value > 0.001
    assert _one(bench.judge(blocks, moved)).p_value < 1e-4


@pytest.mark.parametrize("windows", [1, 3, 4, 8, 30])
def test_any_number_of_reference_windows_can_be_judged_against(bench, make, rng, windows):
    """Short references are judged too, those under four windows provisionally."""
    usual = bench.days([make.categorical(rng.multinomial(1000, _P)) for _ in range(windows)])
    now = bench.days([make.categorical(rng.multinomial(1000, _P))], windows)

    found = _one(bench.judge(usual, now))

    assert 1e-3 < found.p_value <= 1.0
    assert found.provisional == (windows < 4)


def test_a_column_of_rare_values_only_is_no_error(bench, make):
    """Where every category is too sparse to test nothing is found, and nothing breaks."""
    usual = bench.days([make.categorical([2, 1, 1, 1])] * 8)

    found = _one(bench.judge(usual, bench.days([make.categorical([3, 4, 3, 2])], 8)))

    assert found.p_value > 0.01


def test_an_empty_window_cannot_be_judged(bench, make, usual):
    """No values: insufficient data, not "no drift"."""
    found = _one(bench.judge(usual, bench.days([make.categorical([0, 0, 0, 0])], 56)))

    assert found.status is Status.INSUFFICIENT_DATA
