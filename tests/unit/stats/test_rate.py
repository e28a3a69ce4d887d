"""How surprising a count is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import betabinom

from watchkeeper.errors import InvalidInput
from watchkeeper.stats.rate import fit_rate


def _rates(rng: np.random.Generator, rate: float, tau: float, size: int) -> np.ndarray:
    level = np.clip(np.arcsin(np.sqrt(rate)) + tau * rng.normal(size=size), 0.0, np.pi / 2)
    return np.sin(level) ** 2


@pytest.mark.parametrize(
    ("rate", "tau", "rows"),
    [
        (0.0005, 0.0, 1000),
        (0.003, 0.0, 1000),
        (0.03, 0.0, 1000),
        (0.2, 0.02, 5000),
        (0.03, 0.02, 3000),
    ],
)
def test_p_values_hold_their_level(rate, tau, rows):
    """Under no change a p-value below 5 % (1 %) comes no more often than that, give or take."""
    rng = np.random.default_rng(7)
    p_values = []
    for _ in range(60):
        normal = fit_rate(rng.binomial(rows, _rates(rng, rate, tau, 30)), [rows] * 30)
        new = rng.binomial(rows, _rates(rng, rate, tau, 40))
        p_values += [normal.p_value(int(k), rows) for k in new]

    assert np.mean(np.array(p_values) < 0.05) < 0.07
    assert np.mean(np.array(p_values) < 0.01) < 0.02


def test_a_rate_never_seen_has_the_beta_binomial_tail():
    """For none of N the p-value is twice the mid tail of the beta-binomial with a = 1/2."""
    normal = fit_rate([0] * 10, [1000] * 10, tau=0.0)
    law = betabinom(500, *_shape(normal))

    expected = 2.0 * (law.sf(3) + 0.5 * law.pmf(3))

    assert normal.p_value(3, 500) == pytest.approx(expected, rel=1e-6)


def _shape(normal) -> tuple[float, float]:
    rate = 0.5 / (normal.rows + 1.0)
    size = 1.0 / (4.0 * normal.variation.expected()[1] ** 2)
    return rate * size, (1.0 - rate) * size


@given(
    counts=st.lists(st.integers(0, 50), min_size=4, max_size=20),
    events=st.integers(0, 50),
)
def test_faults_and_sound_rows_are_the_same_question(counts, events):
    """Counting the rows without the fault gives the same p-value."""
    one = fit_rate(counts, [50] * len(counts))
    other = fit_rate([50 - k for k in counts], [50] * len(counts))

    assert one.p_value(events, 50) == pytest.approx(other.p_value(50 - events, 50), rel=1e-6)


def test_nothing_where_never_anything_was_is_no_surprise():
    """No event, where none ever was, has p = 1 exactly; so has every row, where it always was."""
    assert fit_rate([0] * 5, [10] * 5).p_value(0, 10**9) == 1.0
    assert fit_rate([10] * 5, [10] * 5).p_value(10**9, 10**9) == 1.0


def test_the_normal_and_the_exact_tail_meet():
    """Around the number of events where the method changes, p-values do not jump."""
    normal = fit_rate([30] * 40, [1000] * 40, tau=0.0)

    ratios = [
        normal.p_value(round(0.03 * n + 3.0 * np.sqrt(0.03 * n)), n)
        for n in (6500, 6660, 6680, 6900)
    ]

    assert max(ratios) / min(ratios) < 1.25


def test_seasons_have_their_own_rate():
    """A Sunday is compared with Sundays."""
    season = [day % 7 for day in range(56)]
    events = [200 if day == 6 else 10 for day in season]
    normal = fit_rate(events, [1000] * 56, season)

    assert normal.p_value(200, 1000, 6) > 0.1
    assert normal.p_value(200, 1000, 0) < 1e-6
    assert normal.expected(6) == pytest.approx(0.2)


def _bursts(rng: np.random.Generator, size: int, share: float) -> np.ndarray:
    """Windows of which ``share`` lose an hour: about forty rows of a thousand at once."""
    return np.where(rng.random(size) < share, rng.geometric(1 / 40, size), 0)


@pytest.mark.parametrize(("share", "most"), [(0.05, 0.02), (0.15, 0.005)])
def test_bursts_as_there_always_were_are_hardly_odd(share, most):
    """A fault that comes forty rows at a time is judged by how often it comes, not by its rows.

    Where bursts are few, some references have none, and the first one is odd.
    """
    rng = np.random.default_rng(5)
    p_values, left_out = [], []
    for _ in range(60):
        normal = fit_rate(_bursts(rng, 56, share), [1000] * 56, blocks=np.arange(56) // 7)
        p_values += [normal.p_value(int(k), 1000) for k in _bursts(rng, 40, share)]
        left_out.append(normal.reference_p_values)

    assert np.mean(np.array(p_values) < 1e-3) < most
    assert np.mean(np.concatenate(left_out) < 1e-3) < most


def test_one_burst_tells_little_of_how_large_bursts_are():
    """After one burst a second one is no surprise, and the loss of all rows still is."""
    normal = fit_rate([40] + [0] * 55, [1000] * 56)

    assert normal.p_value(40, 1000) > 0.005
    assert normal.p_value(1000, 1000) < 1e-5


def test_nobody_has_shown_that_rows_are_independent():
    """After none of 50,000 three of 1,000 are odd, more are odder, and nothing is impossible."""
    never = fit_rate([0] * 50, [1000] * 50)

    p_values = [never.p_value(k, 1000) for k in (1, 3, 10, 50, 1000)]

    assert p_values == sorted(p_values, reverse=True)
    assert 0.01 < p_values[0] < 0.05
    assert p_values[1] < 0.002
    assert p_values[3] < 1e-6
    assert p_values[4] > 1e-12


def test_without_time_rows_are_what_they_seem():
    """Random blocks of one table have no bursts: the trust in their rows is complete."""
    assert fit_rate([0] * 8, [6000] * 8, tau=0.0).p_value(20, 1000) < 1e-30


def test_seasons_of_a_rate_hardly_ever_seen_are_one():
    """What never came in eight weeks never came: not only in the eight Mondays of them."""
    seasons = np.arange(56) % 7

    whole, weekly = (fit_rate([0] * 56, [1000] * 56, which) for which in (None, seasons))

    assert weekly.p_value(5, 1000, 3) == whole.p_value(5, 1000)


@pytest.mark.parametrize(
    "counts",
    [
        [3, 0, 7, 1, 4, 12] * 7 + [3] * 5 + [60],
        [300, 250, 320, 280, 310, 260] * 7 + [300] * 5 + [520],
    ],
)
def test_left_out_p_values_are_those_of_a_fit_without_the_block(counts):
    """What a window of the reference gets is about what it would get of the other weeks alone."""
    counts = np.array(counts) + np.arange(48) % 5
    block = np.arange(48) // 7
    normal = fit_rate(counts, [1000] * 48, blocks=block)

    plain = [
        fit_rate(counts[block != b], [1000] * int((block != b).sum())).p_value(int(k), 1000)
        for k, b in zip(counts, block, strict=True)
    ]

    odd = np.array(plain) < 0.05
    assert odd.any()
    found, expected = np.log(normal.reference_p_values[odd]), np.log(np.array(plain)[odd])
    assert found == pytest.approx(expected, rel=0.15)


@pytest.mark.parametrize(("events", "rows"), [([1], [0]), ([-1], [5]), ([1, 2], [5]), ([], [])])
def test_counts_that_cannot_be_are_refused(events, rows):
    """Windows must hold rows, and no fewer than no events."""
    with pytest.raises(InvalidInput, match="events and rows"):
        fit_rate(events, rows)


def test_more_events_than_rows_are_refused():
    """A window cannot hold more faults than rows."""
    with pytest.raises(InvalidInput, match="events must lie in"):
        fit_rate([1] * 5, [10] * 5).p_value(11, 10)
