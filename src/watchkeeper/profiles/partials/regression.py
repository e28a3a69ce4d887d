"""Regressors: moments and a grid of the errors by slice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from watchkeeper.domain.model import Model, Role
from watchkeeper.domain.profile import Binning, NumericBinning, RegressionProfile
from watchkeeper.domain.window import Window
from watchkeeper.profiles.arrays import flags, reals
from watchkeeper.profiles.columns import POS_INF
from watchkeeper.profiles.partials.outcomes import delays, previous_pairs
from watchkeeper.profiles.partials.slices import Slices
from watchkeeper.profiles.regression import FIFTHS, SUMMED, grids_of
from watchkeeper.stats.grid import cell_of

__all__ = ["Answers", "answers", "regression_profiles", "regressor_figures"]

_FIGURES = 10

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Answers:
    """A regressor's rows as arrays by row; ``broken`` rows have a prediction or a label that is no
    finite number, ``usable`` ones have both.
    """

    label: Floats
    prediction: Floats
    broken: Bools
    usable: Bools
    grid: NumericBinning
    errors: NumericBinning

    @property
    def fifth(self) -> Ints:
        """The fifth of the label on its own grid; −1 for what is not usable."""
        with np.errstate(over="ignore", invalid="ignore"):
            z = (self.label - self.grid.center) / self.grid.scale
        return np.where(self.usable, np.searchsorted(FIFTHS, z, side="right"), -1)


def answers(table: pa.Table, model: Model, binnings: Mapping[str, Binning]) -> Answers | None:
    """Read them; None where the table has no label or prediction, or stores them as no numbers."""
    label, prediction = model.only(Role.LABEL), model.only(Role.PREDICTION)
    if label is None or prediction is None:
        return None
    if not {label.name, prediction.name} <= set(table.column_names):
        return None
    columns = [table.column(name) for name in (label.name, prediction.name)]
    if not all(pa.types.is_float64(column.type) for column in columns):
        return None
    y, predicted = (reals(column) for column in columns)
    given = ~flags(pc.is_null(columns[0]))
    finite = np.isfinite(predicted)
    grid, errors = grids_of(binnings, label.name)
    return Answers(
        label=y,
        prediction=predicted,
        broken=~finite | (given & ~np.isfinite(y)),
        usable=finite & np.isfinite(y),
        grid=grid,
        errors=errors,
    )


def regression_profiles(
    slices: Slices, table: pa.Table, window: Window, found: Answers
) -> list[RegressionProfile]:
    """The performance of every slice."""
    fifth = found.fifth
    zero = np.zeros(len(fifth), np.int64)
    late = delays(slices, table, window, (fifth, zero), (len(FIFTHS) + 1, 1))
    pairs = previous_pairs(slices, table, np.where(found.usable, found.label, np.nan))
    strata = _strata(slices, found, fifth)
    cells = _cells(slices, found)
    invalid = slices.count(found.broken)
    made = []
    for at in range(len(slices.names)):
        total = strata[at].sum(axis=0).tolist()
        made.append(
            RegressionProfile(
                n=int(slices.lengths[at]),
                labelled=int(total[0]),
                invalid=int(invalid[at]),
                moments=(total[1], total[2], total[3], total[4]),
                ape=(total[5], total[6], int(total[7])),
                label_center=found.grid.center,
                label=(total[8], total[9]),
                error_binning=found.errors,
                error_cells=cells[at][0],
                error_counts=cells[at][1],
                previous=(
                    float(pairs.size[at]), float(pairs.square[at]), int(pairs.compared[at]),
                ),
                delays=late[at],
                strata=strata[at],
            )
        )  # fmt: skip
    return made


def _strata(slices: Slices, found: Answers, fifth: Ints) -> Floats:
    """By slice and fifth of the label the ten sums of `RegressionProfile.strata`."""
    strata = np.zeros((len(slices.names), len(FIFTHS) + 1, _FIGURES))
    if not found.usable.any():
        return strata
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        raw = found.prediction - found.label
        error = np.clip(raw, -SUMMED, SUMMED)
        off = np.clip(found.label - found.grid.center, -SUMMED, SUMMED)
        nonzero = found.label != 0.0
        ratio = np.where(nonzero, np.minimum(np.abs(raw / found.label), SUMMED), 0.0)
        square = error * error
        weights = (
            np.ones(len(error)), error, np.abs(error), square, square * square,
            ratio, ratio * ratio, nonzero.astype(np.float64), off, off * off,
        )  # fmt: skip
    for figure, weight in enumerate(weights):
        held = np.where(found.usable, weight, 0.0)
        strata[:, :, figure] = slices.by(fifth, len(FIFTHS) + 1, held)
    return strata


def _cells(slices: Slices, found: Answers) -> list[tuple[Ints, Ints]]:
    """By slice the cells of the errors, ascending, and their counts."""
    none = (np.zeros(0, np.int64), np.zeros(0, np.int64))
    if not found.usable.any():
        return [none] * len(slices.names)
    with np.errstate(over="ignore"):
        error = (found.prediction - found.label)[found.usable]
    cells = np.full(len(found.label), POS_INF, np.int64)
    finite = np.isfinite(error)
    placed = np.where(error > 0, POS_INF, POS_INF + 1)
    placed[finite] = cell_of(error[finite], found.errors.center, found.errors.scale)
    cells[found.usable] = placed
    distinct, codes = np.unique(cells, return_inverse=True)
    counts = slices.by(np.where(found.usable, codes, -1), len(distinct)).astype(np.int64)
    return [(distinct[row > 0], row[row > 0]) for row in counts]


def regressor_figures(found: Answers) -> dict[str, Floats]:
    """Row by row the figures of `BreakdownProfile`, NaN where they are missing."""
    finite = np.isfinite(found.prediction)
    with np.errstate(over="ignore", invalid="ignore"):
        answer = np.clip(found.prediction, -SUMMED, SUMMED)
        error = np.clip(found.prediction - found.label, -SUMMED, SUMMED)
    errors = {"signed": error, "absolute": np.abs(error), "squared": error * error}
    return {"answer": np.where(finite, answer, np.nan)} | {
        name: np.where(found.usable, value, np.nan) for name, value in errors.items()
    }
