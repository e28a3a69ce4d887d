"""Regression metrics against scikit-learn, and their intervals against simulation."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as oracle

from watchkeeper.errors import InvalidInput
from watchkeeper.stats.performance.catalogue import REGRESSION, metric
from watchkeeper.stats.performance.error_quantile import absolute_error_quantile
from watchkeeper.stats.performance.state import Regressed, Sums

EXACT = {
    "mae": oracle.mean_absolute_error,
    "mse": oracle.mean_squared_error,
    "rmse": oracle.root_mean_squared_error,
    "mape": oracle.mean_absolute_percentage_error,
    "r2": oracle.r2_score,
    "bias": lambda y, p: float(np.mean(p - y)),
}


def _rows(random, n=2000):
    label = random.normal(50.0, 8.0, n)
    return label, label + random.normal(0.7, 4.0, n)


@pytest.mark.parametrize("name", EXACT)
def test_a_metric_of_sums_equals_scikit_learn(name, regressed):
    """Figures of sums equal scikit-learn's to 1e-9."""
    label, predicted = _rows(np.random.default_rng(1))

    found = REGRESSION[name].compute(regressed(label, predicted), 0)

    assert found.value == pytest.approx(EXACT[name](label, predicted), rel=1e-9)
    assert found.low < found.value < found.high


@pytest.mark.parametrize("q", [0.1, 0.5, 0.95])
def test_an_error_quantile_lies_within_its_cell(q, regressed):
    """The quantile of |e| is off by no more than one cell of the grid."""
    label, predicted = _rows(np.random.default_rng(2))

    found = absolute_error_quantile(regressed(label, predicted, width=0.05), q)

    assert found.value == pytest.approx(np.quantile(np.abs(predicted - label), q), abs=0.05)
    assert found.low < found.value < found.high


def test_errors_that_are_exactly_zero_have_a_quantile_of_zero():
    """A cell without width holds its point."""
    nothing = Sums(0.0, 0.0, 0.0)
    state = Regressed(
        nothing, 0.0, 0.0, nothing, nothing, np.zeros(1), np.zeros(1), np.array([50.0]), labels=50
    )

    assert absolute_error_quantile(state, 0.5).value == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("q", [0.0, 1.0, -1.0])
def test_a_quantile_outside_its_range_is_refused(q, regressed):
    """A quantile lies strictly between 0 and 1."""
    with pytest.raises(InvalidInput):
        absolute_error_quantile(regressed(np.arange(20.0), np.arange(20.0)), q)


def test_labels_of_zero_are_left_out_of_the_percentage_error(regressed):
    """A label of 0 has no relative error; the others keep theirs."""
    found = REGRESSION["mape"].compute(regressed([0.0, 2.0, 4.0], [1.0, 1.0, 5.0]), 0)

    assert found.value == pytest.approx((0.5 + 0.25) / 2)


def test_equal_labels_have_no_explained_variance(regressed):
    """R² does not exist where there is no variance to explain."""
    assert REGRESSION["r2"].compute(regressed(np.full(30, 7.0), np.arange(30.0)), 0).value is None


def test_nothing_labelled_is_insufficient_never_zero(regressed):
    """Without labels no figure exists."""
    empty = regressed(np.empty(0), np.empty(0))

    assert [m.compute(empty, 0).value for m in REGRESSION.values()] == [None] * len(REGRESSION)


def test_states_add_up_exactly(regressed):
    """The sum of two halves equals the whole where both use one centre of labels."""
    label, predicted = _rows(np.random.default_rng(3))
    label = np.sort(label - np.median(label))
    both = np.concatenate([label, label])
    whole = regressed(both, np.concatenate([predicted, predicted]))
    halves = regressed(label, predicted) + regressed(label, predicted)

    for each in REGRESSION.values():
        assert each.compute(whole, 0).value == pytest.approx(each.compute(halves, 0).value)


def test_standard_errors_and_intervals_hold_in_simulation(regressed):
    """Over 400 samples of 500 rows the standard error is that of the figures, and the 95 %
    intervals hold the truth 91 to 98 times in 100.
    """
    random = np.random.default_rng(4)
    found = {name: [] for name in REGRESSION}
    for _ in range(400):
        state = regressed(*_rows(random, 500))
        for name, each in REGRESSION.items():
            found[name].append(each.compute(state, 0))

    for name, estimates in found.items():
        values = np.array([each.value for each in estimates])
        covered = np.mean([each.low <= values.mean() <= each.high for each in estimates])
        assert np.mean([each.se for each in estimates]) == pytest.approx(values.std(), rel=0.15), (
            name
        )
        assert 0.91 <= covered <= 0.98, name


def test_an_unknown_metric_is_refused_with_the_known_ones():
    """The message lists what the task has."""
    with pytest.raises(InvalidInput, match="rmse"):
        metric("roc_auc", "regression")
