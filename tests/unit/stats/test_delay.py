"""Late labels: weights by class and age remove the bias of the labels that came first."""

from __future__ import annotations

import numpy as np
import pytest

from watchkeeper.errors import InvalidInput
from watchkeeper.stats.delay import fit_delays, settled_seconds, weigh

DAY = 86400.0
EDGES = 60.0 * 2.0 ** (np.arange(81) / 4.0)


def _days(random, days, rows):
    """A stream: per row its age at the end, score, label, fifth of score and delay in seconds."""
    age = random.uniform(0.0, days * DAY, days * rows)
    score = random.beta(1, 6, len(age))
    label = (random.random(len(age)) < score).astype(int)
    delay = np.where(label == 1, random.exponential(5, len(age)), random.exponential(20, len(age)))
    return age, score, label, np.minimum((score * 5).astype(int), 4), delay * DAY


def _counts(label, fifth, delay):
    counts = np.zeros((len(EDGES) + 1, 2, 5), np.int64)
    np.add.at(counts, (np.searchsorted(EDGES, delay), label, fifth), 1)
    return counts


def _weights(age, label, fifth, delay, days, curves):
    """The weights of the window of the last ``days`` days."""
    now = age < days * DAY
    slices = np.arange(24) * days * DAY / 24
    at = np.minimum((age[now] / (days * DAY) * 24).astype(int), 23)
    seen = delay[now] <= age[now]
    arrived = np.zeros((24, 2, 5), np.int64)
    np.add.at(arrived, (at[seen], label[now][seen], fifth[now][seen]), 1)
    made = np.bincount(at, minlength=24)
    return weigh(arrived, made, (slices, slices + days * DAY / 24), curves)


def test_class_weights_remove_the_bias_of_early_labels():
    """Positives after 5 days, negatives after 20, a window of 14 days: the accuracy of the labels
    that arrived is 8 points too low, the weighted one right to 0.3 points.
    """
    random = np.random.default_rng(4)
    old = _days(random, 60, 4000)
    curves = fit_delays(_counts(*old[2:]), EDGES)
    naive, weighted = [], []
    for _ in range(60):
        age, score, label, fifth, delay = _days(random, 14, 1200)
        right = ((score > 0.3) == (label == 1)).astype(float)
        found = _weights(age, label, fifth, delay, 14, curves)
        seen = delay <= age
        weight = found.weights[label[seen], fifth[seen]]
        naive.append(right[seen].mean() - right.mean())
        weighted.append(np.average(right[seen], weights=weight) - right.mean())

    assert -0.105 < np.mean(naive) < -0.065
    assert abs(np.mean(weighted)) < 0.003


def test_weights_that_ignore_the_class_do_not_help():
    """With one curve for both classes the bias stays: the delay depends on the outcome."""
    random = np.random.default_rng(5)
    _, _, label, fifth, delay = _days(random, 60, 4000)
    curves = fit_delays(_counts(label * 0, fifth, delay)[:, :1], EDGES)
    age, score, label, fifth, delay = _days(random, 14, 40000)
    right = ((score > 0.3) == (label == 1)).astype(float)
    seen = delay <= age
    one = np.zeros((24, 1, 5), np.int64)
    at = np.minimum((age / (14 * DAY) * 24).astype(int), 23)
    np.add.at(one, (at[seen], 0, fifth[seen]), 1)
    slices = np.arange(24) * 14 * DAY / 24
    found = weigh(one, np.bincount(at), (slices, slices + 14 * DAY / 24), curves)

    bias = np.average(right[seen], weights=found.weights[0, fifth[seen]]) - right.mean()

    assert bias < -0.05


def test_maturity_is_the_share_of_labels_that_came():
    """Of the labels that will come, maturity says how many have, and slices too young are left
    out of the coverage.
    """
    random = np.random.default_rng(6)
    curves = fit_delays(_counts(*_days(random, 60, 2000)[2:]), EDGES)
    age, _, label, fifth, delay = _days(random, 14, 3000)

    found = _weights(age, label, fifth, delay, 14, curves)

    assert found.maturity == pytest.approx(np.mean(delay <= age), abs=0.01)
    assert 0.85 < found.coverage < 1.0
    assert 0.0 < found.effective < np.sum(delay <= age)


def test_labels_that_never_come_do_not_hold_maturity_down():
    """A fifth of the flights is cancelled: when all others have landed, the window is mature."""
    counts = np.zeros((len(EDGES) + 1, 1, 1), np.int64)
    counts[20] = 1000
    curves = fit_delays(counts, EDGES)
    arrived, made = np.full((24, 1, 1), 80, np.int64), np.full(24, 100, np.int64)

    found = weigh(arrived, made, (np.full(24, 30 * DAY), np.full(24, 31 * DAY)), curves)

    assert found.maturity == 1.0
    assert found.coverage == 1.0
    assert found.effective == pytest.approx(arrived.sum())


def test_a_rare_class_takes_the_curve_of_all():
    """Too few labels of a class say nothing of its own delay."""
    counts = np.zeros((len(EDGES) + 1, 2, 1), np.int64)
    counts[10, 0], counts[40, 1] = 1000, 3

    curves = fit_delays(counts, EDGES)

    assert np.array_equal(curves.shares[1, 0], curves.overall)


def test_a_window_is_matured_at_twice_the_slowest_class():
    """The 99th percentile is taken per class, so that a slow minority is waited for."""
    counts = np.zeros((len(EDGES) + 1, 2, 1), np.int64)
    counts[0, 0], counts[40, 1] = 100_000, 100

    assert settled_seconds(counts, EDGES) == pytest.approx(2 * EDGES[40])


def test_a_stream_that_still_fills_is_not_matured():
    """Labels spread evenly over all the time there was put maturity beyond that time."""
    random = np.random.default_rng(7)
    delay = random.uniform(0.0, 3 * DAY, 5000)

    found = settled_seconds(_counts(np.zeros(5000, int), np.zeros(5000, int), delay), EDGES)

    assert found > 5 * DAY


def test_no_labels_settle_nothing():
    """Without labels no age is old enough, and no curve exists."""
    nothing = np.zeros((len(EDGES) + 1, 2, 5), np.int64)

    assert settled_seconds(nothing, EDGES) == np.inf
    with pytest.raises(InvalidInput, match="at least one label"):
        fit_delays(nothing, EDGES)


def test_ragged_counts_are_refused():
    """Bins must match the edges, and windows the curves."""
    with pytest.raises(InvalidInput, match="shape"):
        fit_delays(np.ones((5, 2, 5), np.int64), EDGES)
    curves = fit_delays(np.ones((len(EDGES) + 1, 2, 5), np.int64), EDGES)
    ages = (np.zeros(24), np.ones(24))
    with pytest.raises(InvalidInput, match="shape"):
        weigh(np.ones((24, 3, 5), np.int64), np.ones(24, np.int64), ages, curves)
