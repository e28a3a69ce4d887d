"""Metrics of score histograms: ROC AUC, average precision, calibration."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as oracle

from watchkeeper.errors import InvalidInput
from watchkeeper.stats.performance.average_precision import average_precision
from watchkeeper.stats.performance.calibration import (
    calibration_gap,
    expected_calibration_error,
    reliability,
)
from watchkeeper.stats.performance.roc_auc import macro_roc_auc, roc_auc, roc_auc_bin_error
from watchkeeper.stats.performance.state import Classified, Sums


def _binned(scores):
    return (np.minimum((scores * 1000).astype(int), 999) + 0.5) / 1000


def _delong(label, scores):
    positive, negative = scores[label == 1], scores[label == 0]
    above = (positive[:, None] > negative) + 0.5 * (positive[:, None] == negative)
    v10, v01 = above.mean(axis=1), above.mean(axis=0)
    return np.sqrt(v10.var(ddof=1) / len(positive) + v01.var(ddof=1) / len(negative))


def test_the_area_of_binned_scores_is_exact(binary_rows, classified):
    """On the binned scores the area equals scikit-learn's to 1e-9."""
    label, _, scores = binary_rows

    found = roc_auc(classified(*binary_rows)).value

    assert found == pytest.approx(oracle.roc_auc_score(label, _binned(scores)), abs=1e-9)


def test_the_area_differs_from_the_unbinned_one_by_no_more_than_the_stated_bound(
    binary_rows, classified
):
    """Binning moves the area by at most half the share of pairs that share a bin."""
    label, _, scores = binary_rows
    state = classified(*binary_rows)

    bound = roc_auc_bin_error(state)

    assert abs(roc_auc(state).value - oracle.roc_auc_score(label, scores)) <= bound < 2e-3


@given(st.integers(1, 400), st.integers(1, 400))
def test_scores_that_separate_perfectly_reach_1_and_no_more(positives, negatives):
    """Sums of shares never carry a figure past its bound."""
    histogram = np.zeros((1, 1000, 2))
    histogram[0, np.arange(positives) + 600, 1] = 1.0
    histogram[0, np.arange(negatives), 0] = 1.0
    nothing = Sums(0.0, 0.0, 0.0)
    state = Classified(np.eye(2), histogram, histogram * 0.0, nothing, nothing)

    found = [average_precision(state), roc_auc(state)]

    assert all(figure.value is None or 1.0 - 1e-9 < figure.value <= 1.0 for figure in found)


def test_the_standard_error_is_delongs(binary_rows, classified):
    """DeLong from histograms equals the definition over all pairs."""
    label, _, scores = binary_rows

    found = roc_auc(classified(*binary_rows)).se

    assert found == pytest.approx(_delong(label, _binned(scores)), abs=1e-9)
    assert found == pytest.approx(_delong(label, scores), abs=1e-4)


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=3, max_size=40))
def test_the_area_of_the_reversed_histogram_is_the_complement(cells):
    """Turning the scores round turns the area into one less itself, for any counts."""
    histogram = np.array([cells], float)
    nothing = Sums(0.0, 0.0, 0.0)
    turned = histogram[:, ::-1]
    state = Classified(np.eye(2), histogram, histogram * 0.0, nothing, nothing)
    other = Classified(np.eye(2), turned, turned * 0.0, nothing, nothing)

    area, complement = roc_auc(state), roc_auc(other)

    assert (area.value is None) == (complement.value is None)
    if area.value is not None:
        assert area.value + complement.value == pytest.approx(1.0)
        assert 0.0 <= area.low <= area.value <= area.high <= 1.0


def test_perfect_separation_is_not_certain(classified):
    """All positives above all negatives gives 1 with an interval that n pairs allow."""
    scores = np.concatenate([np.full(30, 0.2), np.full(10, 0.8)])
    label = (scores > 0.5).astype(int)

    found = roc_auc(classified(label, label, scores))

    assert found.value == 1.0
    assert 0.6 < found.low < 0.9
    assert found.high == 1.0


def test_the_macro_area_is_that_of_every_class_against_the_rest(multiclass_rows, classified):
    """The mean of one-vs-rest areas equals scikit-learn's within the bin error."""
    label, _, scores = multiclass_rows
    state = classified(*multiclass_rows)

    expected = oracle.roc_auc_score(label, scores, multi_class="ovr", average="macro")

    assert macro_roc_auc(state).value == pytest.approx(
        expected, abs=max(roc_auc_bin_error(state, k) for k in range(4))
    )


def test_average_precision_of_binned_scores_is_exact(binary_rows, classified):
    """On the binned scores average precision equals scikit-learn's to 1e-9, and the unbinned one
    to 1e-3.
    """
    label, _, scores = binary_rows

    found = average_precision(classified(*binary_rows)).value

    assert found == pytest.approx(oracle.average_precision_score(label, _binned(scores)), abs=1e-9)
    assert found == pytest.approx(oracle.average_precision_score(label, scores), abs=1e-3)


def test_the_calibration_error_equals_its_definition_on_the_rows(binary_rows, classified):
    """Ten bins from the histogram give what ten bins of the rows give."""
    label, _, scores = binary_rows
    cell = np.minimum((scores * 10).astype(int), 9)
    expected = sum(abs(scores[cell == b].sum() - label[cell == b].sum()) for b in range(10)) / len(
        label
    )

    found = expected_calibration_error(classified(*binary_rows))

    assert found.value == pytest.approx(expected, abs=1e-12)
    assert found.low == 0.0  # the scores are calibrated: what is seen is noise


def test_the_reliability_curve_is_scikit_learns(binary_rows, classified):
    """Share of positives and mean score per bin equal `calibration_curve`."""
    from sklearn.calibration import calibration_curve

    label, _, scores = binary_rows
    share, score = calibration_curve(label, scores, n_bins=10)

    rows, found_score, found_share = reliability(classified(*binary_rows))

    assert found_score[rows > 0] == pytest.approx(score, abs=1e-12)
    assert found_share[rows > 0] == pytest.approx(share, abs=1e-12)


def test_the_calibration_gap_is_mean_score_less_share_of_positives(binary_rows, classified):
    """The gap is signed and exact."""
    label, _, scores = binary_rows

    found = calibration_gap(classified(*binary_rows))

    assert found.value == pytest.approx(scores.mean() - label.mean(), abs=1e-12)
    assert found.se == pytest.approx((scores - label).std() / np.sqrt(len(label)), rel=1e-3)


def test_bins_that_do_not_divide_the_histogram_are_refused(binary_rows, classified):
    """A reliability bin is made of whole histogram bins."""
    with pytest.raises(InvalidInput, match="divide"):
        reliability(classified(*binary_rows), bins=7)


def test_without_scores_there_is_no_ranking():
    """A classifier that gives no score has no area, no average precision, no calibration."""
    nothing = Sums(0.0, 0.0, 0.0)
    state = Classified(
        np.full((2, 2), 5.0),
        np.zeros((0, 1000, 2)),
        np.zeros((0, 1000, 2)),
        nothing,
        nothing,
        labels=20,
    )

    for metric in (
        roc_auc,
        macro_roc_auc,
        average_precision,
        calibration_gap,
        expected_calibration_error,
    ):
        assert metric(state).value is None
        assert metric(state).n == 20
