"""Windows of labelled rows in memory, counted the plain way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from watchkeeper.domain.model import Column, ColumnType, Model, MonitorSpec, Role, Task
from watchkeeper.domain.profile import (
    DELAY_EDGES_SECONDS,
    ClassificationProfile,
    DelayCounts,
    NumericBinning,
    RegressionProfile,
    WindowProfile,
)
from watchkeeper.domain.window import Window
from watchkeeper.stats.grid import cell_of

DAY = timedelta(days=1)
START = datetime(2024, 1, 1, tzinfo=UTC)
EPSILON = 2.220446049250313e-16


def binary(label, predicted, score, *, delays=None, fifths=None, n=None, classes=("0", "1")):
    """The profile of a binary classifier; ``n`` predictions of which the given are labelled."""
    label, predicted, score = np.asarray(label), np.asarray(predicted), np.asarray(score)
    return classifier(
        label, predicted, score[:, None], classes=classes, delays=delays, fifths=fifths, n=n
    )


def classifier(label, predicted, scores, *, classes, delays=None, fifths=None, n=None):
    """The profile of a classifier with scores (n, K), or (n, 1) of the positive class."""
    size = len(classes)
    confusion = np.zeros((size, size), np.int64)
    np.add.at(confusion, (label, predicted), 1)
    rows = scores.shape[1]
    histogram, sums = np.zeros((rows, 1000, 2), np.int64), np.zeros((rows, 1000, 2))
    target = np.array([1]) if rows == 1 else np.arange(rows)
    truth = (label[:, None] == target).astype(int)
    for k in range(rows):
        cell = np.minimum((scores[:, k] * 1000).astype(int), 999)
        np.add.at(histogram[k], (cell, truth[:, k]), 1)
        np.add.at(sums[k], (cell, truth[:, k]), scores[:, k])
    own = np.where(truth[:, 0] == 1, scores[:, 0], 1 - scores[:, 0])
    own = own if rows == 1 else scores[np.arange(len(label)), label]
    loss = -np.log(np.clip(own, EPSILON, 1 - EPSILON))
    brier = ((scores - truth) ** 2).sum(axis=1)
    agree = (int((label[1:] == label[:-1]).sum()), max(0, len(label) - 1))
    return ClassificationProfile(
        classes=tuple(classes),
        n=len(label) if n is None else n,
        labelled=len(label),
        invalid_score=0,
        confusion=confusion,
        score_histogram=histogram,
        score_sums=sums,
        unlabelled_histogram=np.zeros((rows, 1000), np.int64),
        scored=len(label),
        log_loss=(float(loss.sum()), float((loss**2).sum())),
        brier=(float(brier.sum()), float((brier**2).sum())),
        previous_agree=agree,
        delays=delays,
        confusion_fifths=fifths,
    )


def regressor(label, predicted, *, n=None, delays=None, strata=None):
    """The profile of a regressor."""
    label, predicted = np.asarray(label, float), np.asarray(predicted, float)
    error = predicted - label
    binning = NumericBinning(0.0, max(1e-9, float(np.std(error))) if len(error) else 1.0)
    cells, counts = np.unique(cell_of(error, 0.0, binning.scale), return_counts=True)
    nonzero = label != 0
    relative = np.abs(error[nonzero] / label[nonzero])
    step = np.abs(np.diff(label))
    return RegressionProfile(
        n=len(label) if n is None else n,
        labelled=len(label),
        invalid=0,
        moments=tuple(
            float(s) for s in (error.sum(), np.abs(error).sum(), (error**2).sum(), (error**4).sum())
        ),
        ape=(float(relative.sum()), float((relative**2).sum()), int(nonzero.sum())),
        label_center=0.0,
        label=(float(label.sum()), float((label**2).sum())),
        error_binning=binning,
        error_cells=cells,
        error_counts=counts,
        previous=(float(step.sum()), float((step**2).sum()), len(step)),
        delays=delays,
        strata=strata,
    )


def window(profile, day=None, *, known_at=None, start=START, length=DAY):
    """The window number ``day`` (None: without time) with that performance."""
    span = None if day is None else Window(start + day * length, start + (day + 1) * length)
    return WindowProfile(
        model="m",
        window=span,
        rows=profile.n,
        columns={},
        performance=profile,
        known_at=known_at,
        id=f"w{day}",
    )


def model(task=Task.BINARY, **options):
    """A model of that task with a label column."""
    label = Column("label", ColumnType.CATEGORICAL, Role.LABEL)
    return Model("m", task, (label,), **options)


def late_binary(random, day, known_at, *, rows=1000, mean_days=(20.0, 5.0), recall=None):
    """A day's window of a binary model as known then: positives' labels come after 5 days on
    average, negatives' after 20. Returns the window and the truth of its accuracy.
    """
    score = random.beta(1, 6, rows)
    label = (random.random(rows) < score).astype(int)
    predicted = (score > 0.3).astype(int)
    if recall is not None:
        predicted = np.where((label == 1) & (random.random(rows) > recall), 0, predicted)
    made = random.uniform(0.0, 86400.0, rows)
    delay = random.exponential(np.where(label == 1, mean_days[1], mean_days[0])) * 86400.0
    age = (known_at - START).total_seconds() - day * 86400.0 - made
    seen = delay <= age
    part, fifth = (made // 3600).astype(int), np.minimum((score * 5).astype(int), 4)
    counts = np.zeros((len(DELAY_EDGES_SECONDS) + 1, 2, 5), np.int64)
    bins = np.searchsorted(DELAY_EDGES_SECONDS, delay)
    np.add.at(counts, (bins[seen], label[seen], fifth[seen]), 1)
    arrived = np.zeros((24, 2, 5), np.int64)
    np.add.at(arrived, (part[seen], label[seen], fifth[seen]), 1)
    fifths = np.zeros((5, 2, 2), np.int64)
    np.add.at(fifths, (fifth[seen], label[seen], predicted[seen]), 1)
    delays = DelayCounts(DELAY_EDGES_SECONDS, counts, arrived, np.bincount(part, minlength=24))
    profile = binary(
        label[seen], predicted[seen], score[seen], delays=delays, fifths=fifths, n=rows
    )
    truth = {
        "accuracy": float((label == predicted).mean()),
        "calibration_gap": float((score - label).mean()),
        "log_loss": float(-np.log(np.where(label == 1, score, 1 - score)).mean()),
    }
    return window(profile, day, known_at=known_at), truth


SPEC = MonitorSpec("performance", "performance")


@pytest.fixture
def build():
    """The builders of this file."""

    class Build:
        pass

    for made in (binary, classifier, regressor, window, model, late_binary):
        setattr(Build, made.__name__, staticmethod(made))
    Build.spec, Build.start, Build.day = SPEC, START, DAY
    return Build
