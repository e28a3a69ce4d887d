"""Classifiers: confusion counts, score histograms and proper losses by window and slice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import ibis
import numpy as np
import pyarrow as pa

from watchkeeper.domain.model import Model, Role, Task
from watchkeeper.domain.profile import (
    SCORE_BINS,
    SCORE_FIFTHS,
    CategoricalBinning,
    ClassificationProfile,
    DelayCounts,
)
from watchkeeper.profiles.columns import as_number, same_text
from watchkeeper.profiles.engine import Item, fetch, fetch_each
from watchkeeper.profiles.frame import Axis, Frame
from watchkeeper.profiles.groups import Cell, Groups, integers, reals
from watchkeeper.profiles.labels import LABEL_KNOWN_AT, Strata, delay_counts, previous_pairs

__all__ = ["classes_of", "classification_profiles"]

_CLIP = 2.220446049250313e-16  # scikit-learn's: the smallest step from 1 in float64
_MOST_CLASSES = 200
_SUMS = ("scored", "invalid", "loss", "loss2", "brier", "brier2")


def classes_of(frame: Frame) -> tuple[str, ...]:
    """The classes, in the order of every class axis; binary: (negative, positive).

    The definition's, else the reference's values of the label and the prediction.
    """
    model = frame.model
    held = model.classes or _reference_values(frame)
    if model.task is not Task.BINARY:
        return held[:_MOST_CLASSES]
    positive = model.positive_class or (held[-1] if held else "1")
    others = [value for value in held if value != positive]
    negative = others[0] if others else {"1": "0", "true": "false"}.get(positive, f"not {positive}")
    return (negative, positive)


def _reference_values(frame: Frame) -> tuple[str, ...]:
    found: set[str] = {c.score_of for c in frame.model.with_role(Role.SCORE) if c.score_of}
    for column in frame.model.with_role(Role.LABEL, Role.PREDICTION):
        binning = frame.binnings.get(column.name)
        if isinstance(binning, CategoricalBinning):
            found.update(binning.values)
    return tuple(sorted(found, key=_in_order))


def _in_order(text: str) -> tuple[float, str]:
    try:
        return (float(text), text)
    except ValueError:
        return (float("inf"), text)


@dataclass(frozen=True, slots=True)
class _Reader:
    """A classifier's rows as expressions; each takes the table, so that templates can use them."""

    frame: Frame
    classes: tuple[str, ...]
    label: str
    prediction: str | None
    scores: tuple[tuple[int, str, bool], ...]  # class, column, whether it holds 1 − the score

    def class_of(self, table: ibis.Table, name: str) -> ibis.Value:
        """The class's position; null where the value is missing or no class."""
        column = table[name]
        found = [(same_text(column, text), i) for i, text in enumerate(self.classes)]
        return ibis.cases(*found) if found else ibis.null("int64")

    def score(self, table: ibis.Table, position: int) -> ibis.Value:
        _, name, reverse = self.scores[position]
        value = as_number(table, name, self.frame.model.column(name).type).value
        return 1.0 - value if reverse else value

    def valid(self, table: ibis.Table) -> ibis.Value:
        """Whether every score is a number from 0 to 1."""
        found = ibis.literal(bool(self.scores))
        for position in range(len(self.scores)):
            score = self.score(table, position)
            found = found & (score >= 0.0) & (score <= 1.0)
        return found.fill_null(False)

    def predicted(self, table: ibis.Table) -> ibis.Value:
        """The predicted class; of a binary score alone the more probable one."""
        if self.prediction is not None:
            return self.class_of(table, self.prediction)
        if self.frame.model.task is Task.BINARY and self.scores:
            return ibis.cases((self.valid(table), (self.score(table, 0) >= 0.5).cast("int64")))
        return ibis.null("int64")

    def fifth(self, table: ibis.Table) -> ibis.Value:
        """The fifth of [0, 1] of the positive or predicted class's score; 0 without valid score."""
        if not self.scores:
            return ibis.literal(0, "int64")
        score = self.score(table, 0)
        if self.frame.model.task is not Task.BINARY:
            predicted = self.predicted(table)
            score = ibis.cases(
                *[(predicted == k, self.score(table, i)) for i, (k, _, _) in enumerate(self.scores)]
            )
        fifth = (_score_bin(score) / (SCORE_BINS // SCORE_FIFTHS)).floor().cast("int64")
        return ibis.cases((self.valid(table), fifth)).fill_null(0)

    def losses(self, table: ibis.Table, label: ibis.Value) -> dict[str, ibis.Value]:
        """Row by row: the probability given to the label, and the Brier score."""
        valid = self.valid(table)
        if not self.scores:
            return {"true": ibis.null("float64"), "brier": ibis.null("float64")}
        if self.frame.model.task is Task.BINARY:
            score = self.score(table, 0)
            true = ibis.cases((valid & (label == 1), score), (valid & (label == 0), 1.0 - score))
            return {"true": true, "brier": (1.0 - true) * (1.0 - true)}
        each = [(k, self.score(table, i)) for i, (k, _, _) in enumerate(self.scores)]
        true = ibis.cases(*[(valid & (label == k), score) for k, score in each])
        squares = sum((score * score for _, score in each), start=ibis.literal(0.0))
        return {"true": true, "brier": squares - 2.0 * true + 1.0}


def _score_bin(score: ibis.Value) -> ibis.Value:
    return ibis.least((score * float(SCORE_BINS)).floor().cast("int64"), SCORE_BINS - 1)


def _reader(frame: Frame) -> _Reader | None:
    model, held = frame.model, frozenset(frame.table.columns)
    label = model.only(Role.LABEL)
    if label is None or label.name not in held:
        return None
    prediction = model.only(Role.PREDICTION)
    classes = classes_of(frame)
    scores = []
    for column in model.with_role(Role.SCORE):
        if column.name not in held:
            continue
        named = column.score_of
        if model.task is Task.BINARY and not scores:
            scores.append((1, column.name, named == classes[0]))
        elif model.task is not Task.BINARY and named in classes:
            scores.append((classes.index(str(named)), column.name, False))
    name = prediction.name if prediction is not None and prediction.name in held else None
    return _Reader(frame, classes, label.name, name, tuple(scores))


def classification_profiles(frame: Frame, axis: Axis | None) -> dict[Cell, ClassificationProfile]:
    """The performance of every slice and window; empty where the table has no label column."""
    reader = _reader(frame)
    if reader is None:
        return {}
    table = frame.table
    label = reader.class_of(table, reader.label)
    fifths = SCORE_FIFTHS if reader.scores else 1
    strata = Strata(label, reader.fifth(table), len(reader.classes), fifths)
    histograms = _histograms(reader, axis)
    delays = delay_counts(frame, axis, strata)
    previous = {where: (pair[0], pair[3]) for where, pair in previous_pairs(frame, axis, label)}
    groups = Groups.of(_confusion(reader, axis))
    found = {}
    for _, where, rows in groups:
        histogram = histograms.get(where) or _Histogram.empty(reader)
        found[where] = _assemble(
            reader, groups.table, rows, histogram, delays.get(where), previous.get(where, (0, 0))
        )
    return found


def previous_labels(frame: Frame) -> dict[Cell, tuple[int, int]]:
    """The no-change control over all rows: of each label and the one before it, how many agree."""
    reader = _reader(frame)
    if reader is None:
        return {}
    label = reader.class_of(frame.table, reader.label)
    return {where: (pair[0], pair[3]) for where, pair in previous_pairs(frame, None, label)}


def _confusion(reader: _Reader, axis: Axis | None) -> pa.Table:
    frame, table = reader.frame, reader.frame.table
    keys = frame.keys(table, axis)
    label = reader.class_of(table, reader.label)
    values = {"label": label, "predicted": reader.predicted(table), "valid": reader.valid(table)}
    by = ["label", "predicted"]
    if LABEL_KNOWN_AT in table.columns:
        values["fifth"] = reader.fifth(table)
        by.append("fifth")
    rows = table.select(**keys, **values, **reader.losses(table, label))
    loss = -ibis.greatest(ibis.least(rows.true, 1.0 - _CLIP), _CLIP).ln()
    rows = rows.mutate(loss=ibis.cases((rows.true.notnull(), loss)))
    grouped = rows.group_by([*keys, *by]).agg(
        n=rows.count(),
        invalid=(~rows.valid).cast("int64").sum(),
        scored=rows.true.count(),
        loss=rows.loss.sum(),
        loss2=(rows.loss * rows.loss).sum(),
        brier=rows.brier.sum(),
        brier2=(rows.brier * rows.brier).sum(),
    )
    figures = {name: grouped[name] for name in (*by, "n", *_SUMS)}
    return fetch(grouped.select(**frame.labels(grouped), **figures))


@dataclass(frozen=True, slots=True)
class _Histogram:
    labelled: np.ndarray[tuple[int, int, int], np.dtype[np.int64]]
    sums: np.ndarray[tuple[int, int, int], np.dtype[np.float64]]
    unlabelled: np.ndarray[tuple[int, int], np.dtype[np.int64]]

    @classmethod
    def empty(cls, reader: _Reader) -> _Histogram:
        if not reader.scores:
            classes = 0
        else:
            classes = 1 if reader.frame.model.task is Task.BINARY else len(reader.classes)
        return cls(
            np.zeros((classes, SCORE_BINS, 2), np.int64),
            np.zeros((classes, SCORE_BINS, 2), np.float64),
            np.zeros((classes, SCORE_BINS), np.int64),
        )


def _histograms(reader: _Reader, axis: Axis | None) -> dict[Cell, _Histogram]:
    items = [_histogram_item(reader, axis, position) for position in range(len(reader.scores))]
    answer = fetch_each(reader.frame.table, items)
    if answer is None:
        return {}
    groups = Groups.of(answer)
    bins, label, n = (integers(groups.table, name, missing=-1) for name in ("bin", "label", "n"))
    sums = reals(groups.table, "total")
    found: dict[Cell, _Histogram] = {}
    for item, where, rows in groups:
        histogram = found.setdefault(where, _Histogram.empty(reader))
        known = label[rows] >= 0
        k = 0 if reader.frame.model.task is Task.BINARY else reader.scores[item][0]
        at = (bins[rows][known], label[rows][known])
        np.add.at(histogram.labelled[k], at, n[rows][known])
        np.add.at(histogram.sums[k], at, sums[rows][known])
        np.add.at(histogram.unlabelled[k], bins[rows][~known], n[rows][~known])
    return found


def _histogram_item(reader: _Reader, axis: Axis | None, position: int) -> Item:
    target, name, _ = reader.scores[position]

    def branch(table: ibis.Table, _name: str, _: Sequence[ibis.Value]) -> ibis.Table:
        label = reader.class_of(table, reader.label)
        score = reader.score(table, position)
        keys = reader.frame.keys(table, axis)
        rows = table.select(
            **keys,
            kept=reader.valid(table) & (label.notnull() | table[reader.label].isnull()),
            label=(label == target).cast("int8"),
            score=score,
        )
        held = rows.filter(rows.kept)
        binned = held.mutate(bin=_score_bin(held.score))
        grouped = binned.group_by([*keys, "bin", "label"]).agg(
            n=binned.count(), total=binned.score.sum()
        )
        figures = {name: grouped[name] for name in ("bin", "label", "n", "total")}
        return grouped.select(**reader.frame.labels(grouped), **figures)

    return Item(name, branch, ("score", position))


def _assemble(
    reader: _Reader,
    table: pa.Table,
    rows: slice,
    histogram: _Histogram,
    delays: DelayCounts | None,
    previous: tuple[int, int],
) -> ClassificationProfile:
    part = table.slice(rows.start, rows.stop - rows.start)
    label, predicted = (integers(part, name, missing=-1) for name in ("label", "predicted"))
    n = integers(part, "n")
    size = len(reader.classes)
    both = (label >= 0) & (predicted >= 0)
    confusion = np.zeros((size, size), np.int64)
    np.add.at(confusion, (label[both], predicted[both]), n[both])
    fifths = None
    if "fifth" in part.column_names:
        fifths = np.zeros((SCORE_FIFTHS if reader.scores else 1, size, size), np.int64)
        at = (integers(part, "fifth")[both], label[both], predicted[both])
        np.add.at(fifths, at, n[both])
    sums = {name: float(np.nansum(reals(part, name))) for name in _SUMS}
    return ClassificationProfile(
        classes=reader.classes,
        n=int(n.sum()),
        labelled=int(n[label >= 0].sum()),
        invalid_score=int(sums["invalid"]) if reader.scores else 0,
        confusion=confusion,
        score_histogram=histogram.labelled,
        score_sums=histogram.sums,
        unlabelled_histogram=histogram.unlabelled,
        scored=int(sums["scored"]),
        log_loss=(sums["loss"], sums["loss2"]),
        brier=(sums["brier"], sums["brier2"]),
        previous_agree=previous,
        delays=delays,
        confusion_fifths=fifths,
    )
