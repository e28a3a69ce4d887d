"""Accuracy, precision, recall and false-positive rate: shares of the confusion counts.

Exact. Each is a rate ``k/m`` with the Wilson interval; the standard error is taken at
``(k + ½)/(m + 1)``, so that a rate of 0 or 1 does not look certain. Precision and recall condition
on their denominator, as is usual. A rate without a denominator does not exist: insufficient.
"""

from __future__ import annotations

import math

from watchkeeper.stats.estimate import Estimate
from watchkeeper.stats.interval.wilson import wilson
from watchkeeper.stats.performance.state import Classified

__all__ = ["accuracy", "false_positive_rate", "precision", "rate", "recall"]


def rate(count: float, total: float, labels: int) -> Estimate:
    """``count/total`` with its Wilson interval; insufficient where ``total`` is 0."""
    if total <= 0.0:
        return Estimate.insufficient(labels)
    count = min(count, total)  # float sums of weights may pass their own total by rounding
    low, high = wilson(count, total)
    inside = (count + 0.5) / (total + 1.0)
    return Estimate(count / total, low, high, labels, math.sqrt(inside * (1.0 - inside) / total))


def accuracy(state: Classified) -> Estimate:
    """The share of labelled rows that were predicted right; it is also every micro average."""
    return rate(float(state.confusion.trace()), state.n, state.labels)


def precision(state: Classified, k: int) -> Estimate:
    """Of the rows predicted class ``k``, the share that is."""
    return rate(float(state.confusion[k, k]), float(state.confusion[:, k].sum()), state.labels)


def recall(state: Classified, k: int) -> Estimate:
    """Of the rows labelled class ``k``, the share that was predicted so."""
    return rate(float(state.confusion[k, k]), float(state.confusion[k].sum()), state.labels)


def false_positive_rate(state: Classified, k: int) -> Estimate:
    """Of the rows not labelled class ``k``, the share that was predicted so."""
    others = state.n - float(state.confusion[k].sum())
    wrong = float(state.confusion[:, k].sum() - state.confusion[k, k])
    return rate(wrong, others, state.labels)
