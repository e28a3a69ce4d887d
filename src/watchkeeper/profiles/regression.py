"""Regressors: moments and a grid of the errors by window and slice."""

from __future__ import annotations

from collections.abc import Mapping

import ibis
import ibis.expr.datatypes as dt
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from watchkeeper.domain.model import ColumnType, Role
from watchkeeper.domain.profile import Binning, DelayCounts, NumericBinning, RegressionProfile
from watchkeeper.profiles.arrays import flags, integers, reals
from watchkeeper.profiles.columns import as_number, grid_cell, is_nan
from watchkeeper.profiles.engine import fetch
from watchkeeper.profiles.frame import Axis, Frame
from watchkeeper.profiles.groups import Cell, Groups
from watchkeeper.profiles.labels import LABEL_KNOWN_AT, Strata, delay_counts, previous_pairs

__all__ = [
    "ERRORS",
    "FIFTHS",
    "SUMMED",
    "grids_of",
    "previous_changes",
    "regression_profiles",
    "regressor_figures",
]

ERRORS = "_wk_errors"
"""The name under which the grid of errors stands among a model's binnings."""

SUMMED = 1e70  # sums take sizes as at most this, so that the fourth power stays finite
_LARGEST = 1.7976931348623157e308
FIFTHS = (-0.8416, -0.2533, 0.2533, 0.8416)  # of a normal distribution
_FIGURES = (
    "n", "error", "size", "square", "fourth", "ape", "ape2", "nonzero", "label", "label2",
)  # fmt: skip


def grids_of(binnings: Mapping[str, Binning], label: str) -> tuple[NumericBinning, NumericBinning]:
    """The grids of the label and of the errors; stated ones where nothing is known of them."""
    held, errors = binnings.get(label), binnings.get(ERRORS)
    grid = held if isinstance(held, NumericBinning) else NumericBinning(0.0, 1.0)
    fallback = NumericBinning(0.0, grid.scale, provisional=True)
    return grid, errors if isinstance(errors, NumericBinning) else fallback


def _finite(value: ibis.Value) -> ibis.Value:
    """Whether a number is there, and finite."""
    return (~is_nan(value) & (value.abs() <= _LARGEST)).fill_null(False)


class _Reader:
    """A regressor's rows as expressions over the frame's table."""

    def __init__(self, frame: Frame, label: str, prediction: str) -> None:
        table = frame.table
        self.frame = frame
        self.label = as_number(table, label, ColumnType.NUMERIC).value
        self.prediction = as_number(table, prediction, ColumnType.NUMERIC).value
        given = table[label].notnull()
        self.broken = ~_finite(self.prediction) | (given & ~_finite(self.label))
        self.usable = _finite(self.prediction) & _finite(self.label)
        self.grid, self.errors = grids_of(frame.binnings, label)

    @property
    def fifth(self) -> ibis.Value:
        """The fifth of the label on its own grid."""
        z = (self.label - self.grid.center) / self.grid.scale
        found = [(z < edge, i) for i, edge in enumerate(FIFTHS)]
        return ibis.cases((~self.usable, ibis.null(dt.int64)), *found, else_=len(FIFTHS))


def _reader(frame: Frame) -> _Reader | None:
    held = frozenset(frame.table.columns)
    label, prediction = frame.model.only(Role.LABEL), frame.model.only(Role.PREDICTION)
    if label is None or prediction is None or not {label.name, prediction.name} <= held:
        return None
    return _Reader(frame, label.name, prediction.name)


def regression_profiles(frame: Frame, axis: Axis | None) -> dict[Cell, RegressionProfile]:
    """The performance of every slice and window; empty without label or prediction column."""
    reader = _reader(frame)
    if reader is None:
        return {}
    strata = Strata(reader.fifth, ibis.literal(0, dt.int64), len(FIFTHS) + 1, 1)
    delays = delay_counts(frame, axis, strata)
    previous = _changes(reader, axis)
    groups = Groups.of(_answer(reader, axis), then="cell")
    return {
        where: _assemble(
            reader,
            groups.table.slice(rows.start, rows.stop - rows.start),
            delays.get(where),
            previous.get(where, (0.0, 0.0, 0)),
        )
        for _, where, rows in groups
    }


def previous_changes(frame: Frame) -> dict[Cell, tuple[float, float, int]]:
    """The no-change control over all rows: each label against the one before it."""
    reader = _reader(frame)
    return {} if reader is None else _changes(reader, None)


def regressor_figures(frame: Frame) -> dict[str, ibis.Value]:
    """Row by row the figures of `BreakdownProfile`, null where they are missing; empty where the
    table has no column of the label or of the prediction.
    """
    reader = _reader(frame)
    if reader is None:
        return {}
    answer, error = _within(reader.prediction), _within(reader.prediction - reader.label)
    errors = {"signed": error, "absolute": error.abs(), "squared": error * error}
    return {"answer": ibis.cases((_finite(reader.prediction), answer))} | {
        name: ibis.cases((reader.usable, value)) for name, value in errors.items()
    }


def _within(value: ibis.Value) -> ibis.Value:
    """The number, cut where its fourth power would not be finite."""
    return ibis.greatest(ibis.least(value, SUMMED), -SUMMED)


def _changes(reader: _Reader, axis: Axis | None) -> dict[Cell, tuple[float, float, int]]:
    label = ibis.cases((reader.usable, reader.label))
    return {
        where: (pair.size, pair.square, pair.compared)
        for where, pair in previous_pairs(reader.frame, axis, label).items()
    }


def _answer(reader: _Reader, axis: Axis | None) -> pa.Table:
    frame, table = reader.frame, reader.frame.table
    keys = frame.keys(table, axis)
    error = reader.prediction - reader.label
    kept = table.select(
        **keys,
        broken=reader.broken,
        fifth=reader.fifth,
        e=ibis.cases((reader.usable, error)),
        y=ibis.cases((reader.usable, reader.label)),
    )
    e, off = _within(kept.e), _within(kept.y - reader.grid.center)
    rows = kept.mutate(
        cell=grid_cell(kept.e, (kept.e - reader.errors.center) / reader.errors.scale, invalid=None),
        e=e,
        off=off,
        ratio=ibis.cases((kept.y != 0.0, ibis.least((kept.e / kept.y).abs(), SUMMED))),
    )
    square = rows.e * rows.e
    grouped = rows.group_by([*keys, "broken", "fifth", "cell"]).agg(
        n=rows.count(),
        error=rows.e.sum(),
        size=rows.e.abs().sum(),
        square=square.sum(),
        fourth=(square * square).sum(),
        ape=rows.ratio.sum(),
        ape2=(rows.ratio * rows.ratio).sum(),
        nonzero=rows.ratio.count(),
        label=rows.off.sum(),
        label2=(rows.off * rows.off).sum(),
    )
    figures = {name: grouped[name] for name in ("broken", "fifth", "cell", *_FIGURES)}
    return fetch(grouped.select(**frame.labels(grouped), **figures))


def _assemble(
    reader: _Reader,
    part: pa.Table,
    delays: DelayCounts | None,
    previous: tuple[float, float, int],
) -> RegressionProfile:
    fifth = integers(part["fifth"], missing=-1)
    usable = fifth >= 0
    figures = np.stack([np.nan_to_num(reals(part[name])) for name in _FIGURES])
    strata = np.zeros((len(FIFTHS) + 1, len(_FIGURES)))
    np.add.at(strata, fifth[usable], figures[:, usable].T)
    total = strata.sum(axis=0).tolist()
    cells, counts = _cells(integers(part["cell"])[usable], integers(part["n"])[usable])
    broken = flags(part["broken"])
    return RegressionProfile(
        n=int(figures[0].sum()),
        labelled=int(total[0]),
        invalid=int(figures[0][broken].sum()),
        moments=(total[1], total[2], total[3], total[4]),
        ape=(total[5], total[6], int(total[7])),
        label_center=reader.grid.center,
        label=(total[8], total[9]),
        error_binning=reader.errors,
        error_cells=cells,
        error_counts=counts,
        previous=previous,
        delays=delays,
        strata=strata if LABEL_KNOWN_AT in reader.frame.table.columns else None,
    )


def _cells(
    cells: npt.NDArray[np.int64], counts: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Counts by cell, added up over the fifths."""
    united, place = np.unique(cells, return_inverse=True)
    total = np.zeros(len(united), np.int64)
    np.add.at(total, place, counts)
    return united, total
