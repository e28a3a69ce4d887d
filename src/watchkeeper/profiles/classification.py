"""Classifiers: confusion counts, score histograms and proper losses by window and slice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import ibis
import ibis.expr.datatypes as dt
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from watchkeeper.domain.model import Task
from watchkeeper.domain.profile import (
    SCORE_BINS,
    SCORE_FIFTHS,
    ClassificationProfile,
)
from watchkeeper.profiles.arrays import flags, integers, reals
from watchkeeper.profiles.columns import as_number, is_nan, same_text
from watchkeeper.profiles.engine import Item, fetch, fetch_each
from watchkeeper.profiles.frame import Axis, Frame
from watchkeeper.profiles.groups import Cell, Groups
from watchkeeper.profiles.labels import LABEL_KNOWN_AT, Strata, delay_counts, previous_pairs
from watchkeeper.profiles.outcomes import class_columns

__all__ = ["CLIP", "class_figures", "classification_profiles", "previous_labels"]

CLIP = 2.220446049250313e-16  # scikit-learn's: the smallest step from 1 in float64
_SUMS = ("scored", "loss", "loss2", "brier", "brier2")
_WAITING = -2  # no label yet, where −1 is a label that is no class

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Reader:
    """A classifier's rows as expressions; each takes the table, so that templates can use them."""

    frame: Frame
    classes: tuple[str, ...]
    label: str
    prediction: str | None
    scores: tuple[tuple[int, str, bool], ...]  # class, column, whether it holds 1 − the score

    def class_of(self, table: ibis.Table, name: str) -> ibis.Value:
        """The class's position; −1 for a value that is no class, null where it is missing."""
        column = table[name]
        present = column.notnull()
        if column.type().is_floating():
            present = present & ~is_nan(column)
        known = [(same_text(column, text), i) for i, text in enumerate(self.classes)]
        return ibis.cases(*known, (present, -1))

    @property
    def binary(self) -> bool:
        return self.frame.model.task is Task.BINARY

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
        if self.binary and self.scores:
            return ibis.cases((self.valid(table), (self.score(table, 0) >= 0.5).cast(dt.int64)))
        return ibis.null(dt.int64)

    def fifth(self, table: ibis.Table) -> ibis.Value:
        """The fifth of [0, 1] of the positive or predicted class's score; 0 without valid score."""
        if not self.scores:
            return ibis.literal(0, dt.int64)
        score = self.score(table, 0)
        if not self.binary:
            predicted = self.predicted(table)
            score = ibis.cases(
                *[(predicted == k, self.score(table, i)) for i, (k, _, _) in enumerate(self.scores)]
            )
        fifth = (_score_bin(score) / (SCORE_BINS // SCORE_FIFTHS)).floor().cast(dt.int64)
        # A least that ignores nulls would put a prediction that is no class into the last fifth.
        return ibis.cases((self.valid(table) & score.notnull(), fifth)).fill_null(0)

    def losses(self, table: ibis.Table, label: ibis.Value) -> dict[str, ibis.Value]:
        """Row by row: the probability given to the label, and the Brier score."""
        valid = self.valid(table)
        if not self.scores:
            return {"given": ibis.null(dt.float64), "brier": ibis.null(dt.float64)}
        if self.binary:
            score = self.score(table, 0)
            given = ibis.cases((valid & (label == 1), score), (valid & (label == 0), 1.0 - score))
            return {"given": given, "brier": (1.0 - given) * (1.0 - given)}
        each = [(k, self.score(table, i)) for i, (k, _, _) in enumerate(self.scores)]
        given = ibis.cases(*[(valid & (label == k), score) for k, score in each])
        squares = sum((score * score for _, score in each), start=ibis.literal(0.0))
        return {"given": given, "brier": squares - 2.0 * given + 1.0}


def _score_bin(score: ibis.Value) -> ibis.Value:
    return ibis.least((score * float(SCORE_BINS)).floor().cast(dt.int64), SCORE_BINS - 1)


def _reader(frame: Frame) -> _Reader | None:
    found = class_columns(frame.model, frame.binnings, frozenset(frame.table.columns))
    if found is None:
        return None
    return _Reader(frame, found.classes, found.label, found.prediction, found.scores)


def classification_profiles(frame: Frame, axis: Axis | None) -> dict[Cell, ClassificationProfile]:
    """The performance of every slice and window; empty where the table has no label column."""
    reader = _reader(frame)
    if reader is None:
        return {}
    label = reader.class_of(frame.table, reader.label)
    known = ibis.cases((label >= 0, label))
    fifths = SCORE_FIFTHS if reader.scores else 1
    strata = Strata(known, reader.fifth(frame.table), len(reader.classes), fifths)
    delays = delay_counts(frame, axis, strata)
    previous = _agreeing(frame, axis, known)
    histograms = {} if reader.binary else _histograms(reader, axis)
    groups = Groups.of(_confusion(reader, axis))
    found = {}
    for _, where, rows in groups:
        part = groups.table.slice(rows.start, rows.stop - rows.start)
        histogram = _binned(reader, part) if reader.binary else histograms.get(where)
        made = _assemble(reader, part, histogram or _Histogram.empty(reader))
        found[where] = replace(
            made, delays=delays.get(where), previous_agree=previous.get(where, (0, 0))
        )
    return found


def previous_labels(frame: Frame) -> dict[Cell, tuple[int, int]]:
    """The no-change control over all rows: of each label and the one before it, how many agree."""
    reader = _reader(frame)
    if reader is None:
        return {}
    label = reader.class_of(frame.table, reader.label)
    known = ibis.cases((label >= 0, label))
    return _agreeing(frame, None, known)


def class_figures(frame: Frame) -> dict[str, ibis.Value]:
    """Row by row the figures of `BreakdownProfile`: the errors null where any of them is missing;
    empty where the table has no label column.
    """
    reader = _reader(frame)
    if reader is None:
        return {}
    table = frame.table
    label, predicted, valid = (
        reader.class_of(table, reader.label), reader.predicted(table), reader.valid(table),
    )  # fmt: skip
    scored = bool(reader.scores)
    usable = (label >= 0) & predicted.notnull() & (valid if scored else ibis.literal(True))
    errors = {"wrong": (label != predicted).cast(dt.float64)}
    answer = {}
    if reader.binary:
        answer["answer"] = (predicted == 1).cast(dt.float64)
    if reader.binary and scored:
        score = reader.score(table, 0)
        answer["answer"] = ibis.cases((valid, score))
        errors["signed"] = score - label
        errors["squared"] = (score - label) * (score - label)
    elif scored:
        errors["squared"] = reader.losses(table, label)["brier"]
    return answer | {name: ibis.cases((usable, error)) for name, error in errors.items()}


def _agreeing(frame: Frame, axis: Axis | None, known: ibis.Value) -> dict[Cell, tuple[int, int]]:
    pairs = previous_pairs(frame, axis, known)
    return {where: (pair.equal, pair.compared) for where, pair in pairs.items()}


def _confusion(reader: _Reader, axis: Axis | None) -> pa.Table:
    """Counts and losses by label and prediction; of a binary score by its bin too."""
    frame, table = reader.frame, reader.frame.table
    keys = frame.keys(table, axis)
    label = reader.class_of(table, reader.label)
    valid = reader.valid(table)
    by = {"label": label, "predicted": reader.predicted(table), "valid": valid}
    values = {"score": ibis.null(dt.float64)}
    if reader.binary and reader.scores:
        values["score"] = ibis.cases((valid, reader.score(table, 0)))
        # A least that ignores nulls would put rows without a valid score into the last bin.
        by["bin"] = ibis.cases((valid, _score_bin(values["score"])))
    elif LABEL_KNOWN_AT in table.columns:
        by["fifth"] = reader.fifth(table)
    rows = table.select(**keys, **by, **values, **reader.losses(table, label))
    loss = -ibis.greatest(ibis.least(rows.given, 1.0 - CLIP), CLIP).ln()
    rows = rows.mutate(loss=ibis.cases((rows.given.notnull(), loss)))
    grouped = rows.group_by([*keys, *by]).agg(
        n=rows.count(),
        total=rows.score.sum(),
        scored=rows.given.count(),
        loss=rows.loss.sum(),
        loss2=(rows.loss * rows.loss).sum(),
        brier=rows.brier.sum(),
        brier2=(rows.brier * rows.brier).sum(),
    )
    figures = {name: grouped[name] for name in (*by, "n", "total", *_SUMS)}
    return fetch(grouped.select(**frame.labels(grouped), **figures))


@dataclass(frozen=True, slots=True)
class _Histogram:
    """Counts and sums of scores by class, bin and outcome; filled as rows are read."""

    labelled: Ints
    sums: npt.NDArray[np.float64]
    unlabelled: Ints

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

    def add(self, k: int, bins: Ints, label: Ints, n: Ints, sums: npt.NDArray[np.float64]) -> None:
        """Count rows of class ``k``'s score; bin −1 has no valid score, label −1 is no class."""
        known = (bins >= 0) & (label >= 0)
        at = (bins[known], label[known])
        np.add.at(self.labelled[k], at, n[known])
        np.add.at(self.sums[k], at, sums[known])
        waiting = (bins >= 0) & (label == _WAITING)
        np.add.at(self.unlabelled[k], bins[waiting], n[waiting])


def _binned(reader: _Reader, part: pa.Table) -> _Histogram:
    """The histogram of a binary score, from the same rows as the confusion counts."""
    histogram = _Histogram.empty(reader)
    if not reader.scores:
        return histogram
    bins = integers(part["bin"], missing=-1)
    label = integers(part["label"], missing=_WAITING)
    histogram.add(0, bins, label, integers(part["n"]), reals(part["total"]))
    return histogram


def _histograms(reader: _Reader, axis: Axis | None) -> dict[Cell, _Histogram]:
    """The histograms of multiclass scores: one query for each class."""
    items = {i: _histogram_item(reader, axis, i) for i in range(len(reader.scores))}
    answer = fetch_each(reader.frame.table, items)
    if answer is None:
        return {}
    groups = Groups.of(answer)
    bins, n = integers(groups.table["bin"], missing=-1), integers(groups.table["n"])
    label = integers(groups.table["label"], missing=_WAITING)
    sums = reals(groups.table["total"])
    found: dict[Cell, _Histogram] = {}
    for item, where, rows in groups:
        histogram = found.setdefault(where, _Histogram.empty(reader))
        histogram.add(reader.scores[item][0], bins[rows], label[rows], n[rows], sums[rows])
    return found


def _histogram_item(reader: _Reader, axis: Axis | None, position: int) -> Item:
    target, name, _ = reader.scores[position]

    def branch(table: ibis.Table, _names: Sequence[str], _: Sequence[ibis.Value]) -> ibis.Table:
        label = reader.class_of(table, reader.label)
        keys = reader.frame.keys(table, axis)
        rows = table.select(
            **keys,
            label=ibis.cases((label >= 0, (label == target).cast(dt.int64)), else_=label),
            score=ibis.cases((reader.valid(table), reader.score(table, position))),
        )
        binned = rows.mutate(bin=ibis.cases((rows.score.notnull(), _score_bin(rows.score))))
        grouped = binned.group_by([*keys, "bin", "label"]).agg(
            n=binned.count(), total=binned.score.sum()
        )
        figures = {name: grouped[name] for name in ("bin", "label", "n", "total")}
        return grouped.select(**reader.frame.labels(grouped), **figures)

    scores = tuple(column for _, column, _ in reader.scores)
    beside = (*reader.frame.beside(axis), reader.label, *scores)
    return Item((name,), branch, ("score", position), beside)


def _assemble(reader: _Reader, part: pa.Table, histogram: _Histogram) -> ClassificationProfile:
    label, predicted = (integers(part[name], missing=-1) for name in ("label", "predicted"))
    n = integers(part["n"])
    size = len(reader.classes)
    both = (label >= 0) & (predicted >= 0)
    confusion = np.zeros((size, size), np.int64)
    np.add.at(confusion, (label[both], predicted[both]), n[both])
    sums = {name: float(np.nansum(reals(part[name]))) for name in _SUMS}
    valid = flags(part["valid"])
    return ClassificationProfile(
        classes=reader.classes,
        n=int(n.sum()),
        labelled=int(n[label >= 0].sum()),
        invalid_score=int(n[~valid].sum()) if reader.scores else 0,
        confusion=confusion,
        score_histogram=histogram.labelled,
        score_sums=histogram.sums,
        unlabelled_histogram=histogram.unlabelled,
        scored=int(sums["scored"]),
        log_loss=(sums["loss"], sums["loss2"]),
        brier=(sums["brier"], sums["brier2"]),
        confusion_fifths=_fifths(reader, part, (label, predicted, n)),
    )


def _fifths(
    reader: _Reader, part: pa.Table, figures: tuple[Ints, Ints, Ints]
) -> npt.NDArray[np.int64] | None:
    """The confusion counts by score fifth; None where labels carry no arrival time."""
    if LABEL_KNOWN_AT not in reader.frame.table.columns:
        return None
    label, predicted, n = figures
    if "bin" in part.column_names:
        fifth = integers(part["bin"]) // (SCORE_BINS // SCORE_FIFTHS)
    else:
        fifth = integers(part["fifth"])
    size = len(reader.classes)
    found = np.zeros((SCORE_FIFTHS if reader.scores else 1, size, size), np.int64)
    both = (label >= 0) & (predicted >= 0)
    np.add.at(found, (fifth[both], label[both], predicted[both]), n[both])
    return found
