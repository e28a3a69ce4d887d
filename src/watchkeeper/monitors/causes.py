"""What a change of the answers or errors comes from: the largest contributions of features.

Asked only of what alarms. The change of the window's mean (of the error that the figure is made
of, or of the model's answer) is parted, feature by feature, into what the feature's other mix
brings and what changed within its cells (`watchkeeper.stats.decomposition`). A mix varies from day
to day like any figure, so each is judged against its own past by `watchkeeper.stats.variation`, and
intervals hold for all features together. A feature contributes surely where its interval excludes
zero. Where even the largest leaves a rest that is surely none, the relation between data and outcome
itself has changed, and the cell that changed surely more than the whole is named.

Features are looked at one by one: those that go together share what they explain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
import numpy.typing as npt

from watchkeeper.domain.model import Model, Role
from watchkeeper.domain.profile import BreakdownProfile, WindowProfile
from watchkeeper.monitors.basis import Basis, basis_of, found_of
from watchkeeper.monitors.cell_words import Kind, kind_of
from watchkeeper.monitors.evidence import Evidence, History
from watchkeeper.stats.decomposition import Cells, Decomposition, decompose, simultaneous
from watchkeeper.stats.variation import Variation

__all__ = ["CAUSE", "causes_of"]

CAUSE = "cause"
"""The name under which a verdict's effect tells it."""

_SIGNED = frozenset({"calibration_gap", "bias"})
_ANSWERS = frozenset(
    {"accuracy", "balanced_accuracy", "precision", "recall", "f1", "false_positive_rate", "mcc"}
    | {"macro_precision", "macro_recall", "macro_f1", "weighted_precision", "weighted_recall"}
    | {"weighted_f1", "micro_precision", "micro_recall", "micro_f1"}
)
_PROBABILITIES = frozenset(
    {"roc_auc", "macro_roc_auc", "class_roc_auc", "average_precision", "log_loss", "brier"}
    | {"calibration_error"}
)
_SIZES = frozenset({"mae", "mape", "median_absolute_error", "absolute_error_p95"})
_ROOTS = frozenset({"mse", "rmse", "r2"})
_FIGURES = {
    **dict.fromkeys(_SIGNED, "signed"),
    **dict.fromkeys(_ANSWERS, "wrong"),
    **dict.fromkeys(_PROBABILITIES | _ROOTS, "squared"),
    **dict.fromkeys(_SIZES, "absolute"),
}
# The sum of a figure's squares: where it is 0 or 1 its own, of errors that of the squared ones.
_SQUARES = {
    "answer": "answer_2",
    "signed": "squared",
    "absolute": "squared",
    "squared": "squared_2",
    "wrong": "wrong",
}
_ANSWER = "answer"
_DRIFT = "drift"
_FEWEST_ROWS = 50  # of a window, below which its means say little
_CELL_ROWS = 30  # of a cell that may be named as having changed
_CANDIDATES = 6  # cells that are judged against their own past
_SHOWN = 3
_LEAST_SHARE = 0.1  # of the change; less is surely there, and explains nothing
_ASSUMED_TAU = 0.05  # of one row's standard deviation, where too few windows could tell

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of the change: ``value`` with its interval, which holds for all such parts together."""

    value: float
    low: float
    high: float

    @property
    def sure(self) -> bool:
        return self.low > 0.0 or self.high < 0.0


@dataclass(frozen=True, slots=True)
class _Case:
    """One alarm: its window, what it is compared with, the figure, and how many features."""

    profile: WindowProfile
    basis: Basis
    figure: str
    features: int

    def cells(self, column: str, profiles: Sequence[WindowProfile]) -> Cells:
        held = [_cells(profile.breakdowns[column], self.figure) for profile in profiles]
        return Cells(*(np.stack(part) for part in zip(*held, strict=True)))

    def holding(self, column: str) -> list[WindowProfile]:
        """The windows compared with that have the column, unless it alarmed in them."""
        binning = self.profile.breakdowns[column].binning
        return [
            profile
            for profile in self.basis.windows
            if column in profile.columns and _usable(profile, column, self.figure)
            if profile.breakdowns[column].binning == binning
        ]

    def part(self, windows: Sequence[WindowProfile], past: _Figure, now: _Figure) -> _Part | None:
        """A figure of the window against the same figure of ``windows``."""
        points = zip(past.values.tolist(), past.variances.tolist(), strict=True)
        found = {id(profile): point for profile, point in zip(windows, points, strict=True)}
        normal = self.basis.figure(found_of(found), assumed_tau=past.assumed)
        if normal is None:
            return None
        value, variance = float(now.values[0]), float(now.variances[0])
        return _against(normal, (value, variance), self.basis.seasons.of(self.profile.window), self)


@dataclass(frozen=True, slots=True, eq=False)
class _Figure:
    """A figure of windows with its sampling variance; ``assumed`` τ where there are too few."""

    values: Floats
    variances: Floats
    assumed: float | None = None


def _against(normal: Variation, point: tuple[float, float], season: int, case: _Case) -> _Part:
    z, df = normal.z(*point, season)
    value = point[0] - normal.expected(season)[0]
    return _Part(value, *simultaneous(value, z, df, of=case.features))


@dataclass(frozen=True, slots=True)
class _Feature:
    """A feature's decomposition: ``now`` of the window, ``mix`` and ``within`` against the past."""

    column: str
    now: Decomposition
    mix: _Part
    within: _Part


def causes_of(
    found: Evidence, model: Model, profile: WindowProfile, history: History
) -> dict[str, object] | None:
    """What the change that ``found`` tells of comes from.

    Parameters
    ----------
    found
        Evidence of a performance figure, or of the drift of a score or prediction.
    model, profile, history
        The model; the profile that was judged; what it was judged against.

    Returns
    -------
    dict or None
        ``figure`` (which error, or ``answer``), ``change`` of its mean with ``low`` and ``high``,
        ``contributions`` (largest first: ``column``, ``cells`` and ``more`` or fewer in words,
        ``value``, ``low``, ``high``, ``share`` of the change, ``share_low``, ``share_high``,
        ``sure``) and ``within`` (``value``, ``low``, ``high``, ``sure``, and ``where`` it is surely
        worst). Shares are of the change as it was seen. None where nothing was summed by cells,
        or the mean has not surely changed.
    """
    case = _case(found, model, profile, history)
    if case is None:
        return None
    change = _change(case)
    if change is None or not change.sure:
        return None
    features = [made for name in profile.breakdowns if (made := _feature(case, name)) is not None]
    if not features:
        return None
    ranked = sorted(features, key=lambda feature: -feature.mix.value / change.value)
    told = [
        _contribution(case, feature, change) for feature in ranked if _same_way(feature, change)
    ]
    rest = ranked[0].within
    sure = rest.sure and rest.value / change.value > 0.0
    where = _worst_cell(case, ranked) if sure else None
    return {
        "figure": case.figure,
        "change": change.value,
        "low": change.low,
        "high": change.high,
        "contributions": told[:_SHOWN],
        "within": {
            "value": rest.value, "low": rest.low, "high": rest.high, "sure": sure, "where": where,
        },
    }  # fmt: skip


def _case(found: Evidence, model: Model, profile: WindowProfile, history: History) -> _Case | None:
    column = found.series.column
    figure = _FIGURES.get(found.series.what.partition(":")[0]) if column is None else None
    outputs = {output.name for output in model.with_role(Role.SCORE, Role.PREDICTION)}
    if column in outputs and found.series.what == _DRIFT:
        figure = _ANSWER
    names = [name for name in profile.breakdowns if _usable(profile, name, figure)]
    if figure is None or not names:
        return None

    def holds(window: WindowProfile) -> bool:
        kept = window.performance is not None if column is None else column in window.columns
        return kept and any(_usable(window, name, figure) for name in names)

    basis = basis_of(history, model.timezone, holds)
    return _Case(profile, basis, figure, len(names)) if basis.windows else None


def _usable(profile: WindowProfile, column: str, figure: str | None) -> bool:
    held = profile.breakdowns.get(column)
    if held is None or figure is None or not {figure, _SQUARES[figure]} <= held.sums.keys():
        return False
    return int(_rows(held, figure).sum()) >= _FEWEST_ROWS


def _rows(held: BreakdownProfile, figure: str) -> npt.NDArray[np.int64]:
    return held.rows if figure == _ANSWER else held.labelled


def _cells(held: BreakdownProfile, figure: str) -> tuple[Floats, Floats, Floats]:
    return _rows(held, figure).astype(np.float64), held.sums[figure], held.sums[_SQUARES[figure]]


def _pooled(cells: Cells) -> Cells:
    """All windows together."""
    return Cells(cells.n.sum(axis=0), cells.total.sum(axis=0), cells.square.sum(axis=0))


def _assumed(cells: Cells) -> float:
    whole = _pooled(cells)
    return _ASSUMED_TAU * float(np.sqrt(whole.mean_variance * np.maximum(whole.rows, 1.0)))


def _change(case: _Case) -> _Part | None:
    """The change of the mean over all cells, by the first feature that has it."""
    for column in case.profile.breakdowns:
        windows = case.holding(column)
        if not windows or not _usable(case.profile, column, case.figure):
            continue
        past, now = case.cells(column, windows), case.cells(column, [case.profile])
        one = _Case(case.profile, case.basis, case.figure, 1)
        return one.part(
            windows,
            _Figure(past.mean, past.mean_variance, _assumed(past)),
            _Figure(now.mean, now.mean_variance),
        )
    return None


def _feature(case: _Case, column: str) -> _Feature | None:
    windows = case.holding(column)
    if not windows or not _usable(case.profile, column, case.figure):
        return None
    past, now = case.cells(column, windows), case.cells(column, [case.profile])
    usual = _pooled(past)
    before, here = decompose(usual, past), decompose(usual, now)
    assumed = _assumed(past)
    mix = case.part(
        windows,
        _Figure(before.mix, before.mix_variance, assumed),
        _Figure(here.mix, here.mix_variance),
    )
    within = case.part(
        windows,
        _Figure(before.within, before.within_variance, assumed),
        _Figure(here.within, here.within_variance),
    )
    return None if mix is None or within is None else _Feature(column, here, mix, within)


def _same_way(feature: _Feature, change: _Part) -> bool:
    return feature.mix.value / change.value > 0.0


def _contribution(case: _Case, feature: _Feature, change: _Part) -> dict[str, object]:
    kind = _main_kind(case, feature, np.sign(change.value))
    mix = feature.mix
    share, low, high = (x / change.value for x in (mix.value, mix.low, mix.high))
    return {
        "column": feature.column,
        "cells": kind.words(feature.column),
        "more": bool(feature.now.shares[0][kind.cells].sum() > 0.0),
        "value": mix.value,
        "low": mix.low,
        "high": mix.high,
        "share": share,
        "share_low": min(low, high),
        "share_high": max(low, high),
        "sure": mix.sure and share >= _LEAST_SHARE,
    }


def _main_kind(case: _Case, feature: _Feature, way: float) -> Kind:
    """The cells that bring most of a feature's mix: the largest, and those beside it that do alike."""
    brought = way * feature.now.mix_cells[0]
    grown = feature.now.shares[0] > 0.0
    main = int(np.argmax(brought))
    binning = case.profile.breakdowns[feature.column].binning
    return kind_of(binning, main, alike=(brought > 0.0) & (grown == grown[main]))


@dataclass(frozen=True, slots=True)
class _Changed:
    """A cell that may have changed more than the whole, by how sure that seems from one window."""

    column: str
    cell: int
    z: float


def _worst_cell(case: _Case, features: Sequence[_Feature]) -> dict[str, object] | None:
    """The cell that changed surely more, in the way of the whole, than the whole."""
    candidates: list[_Changed] = []
    looked = 0
    for feature in features:
        found = _deviating(case, feature)
        looked += len(found)
        candidates += found
    ranked = sorted(candidates, key=lambda changed: -changed.z)[:_CANDIDATES]
    of = _Case(case.profile, case.basis, case.figure, max(looked, 1))
    told = [worst for changed in ranked if (worst := _judged(of, changed)) is not None]
    return reduce(_larger, told) if told else None


def _larger(one: dict[str, object], other: dict[str, object]) -> dict[str, object]:
    return one if float(str(one["extra"])) >= float(str(other["extra"])) else other


def _deviating(case: _Case, feature: _Feature) -> list[_Changed]:
    windows = case.holding(feature.column)
    usual, now = (_pooled(case.cells(feature.column, part)) for part in (windows, [case.profile]))
    grown = (now.means(now.mean) - now.mean) - (usual.means(usual.mean) - usual.mean)
    way = np.sign(float(now.mean - usual.mean))
    enough = (now.n >= _CELL_ROWS) & (usual.n >= _CELL_ROWS)
    error = np.sqrt(
        now.variances() / np.maximum(now.n, 1.0) + usual.variances() / np.maximum(usual.n, 1.0)
    )
    z = np.where(enough & (error > 0.0), way * grown / np.where(error > 0.0, error, 1.0), 0.0)
    return [
        _Changed(feature.column, cell, float(z[cell])) for cell in np.flatnonzero(enough).tolist()
    ]


def _judged(case: _Case, changed: _Changed) -> dict[str, object] | None:
    """The cell against its own past; None where it did not surely change more than the whole."""
    windows = case.holding(changed.column)
    past, now = case.cells(changed.column, windows), case.cells(changed.column, [case.profile])
    at = changed.cell
    held = past.n[:, at] > 1
    windows = [profile for profile, has in zip(windows, held, strict=True) if has]
    past = Cells(past.n[held], past.total[held], past.square[held])
    if not windows:
        return None
    part = case.part(windows, _excess(past, at), _excess(now, at))
    if part is None or not part.sure or changed.z <= 0.0:
        return None
    usual = _pooled(past)
    kind = kind_of(case.profile.breakdowns[changed.column].binning, at)
    return {
        "column": changed.column,
        "cells": kind.words(changed.column),
        "value": float(now.means(now.mean[:, None])[0, at]),
        "usual": float(usual.means(usual.mean)[at]),
        "extra": float(abs(part.value) * now.n[0, at] / now.rows[0]),
    }


def _excess(cells: Cells, at: int) -> _Figure:
    """By how much a cell's mean lies above that of all rows."""
    means = cells.means(cells.mean[:, None])[:, at]
    variances = cells.variances()[:, at] / np.maximum(cells.n[:, at], 1.0)
    return _Figure(means - cells.mean, variances, _assumed(cells))
