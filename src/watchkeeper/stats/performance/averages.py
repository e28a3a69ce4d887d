"""F1, and averages over classes of precision, recall and F1.

Exact; intervals by the delta method on the multinomial cells of the confusion matrix.
With ``t`` = confusion[k, k], ``a`` = predicted k, ``l`` = labelled k:
precision ``t/a``, recall ``t/l``, F1 ``2t/(a + l)``, each 0 where its denominator is 0 and the
other one is not. Averages run over the classes that are labelled or predicted at least once
(as scikit-learn's do); *macro* weighs them equally, *weighted* by their labels.

References
----------
Takahashi, K. et al. (2022), Confidence interval for micro- and macro-averaged F1 scores.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from watchkeeper.stats.estimate import Estimate
from watchkeeper.stats.interval.bounded import unit
from watchkeeper.stats.interval.multinomial import multinomial_se, smoothed
from watchkeeper.stats.performance.state import Classified

__all__ = [
    "balanced_accuracy",
    "f1",
    "macro_f1",
    "macro_precision",
    "macro_recall",
    "weighted_f1",
    "weighted_precision",
    "weighted_recall",
]

Floats = npt.NDArray[np.float64]
# Per class: numerator and denominator as functions of (true, predicted, labelled) counts, and the
# weights of (true, predicted, labelled) in each.
_PRECISION = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0))
_RECALL = ((1.0, 0.0, 0.0), (0.0, 0.0, 1.0))
_F1 = ((2.0, 0.0, 0.0), (0.0, 1.0, 1.0))
_Ratio = tuple[tuple[float, float, float], tuple[float, float, float]]


def f1(state: Classified, k: int) -> Estimate:
    """The harmonic mean of precision and recall of class ``k``."""
    return _average(state, _F1, lambda labelled: np.eye(len(labelled))[k])


def macro_f1(state: Classified) -> Estimate:
    """The mean F1 of the classes."""
    return _average(state, _F1, _present(state))


def macro_precision(state: Classified) -> Estimate:
    """The mean precision of the classes."""
    return _average(state, _PRECISION, _present(state))


def macro_recall(state: Classified) -> Estimate:
    """The mean recall of the classes."""
    return _average(state, _RECALL, _present(state))


def balanced_accuracy(state: Classified) -> Estimate:
    """The mean recall of the classes that are labelled at least once."""
    there = state.confusion.sum(axis=1) > 0.0
    return _average(state, _RECALL, lambda _: there / max(1, there.sum()))


def weighted_f1(state: Classified) -> Estimate:
    """F1 averaged by the labels of each class."""
    return _average(state, _F1, _by_labels)


def weighted_precision(state: Classified) -> Estimate:
    """Precision averaged by the labels of each class."""
    return _average(state, _PRECISION, _by_labels)


def weighted_recall(state: Classified) -> Estimate:
    """Recall averaged by the labels of each class: it equals the accuracy."""
    return _average(state, _RECALL, _by_labels)


def _present(state: Classified) -> Callable[[Floats], Floats]:
    there = (state.confusion.sum(axis=0) + state.confusion.sum(axis=1)) > 0.0
    return lambda _: there / max(1, there.sum())


def _by_labels(labelled: Floats) -> Floats:
    return np.asarray(labelled / labelled.sum())


def _average(state: Classified, ratio: _Ratio, weights: Callable[[Floats], Floats]) -> Estimate:
    if state.n <= 0.0:
        return Estimate.insufficient(state.labels)
    value, _ = _value(state.confusion, ratio, weights)
    if value is None:
        return Estimate.insufficient(state.labels)
    cells = smoothed(state.confusion)
    _, gradient = _value(cells, ratio, weights, slope=weights is _by_labels)
    se = multinomial_se(cells, gradient)
    return Estimate(value, *unit(value, se), state.labels, se)


def _value(
    cells: Floats, ratio: _Ratio, weights: Callable[[Floats], Floats], *, slope: bool = False
) -> tuple[float | None, Floats]:
    """The average, and its gradient by cell shares; ``slope``: the weights move with the cells."""
    n = cells.sum()
    true, predicted, labelled = cells.diagonal() / n, cells.sum(axis=0) / n, cells.sum(axis=1) / n
    (u1, u2, u3), (d1, d2, d3) = ratio
    upper = u1 * true + u2 * predicted + u3 * labelled
    lower = d1 * true + d2 * predicted + d3 * labelled
    there = lower > 0.0
    share = weights(labelled)
    if not (share * there).any():
        return (0.0 if (share * (predicted + labelled)).any() else None), np.zeros_like(cells)
    safe = np.where(there, lower, 1.0)
    each = np.where(there, upper / safe, 0.0)
    # A cell (i, j) adds to labelled i and predicted j, and on the diagonal to true.
    by_true, by_predicted, by_labelled = (
        share * there * (up - down * each) / safe
        for up, down in zip((u1, u2, u3), (d1, d2, d3), strict=True)
    )
    if slope:
        by_labelled = by_labelled + each
    gradient = by_predicted[None, :] + by_labelled[:, None] + np.diag(by_true)
    return min(1.0, float(share @ each)), gradient  # shares may add up to more than 1 by rounding
