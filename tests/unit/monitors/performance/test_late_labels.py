"""Windows whose labels are still to come: weighted, with maturity, and judged only if they can be."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from watchkeeper.domain.model import Task
from watchkeeper.domain.profile import DELAY_EDGES_SECONDS, DelayCounts
from watchkeeper.domain.verdict import Status
from watchkeeper.monitors.evidence import History
from watchkeeper.monitors.performance import performance
from watchkeeper.monitors.realised import lateness_of, realised

NOW = 230  # days after the start: windows of the first weeks are matured
HORIZON = timedelta(days=120)


def _past(build, random, days, **options):
    known = build.start + NOW * build.day
    return [build.late_binary(random, day, known, **options)[0] for day in days]


def _accuracy(build, random, age, **options):
    return build.late_binary(random, NOW - age - 1, build.start + NOW * build.day, **options)


def test_figures_of_a_young_window_are_those_of_all_its_labels(build):
    """Eight days old, a third of the labels there: accuracy, calibration gap and log loss are
    within 0.3 points (1.5 % of the log loss) of what all labels give, on average over 60 windows,
    where the labels that came say 8 points less.
    """
    random = np.random.default_rng(1)
    model = build.model(label_horizon=HORIZON)
    past = _past(build, random, range(60), rows=2000)
    lateness = lateness_of(model, [], past)
    gaps, naive = {"accuracy": [], "calibration_gap": [], "log_loss": []}, []
    for _ in range(60):
        window, truth = _accuracy(build, random, 8, rows=4000)
        state = realised(window, lateness).state
        confusion, loss = state.confusion, state.log_loss
        histogram, sums = state.histogram[0], state.score_sums[0]
        gaps["accuracy"].append(np.trace(confusion) / confusion.sum() - truth["accuracy"])
        gap = (sums.sum() - histogram[:, 1].sum()) / histogram.sum()
        gaps["calibration_gap"].append(gap - truth["calibration_gap"])
        gaps["log_loss"].append(loss.first / loss.n / truth["log_loss"] - 1.0)
        plain = window.performance.confusion
        naive.append(np.trace(plain) / plain.sum() - truth["accuracy"])

    assert np.mean(naive) < -0.05
    assert abs(np.mean(gaps["accuracy"])) < 0.003
    assert abs(np.mean(gaps["calibration_gap"])) < 0.003
    assert abs(np.mean(gaps["log_loss"])) < 0.015


def test_intervals_of_weighted_figures_hold(build):
    """The 95 % interval of a weighted accuracy holds the eventual rate 90 times in 100 or more."""
    random = np.random.default_rng(2)
    model = build.model(label_horizon=HORIZON)
    past = _past(build, random, range(60), rows=2000)
    truth = np.mean([_accuracy(build, random, 8, rows=4000)[1]["accuracy"] for _ in range(40)])
    windows = [_accuracy(build, random, 8, rows=1000)[0] for _ in range(100)]

    found = [
        each
        for window in windows
        for each in performance(build.spec, model, [window], History((), True, tuple(past)))
        if each.series.what == "accuracy"
    ]

    assert np.mean([each.low <= truth <= each.high for each in found]) >= 0.9
    assert 0.25 < np.mean([each.maturity for each in found]) < 0.6
    assert all(each.effect["weighted"] for each in found)


def test_a_fall_is_found_before_all_labels_have_come(build):
    """A model that loses its recall is found at a third of the labels, and quiet windows
    of the same age are not.
    """
    random = np.random.default_rng(3)
    model = build.model(label_horizon=HORIZON)
    past = _past(build, random, range(60), rows=3000)
    quiet = _accuracy(build, random, 8, rows=10_000)[0]
    bad = _accuracy(build, random, 8, rows=10_000, recall=0.0)[0]

    found = {
        name: {
            e.series.what: e
            for e in performance(build.spec, model, [window], History((), True, tuple(past)))
        }
        for name, window in (("quiet", quiet), ("bad", bad))
    }

    assert found["quiet"]["accuracy"].p_value > 0.01
    assert found["bad"]["accuracy"].p_value < 1e-4
    assert "weighted for those still to come" in found["bad"]["accuracy"].message
    assert found["bad"]["accuracy"].provisional


def test_a_window_that_is_hardly_labelled_is_not_judged(build):
    """On its first evening most of a window has no label of the slow class: it waits."""
    random = np.random.default_rng(4)
    model = build.model(label_horizon=HORIZON)
    past = _past(build, random, range(60))
    window = _accuracy(build, random, 0)[0]

    found = list(performance(build.spec, model, [window], History((), True, tuple(past))))
    accuracy = next(e for e in found if e.series.what == "accuracy")

    assert accuracy.status is Status.INSUFFICIENT_DATA
    assert accuracy.maturity < 0.1


def test_without_matured_windows_nothing_is_weighted(build):
    """In the first weeks nothing tells how late labels are: young windows wait for 80 %."""
    random = np.random.default_rng(5)
    model = build.model(label_horizon=HORIZON)
    young = [_accuracy(build, random, age)[0] for age in (9, 8, 7, 6, 5)]

    lateness = lateness_of(model, [], young)

    assert lateness.curves is None
    assert not realised(young[0], lateness).weighted


def test_a_matured_window_is_taken_as_it_is(build):
    """When all labels have come, weights would only add noise: none are used."""
    random = np.random.default_rng(6)
    past = _past(build, random, range(60))

    found = realised(past[0], lateness_of(build.model(label_horizon=HORIZON), [], past))

    assert not found.weighted
    assert found.maturity == 1.0
    assert found.state.n == past[0].performance.labelled


def _late_regressor(build, random, day, rows=4000):
    """Deliveries: the label is the days that it took; the long ones are also reported later."""
    known = build.start + 60 * build.day
    label = random.gamma(4.0, 2.0, rows)
    predicted = label * 0.7 + 2.4 + random.normal(0, 1.0, rows)
    made = random.uniform(0.0, 86400.0, rows)
    age = (60 - day) * 86400.0 - made
    delay = random.exponential(1.0 + label / 2.0) * 86400.0
    seen = delay <= age
    z = (label - 7.3) / 3.9
    fifth = np.searchsorted([-0.8416, -0.2533, 0.2533, 0.8416], z, side="right")
    counts = np.zeros((len(DELAY_EDGES_SECONDS) + 1, 5, 1), np.int64)
    bins = np.searchsorted(DELAY_EDGES_SECONDS, delay)
    np.add.at(counts, (bins[seen], fifth[seen], 0), 1)
    arrived = np.zeros((24, 5, 1), np.int64)
    part = (made // 3600).astype(int)
    np.add.at(arrived, (part[seen], fifth[seen], 0), 1)
    error = predicted - label
    columns = np.stack([
        np.ones(rows), error, np.abs(error), error**2, error**4, np.abs(error / label),
        (error / label) ** 2, np.ones(rows), label, label**2,
    ], axis=1)  # fmt: skip
    strata = np.zeros((5, 10))
    np.add.at(strata, fifth[seen], columns[seen])
    delays = DelayCounts(DELAY_EDGES_SECONDS, counts, arrived, np.bincount(part, minlength=24))
    profile = build.regressor(label[seen], predicted[seen], n=rows, delays=delays, strata=strata)
    return build.window(profile, day, known_at=known), float(error.mean())


def test_a_late_regressor_is_weighted_by_its_label(build):
    """Where long deliveries are reported late, the bias of those that came is off, and the
    weighted one by less than a fifth of that.
    """
    random = np.random.default_rng(7)
    model = build.model(Task.REGRESSION, label_horizon=timedelta(days=43))
    lateness = lateness_of(model, [], [_late_regressor(build, random, d)[0] for d in range(15)])
    naive, weighted = [], []
    for _ in range(30):
        window, truth = _late_regressor(build, random, 54)
        found = realised(window, lateness)
        moments = window.performance.moments
        naive.append(moments[0] / window.performance.labelled - truth)
        weighted.append(found.state.error.first / found.state.error.n - truth)

    assert np.mean(naive) > 0.1
    assert abs(np.mean(weighted)) < 0.2 * np.mean(naive)
    assert found.maturity == pytest.approx(0.66, abs=0.04)
