"""Classifiers: confusion counts, score histograms and proper losses by slice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from watchkeeper.domain.profile import (
    SCORE_BINS,
    SCORE_FIFTHS,
    ClassificationProfile,
    DelayCounts,
)
from watchkeeper.domain.window import Window
from watchkeeper.profiles.arrays import reals
from watchkeeper.profiles.classification import CLIP
from watchkeeper.profiles.outcomes import ClassColumns
from watchkeeper.profiles.partials.outcomes import Pairs, delays, previous_pairs
from watchkeeper.profiles.partials.slices import Slices
from watchkeeper.profiles.partials.texts import coded

__all__ = ["Answers", "answers", "class_figures", "classification_profiles"]

_NO_CLASS, _MISSING = -1, -2

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Answers:
    """A classifier's rows as arrays by row: positions of classes (−1: a value that is no class,
    −2: missing), and ``scores`` by score column with ``valid`` where all of them are.
    """

    columns: ClassColumns
    binary: bool
    label: Ints
    predicted: Ints
    scores: tuple[Floats, ...]
    valid: Bools

    @property
    def fifth(self) -> Ints:
        """The fifth of [0, 1] of the positive or predicted class's score; 0 without valid score."""
        if not self.scores:
            return np.zeros(len(self.label), np.int64)
        score = self.scores[0] if self.binary else self._of(self.predicted)
        held = self.valid & ~np.isnan(score)
        return np.where(held, _bins(score, held) // (SCORE_BINS // SCORE_FIFTHS), 0)

    def losses(self) -> tuple[Floats, Floats]:
        """Row by row: the probability given to the label, and the Brier score; NaN without."""
        none = np.full(len(self.label), np.nan)
        if not self.scores:
            return none, none
        if self.binary:
            given = np.where(self.label == 1, self.scores[0], 1.0 - self.scores[0])
            given = np.where(self.valid & (self.label >= 0), given, np.nan)
            return given, (1.0 - given) * (1.0 - given)
        given = np.where(self.valid, self._of(self.label), np.nan)
        squares = np.sum([score * score for score in self.scores], axis=0)
        return given, squares - 2.0 * given + 1.0

    def _of(self, position: Ints) -> Floats:
        """The score of each row's class; NaN where it has none."""
        found = np.full(len(position), np.nan)
        for (k, _, _), score in zip(self.columns.scores, self.scores, strict=True):
            found = np.where(position == k, score, found)
        return found


def answers(table: pa.Table, columns: ClassColumns, *, binary: bool) -> Answers | None:
    """Read them; None for columns that are not stored as classes and scores are."""
    label = _positions(table.column(columns.label), columns.classes)
    stored = [table.column(name) for _, name, _ in columns.scores]
    if label is None or not all(pa.types.is_float64(column.type) for column in stored):
        return None
    scores = tuple(
        1.0 - reals(column) if reverse else reals(column)
        for column, (_, _, reverse) in zip(stored, columns.scores, strict=True)
    )
    valid = np.full(table.num_rows, bool(scores))
    with np.errstate(invalid="ignore"):
        for score in scores:
            valid &= (score >= 0.0) & (score <= 1.0)
    if columns.prediction is not None:
        predicted = _positions(table.column(columns.prediction), columns.classes)
        if predicted is None:
            return None
    elif binary and scores:
        predicted = np.where(valid, (scores[0] >= 0.5).astype(np.int64), _MISSING)
    else:
        predicted = np.full(table.num_rows, _MISSING, np.int64)
    return Answers(columns, binary, label, predicted, scores, valid)


def _positions(column: pa.ChunkedArray, classes: Sequence[str]) -> Ints | None:
    found = coded(column)
    if found is None:
        return None
    texts, codes = found
    place = {_same(text, column.type): i for i, text in reversed(list(enumerate(classes)))}
    positions = [place.get(text, _NO_CLASS) for text in texts]
    return np.array([*positions, _MISSING], np.int64)[codes]


def _same(text: str, kind: pa.DataType) -> str:
    """A class as the values of a column are told: ``1`` is true, and 1.0 is 1."""
    if pa.types.is_boolean(kind):
        return {"1": "true", "0": "false"}.get(text, text)
    if not pa.types.is_floating(kind):
        return text
    try:
        number = {"true": 1.0, "false": 0.0}.get(text)
        number = float(text) if number is None else number
    except ValueError:
        return text
    return str(int(number)) if number.is_integer() else repr(number)


def _bins(score: Floats, held: Bools) -> Ints:
    """The bin of every score; −1 where it is not held."""
    bins = np.full(len(score), -1, np.int64)
    whole = np.floor(score[held] * SCORE_BINS).astype(np.int64)
    bins[held] = np.minimum(whole, SCORE_BINS - 1)
    return bins


def classification_profiles(
    slices: Slices, table: pa.Table, window: Window, found: Answers
) -> list[ClassificationProfile]:
    """The performance of every slice."""
    size = len(found.columns.classes)
    fifths = SCORE_FIFTHS if found.scores else 1
    label, fifth = np.maximum(found.label, -1), found.fifth
    late = delays(slices, table, window, (label, fifth), (size, fifths))
    pairs = previous_pairs(slices, table, np.where(label >= 0, label, np.nan))
    both = (label >= 0) & (found.predicted >= 0)
    cell = np.where(both, (fifth * size + label) * size + found.predicted, -1)
    confusion = slices.by(cell, fifths * size * size).astype(np.int64)
    return _profiles(slices, found, confusion.reshape(-1, fifths, size, size), (late, pairs))


def _profiles(
    slices: Slices, found: Answers, confusion: Ints, told: tuple[list[DelayCounts], Pairs]
) -> list[ClassificationProfile]:
    late, pairs = told
    labelled, sums, waiting = _histograms(slices, found)
    log_loss, brier, scored = _losses(slices, found)
    known = slices.count(found.label >= 0)
    invalid = slices.count(~found.valid) if found.scores else np.zeros(len(known), np.int64)
    return [
        ClassificationProfile(
            classes=found.columns.classes,
            n=int(slices.lengths[at]),
            labelled=int(known[at]),
            invalid_score=int(invalid[at]),
            confusion=confusion[at].sum(axis=0),
            score_histogram=labelled[at],
            score_sums=sums[at],
            unlabelled_histogram=waiting[at],
            scored=int(scored[at]),
            log_loss=(float(log_loss[0][at]), float(log_loss[1][at])),
            brier=(float(brier[0][at]), float(brier[1][at])),
            previous_agree=(int(pairs.equal[at]), int(pairs.compared[at])),
            delays=late[at],
            confusion_fifths=confusion[at],
        )
        for at in range(len(slices.names))
    ]


def _histograms(slices: Slices, found: Answers) -> tuple[Ints, Floats, Ints]:
    """By slice: counts and sums of scores by class, bin and outcome, and counts without label."""
    classes = 0 if not found.scores else 1 if found.binary else len(found.columns.classes)
    labelled = np.zeros((len(slices.names), classes, SCORE_BINS, 2), np.int64)
    sums = np.zeros(labelled.shape)
    waiting = np.zeros(labelled.shape[:-1], np.int64)
    for (target, _, _), score in zip(found.columns.scores, found.scores, strict=True):
        k = 0 if found.binary else target
        bins = _bins(score, found.valid)
        told = found.label >= 0
        outcome = (found.label == target).astype(np.int64)
        cell = np.where((bins >= 0) & told, bins * 2 + outcome, -1)
        if told.any():
            labelled[:, k] = slices.by(cell, 2 * SCORE_BINS).reshape(-1, SCORE_BINS, 2)
            sums[:, k] = slices.by(cell, 2 * SCORE_BINS, score).reshape(-1, SCORE_BINS, 2)
        waiting[:, k] = slices.by(np.where(found.label == _MISSING, bins, -1), SCORE_BINS)
    return labelled, sums, waiting


def _losses(slices: Slices, found: Answers) -> tuple[Sequence[Floats], Sequence[Floats], Ints]:
    """By slice: the sums of log loss and of its square, the same of Brier, and over how many."""
    given, brier = found.losses()
    held = ~np.isnan(given)
    one = np.where(held, 0, -1)
    loss = np.zeros(len(given))
    loss[held] = -np.log(np.clip(given[held], CLIP, 1.0 - CLIP))
    zeroed = np.where(held, brier, 0.0)
    totals = [slices.by(one, 1, x)[:, 0] for x in (loss, loss * loss, zeroed, zeroed * zeroed)]
    floats = [total.astype(np.float64) for total in totals]
    return floats[:2], floats[2:], slices.count(held)


def class_figures(found: Answers) -> dict[str, Floats]:
    """Row by row the figures of `BreakdownProfile`, NaN where they are missing."""
    usable = (found.label >= 0) & (found.predicted != _MISSING)
    if found.scores:
        usable &= found.valid
    errors = {"wrong": (found.label != found.predicted).astype(np.float64)}
    answer: dict[str, Floats] = {}
    if found.binary:
        answer["answer"] = np.where(
            found.predicted == _MISSING, np.nan, (found.predicted == 1).astype(np.float64)
        )
    if found.binary and found.scores:
        score = found.scores[0]
        answer["answer"] = np.where(found.valid, score, np.nan)
        errors["signed"] = score - found.label
        errors["squared"] = errors["signed"] ** 2
    elif found.scores:
        errors["squared"] = found.losses()[1]
    return answer | {name: np.where(usable, error, np.nan) for name, error in errors.items()}
