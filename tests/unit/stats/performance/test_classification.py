"""Classification metrics against scikit-learn, and their intervals against simulation."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as oracle

from watchkeeper.stats.performance.averages import (
    balanced_accuracy,
    f1,
    macro_f1,
    macro_precision,
    macro_recall,
    weighted_f1,
    weighted_precision,
    weighted_recall,
)
from watchkeeper.stats.performance.catalogue import CLASSIFICATION
from watchkeeper.stats.performance.mcc import matthews_correlation
from watchkeeper.stats.performance.rates import accuracy, false_positive_rate, precision, recall
from watchkeeper.stats.performance.scoring import brier_score, log_loss
from watchkeeper.stats.performance.state import Classified, Sums

EXACT = {
    "accuracy": oracle.accuracy_score,
    "balanced_accuracy": oracle.balanced_accuracy_score,
    "mcc": oracle.matthews_corrcoef,
    "macro_f1": lambda y, p: oracle.f1_score(y, p, average="macro"),
    "macro_precision": lambda y, p: oracle.precision_score(y, p, average="macro", zero_division=0),
    "macro_recall": lambda y, p: oracle.recall_score(y, p, average="macro", zero_division=0),
    "weighted_f1": lambda y, p: oracle.f1_score(y, p, average="weighted"),
    "weighted_precision": lambda y, p: oracle.precision_score(
        y, p, average="weighted", zero_division=0
    ),
    "weighted_recall": lambda y, p: oracle.recall_score(y, p, average="weighted"),
    "micro_f1": lambda y, p: oracle.f1_score(y, p, average="micro"),
    "micro_precision": lambda y, p: oracle.precision_score(y, p, average="micro"),
    "micro_recall": lambda y, p: oracle.recall_score(y, p, average="micro"),
}


@pytest.mark.parametrize("name", EXACT)
@pytest.mark.parametrize("rows", ["binary_rows", "multiclass_rows"])
def test_a_metric_of_counts_equals_scikit_learn(name, rows, request, classified):
    """Figures of the confusion counts equal scikit-learn's to 1e-9."""
    label, predicted, scores = request.getfixturevalue(rows)

    found = CLASSIFICATION[name].compute(classified(label, predicted, scores), 0)

    assert found.value == pytest.approx(EXACT[name](label, predicted), abs=1e-9)
    assert found.low < found.value < found.high
    assert found.n == len(label)


@pytest.mark.parametrize("k", range(4))
def test_a_metric_of_one_class_equals_scikit_learn(k, multiclass_rows, classified):
    """Precision, recall and F1 of every class equal scikit-learn's to 1e-9."""
    label, predicted, scores = multiclass_rows
    state = classified(label, predicted, scores)
    p, r, f, _ = oracle.precision_recall_fscore_support(label, predicted)

    assert precision(state, k).value == pytest.approx(p[k], abs=1e-9)
    assert recall(state, k).value == pytest.approx(r[k], abs=1e-9)
    assert f1(state, k).value == pytest.approx(f[k], abs=1e-9)


def test_the_false_positive_rate_is_that_of_the_confusion_matrix(binary_rows, classified):
    """False positives over all that are not positive."""
    label, predicted, _ = binary_rows

    found = false_positive_rate(classified(*binary_rows), 1)

    assert found.value == pytest.approx(predicted[label == 0].mean(), abs=1e-12)


def test_log_loss_and_brier_of_two_classes_equal_scikit_learn(binary_rows, classified):
    """Proper scores from sums equal scikit-learn's to 1e-9."""
    label, _, scores = binary_rows
    state = classified(*binary_rows)

    assert log_loss(state).value == pytest.approx(oracle.log_loss(label, scores), abs=1e-9)
    assert brier_score(state).value == pytest.approx(
        oracle.brier_score_loss(label, scores), abs=1e-9
    )


def test_log_loss_and_brier_of_many_classes_equal_scikit_learn(multiclass_rows, classified):
    """Multiclass Brier sums over the classes, as scikit-learn's unhalved one does."""
    label, _, scores = multiclass_rows
    state = classified(*multiclass_rows)

    assert log_loss(state).value == pytest.approx(oracle.log_loss(label, scores), abs=1e-9)
    assert brier_score(state).value == pytest.approx(
        ((scores - np.eye(4)[label]) ** 2).sum(axis=1).mean(), abs=1e-9
    )


def test_a_class_that_is_never_predicted_counts_as_zero_like_scikit_learn(classified):
    """Macro averages keep a labelled class without a single prediction, at 0."""
    label, predicted = np.array([0, 0, 1, 2, 2, 1]), np.array([0, 0, 0, 2, 0, 0])
    state = classified(label, predicted, np.full((6, 3), 1 / 3))

    assert macro_f1(state).value == pytest.approx(
        oracle.f1_score(label, predicted, average="macro"), abs=1e-12
    )
    assert macro_precision(state).value == pytest.approx(
        oracle.precision_score(label, predicted, average="macro", zero_division=0), abs=1e-12
    )


def test_a_class_that_never_occurs_leaves_the_averages_alone(classified):
    """Averages run over the classes that are there, as scikit-learn's do."""
    label, predicted = np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1])
    state = classified(label, predicted, np.full((4, 3), 1 / 3))

    assert macro_recall(state).value == pytest.approx(0.75)
    assert balanced_accuracy(state).value == pytest.approx(0.75)
    assert recall(state, 2).value is None
    assert f1(state, 2).value is None


def test_nothing_labelled_is_insufficient_never_zero():
    """Without labels no figure exists."""
    nothing = Classified(
        np.zeros((2, 2)),
        np.zeros((1, 1000, 2)),
        np.zeros((1, 1000, 2)),
        Sums(0, 0, 0),
        Sums(0, 0, 0),
    )

    found = [metric.compute(nothing, 1).value for metric in CLASSIFICATION.values()]

    assert found == [None] * len(CLASSIFICATION)


def test_one_class_only_gives_figures_that_exist(classified):
    """A window of one class has an accuracy, no ROC AUC, and a correlation of 0."""
    state = classified(np.zeros(50, int), np.zeros(50, int), np.full(50, 0.2))

    assert accuracy(state).value == 1.0
    assert accuracy(state).low < 1.0
    assert matthews_correlation(state).value == 0.0
    assert CLASSIFICATION["roc_auc"].compute(state, 1).value is None


def test_states_add_up_exactly(multiclass_rows, classified):
    """The sum of two halves equals the whole, figure by figure."""
    label, predicted, scores = multiclass_rows
    whole = classified(label, predicted, scores)
    halves = classified(label[:900], predicted[:900], scores[:900]) + classified(
        label[900:], predicted[900:], scores[900:]
    )

    for metric in CLASSIFICATION.values():
        assert metric.compute(whole, 1).value == pytest.approx(
            metric.compute(halves, 1).value, abs=1e-12
        )


SE_CHECKED = [
    "accuracy", "balanced_accuracy", "f1", "precision", "macro_f1", "macro_precision",
    "weighted_f1", "weighted_precision", "mcc", "roc_auc", "average_precision", "log_loss",
    "brier", "calibration_gap",
]  # fmt: skip


def test_standard_errors_and_intervals_hold_in_simulation(classified):
    """Over 400 samples of 1,000 rows the standard error is that of the figures, and the 95 %
    intervals hold the truth 91 to 98 times in 100.
    """
    random = np.random.default_rng(11)
    found = {name: [] for name in SE_CHECKED}
    for _ in range(400):
        scores = random.beta(1.5, 3.0, 1000)
        label = (random.random(1000) < scores).astype(int)
        state = classified(label, (scores > 0.4).astype(int), scores)
        for name in SE_CHECKED:
            found[name].append(CLASSIFICATION[name].compute(state, 1))

    for name, estimates in found.items():
        values = np.array([each.value for each in estimates])
        truth = values.mean()
        covered = np.mean([each.low <= truth <= each.high for each in estimates])
        assert np.mean([each.se for each in estimates]) == pytest.approx(values.std(), rel=0.15), (
            name
        )
        assert 0.91 <= covered <= 0.98, name


def test_the_weighted_average_functions_are_those_of_the_catalogue(binary_rows, classified):
    """The catalogue's names lead to the functions of those names."""
    state = classified(*binary_rows)

    assert weighted_f1(state) == CLASSIFICATION["weighted_f1"].compute(state, 0)
    assert weighted_precision(state) == CLASSIFICATION["weighted_precision"].compute(state, 0)
    assert weighted_recall(state).value == pytest.approx(accuracy(state).value)
