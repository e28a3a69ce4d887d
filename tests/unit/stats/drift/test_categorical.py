"""Categories between windows, and between two samples."""

from __future__ import annotations

import numpy as np
import pytest

from watchkeeper.stats.drift.categorical import (
    fit_categorical,
    left_out_categorical,
    stated_categorical,
)
from watchkeeper.stats.drift.grouping import group
from watchkeeper.stats.drift.two_sample import two_sample_p_value

_ONE = np.zeros(56, np.int64)


def _windows(rng, p, windows, concentration=None, rows=1000):
    shares = [p] * windows if concentration is None else rng.dirichlet(p * concentration, windows)
    return np.array([rng.multinomial(rows, q) for q in shares], float)


def _named(counts, seen):
    """Counts by name of what the reference held, nothing other, and the unseen."""
    return np.concatenate([counts[seen], [0.0, counts[~seen].sum()]]).astype(float)


@pytest.mark.parametrize("concentration", [None, 500.0])
@pytest.mark.parametrize("categories", [2, 5, 40])
def test_p_values_of_unchanged_windows_are_uniform(concentration, categories):
    """With and without natural variation about 5 % and at most 2.5 % get p below 0.05, 0.01."""
    rng = np.random.default_rng(1)
    p = rng.dirichlet(np.full(categories, 5.0))
    found = []
    for _ in range(10):
        normal = fit_categorical(_windows(rng, p, 56, concentration), _ONE)
        found.append(normal.p_values(_windows(rng, p, 40, concentration), _ONE[:40]))

    assert 0.01 <= (np.concatenate(found) < 0.05).mean() <= 0.09
    assert (np.concatenate(found) < 0.01).mean() <= 0.025


def test_a_share_that_grew_is_found_and_named():
    """A category that went from 20 to 30 % gets the smallest p-value of all."""
    rng = np.random.default_rng(2)
    normal = fit_categorical(_windows(rng, np.full(5, 0.2), 56), _ONE)
    now = np.array([[175.0, 175, 175, 175, 300]])

    assert normal.p_values(now, _ONE[:1])[0] < 1e-6
    assert normal.group_p_values(now, _ONE[:1])[0].argmin() == 4


def test_a_category_that_the_season_decides_is_judged():
    """A weekend flag never varies on its day: as always is fine, half of it turned is not."""
    seasons = np.arange(28) % 7
    weekend = np.where((seasons >= 5)[:, None], [0.0, 500.0], [500.0, 0.0])

    normal = fit_categorical(weekend, seasons)
    usual = normal.p_values(weekend[:7], seasons[:7])
    turned = normal.p_values(np.array([[250.0, 250.0]]), seasons[:1])

    assert usual.min() > 0.5
    assert turned[0] < 1e-9


def test_left_out_windows_look_like_new_ones():
    """The reference's own windows get p below 0.05 about as often as new ones."""
    rng = np.random.default_rng(3)
    p = rng.dirichlet(np.full(6, 5.0))

    found = [
        left_out_categorical(_windows(rng, p, 56, 800.0), np.arange(56) % 7, np.arange(56) // 7)
        for _ in range(10)
    ]

    assert 0.01 <= (np.concatenate(found) < 0.05).mean() <= 0.09


def test_too_few_windows_to_learn_from_take_a_stated_variation():
    """A change within the stated variation is none, a large one is."""
    reference = np.array([[5000.0, 5000.0]])

    near, far = stated_categorical(reference, np.array([[2600.0, 2400.0], [3800.0, 1200.0]]), 0.025)

    assert near > 0.05
    assert far < 1e-6


@pytest.mark.parametrize("categories", [3, 10, 50, 200, 1000, 2000])
@pytest.mark.parametrize("kind", ["equal", "zipf"])
def test_two_samples_of_one_population_seldom_differ(categories, kind):
    """1,000 rows against 1,000: about 5 % get p below 0.05, however many categories there are."""
    rng = np.random.default_rng(4)
    p = np.ones(categories) if kind == "equal" else 1.0 / np.arange(1, categories + 1)
    p /= p.sum()
    small = 0
    for _ in range(150):
        a, b = rng.multinomial(1000, p), rng.multinomial(1000, p)
        then, now = _named(a, a > 0), _named(b, a > 0)
        small += two_sample_p_value(then, now, group(then, now)) < 0.05

    assert small <= 16  # 150 × 0.05 and three standard deviations


def test_new_values_in_place_of_old_are_found():
    """A tenth of the rows with values that a reference without rare ones never held."""
    then, now = np.array([500.0, 500, 0, 0]), np.array([450.0, 450, 0, 100])

    assert two_sample_p_value(then, now, group(then, now)) < 1e-10


def test_as_many_new_values_as_the_reference_leads_to_expect_are_no_news():
    """Half the rows unseen is usual where half of the reference's rows are of a kind of their own."""
    then = np.concatenate([np.ones(500), [500.0, 0.0, 0.0]])
    usual, odd = (np.concatenate([np.zeros(500), [500.0, 0.0, n]]) for n in (500.0, 900.0))

    assert two_sample_p_value(then, usual, group(then, usual)) > 0.05
    assert two_sample_p_value(then, odd, group(then, odd)) < 1e-6


def test_grouping_does_not_look_at_one_sample_alone():
    """Exchanging the samples gives the same groups."""
    a, b = np.array([9.0, 40, 2, 0, 0]), np.array([3.0, 30, 9, 0, 5])

    assert group(a, b).alone.tolist() == group(b, a).alone.tolist()


def test_nothing_to_tell_apart_is_no_change():
    """Where all rows are in one group the p-value is 1."""
    then = np.array([1000.0, 0, 0])

    assert two_sample_p_value(then, then, group(then, then)) == 1.0


def test_small_windows_that_lack_a_category_are_not_called_drift():
    """42 rows of eight categories: none of seven expected comes once in two thousand."""
    rng = np.random.default_rng(8)
    shares = np.array([0.07, 0.09, 0.15, 0.19, 0.19, 0.15, 0.09, 0.07])
    normal = fit_categorical(rng.multinomial(42, shares, 1000).astype(float), np.zeros(1000, int))

    p = normal.p_values(rng.multinomial(42, shares, 60_000).astype(float), np.zeros(60_000, int))

    assert (p < 1e-2).mean() < 1e-2
    assert (p < 1e-4).mean() < 1.5e-4
