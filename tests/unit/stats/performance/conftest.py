"""Sufficient statistics of rows in memory, counted the plain way."""

from __future__ import annotations

import numpy as np
import pytest

from watchkeeper.stats.performance.state import Classified, Regressed, Sums


def classified(label, predicted, scores, bins=1000):
    """Of integer labels and predictions, and scores: (n,) for binary, (n, K) for K classes."""
    label, predicted, scores = np.asarray(label), np.asarray(predicted), np.asarray(scores, float)
    classes = 2 if scores.ndim == 1 else scores.shape[1]
    confusion = np.zeros((classes, classes))
    np.add.at(confusion, (label, predicted), 1.0)
    columns = scores[:, None] if scores.ndim == 1 else scores
    truth = label[:, None] == (np.array([1]) if scores.ndim == 1 else np.arange(classes))
    histogram, sums = np.zeros((2, columns.shape[1], bins, 2))
    for k in range(columns.shape[1]):
        cell = np.minimum((columns[:, k] * bins).astype(int), bins - 1)
        np.add.at(histogram[k], (cell, truth[:, k].astype(int)), 1.0)
        np.add.at(sums[k], (cell, truth[:, k].astype(int)), columns[:, k])
    own = np.where(truth[:, 0], scores, 1.0 - scores) if scores.ndim == 1 else None
    own = scores[np.arange(len(label)), label] if own is None else own
    loss = -np.log(np.clip(own, 2.220446049250313e-16, 1.0 - 2.220446049250313e-16))
    brier = ((columns - truth) ** 2).sum(axis=1)
    return Classified(confusion, histogram, sums, _sums(loss), _sums(brier), labels=len(label))


def regressed(label, predicted, width=0.01):
    """Of labels and predictions, with errors on a fine even grid."""
    label, predicted = np.asarray(label, float), np.asarray(predicted, float)
    error = predicted - label
    cells, counts = np.unique(np.floor(error / width), return_counts=True)
    nonzero = label != 0.0
    centre = float(np.median(label)) if len(label) else 0.0
    return Regressed(
        _sums(error),
        float(np.abs(error).sum()),
        float((error**4).sum()),
        _sums(np.abs(error[nonzero] / label[nonzero])),
        _sums(label - centre),
        cells * width,
        (cells + 1.0) * width,
        counts.astype(float),
        labels=len(label),
    )


def _sums(values):
    return Sums(float(len(values)), float(values.sum()), float((values**2).sum()))


@pytest.fixture(name="classified")
def _classified():
    return classified


@pytest.fixture(name="regressed")
def _regressed():
    return regressed


@pytest.fixture
def binary_rows():
    """Labels, predictions and calibrated scores of 4,000 rows, of which about 30 % positive."""
    random = np.random.default_rng(5)
    scores = random.beta(1.2, 2.6, 4000)
    label = (random.random(4000) < scores).astype(int)
    return label, (scores > 0.4).astype(int), scores


@pytest.fixture
def multiclass_rows():
    """Labels, predictions and scores of 3,000 rows of four uneven classes."""
    random = np.random.default_rng(6)
    scores = random.dirichlet([2.0, 1.0, 0.7, 0.3], 3000)
    label = (random.random((3000, 1)) > scores.cumsum(axis=1)).sum(axis=1).clip(0, 3)
    return label, scores.argmax(axis=1), scores
