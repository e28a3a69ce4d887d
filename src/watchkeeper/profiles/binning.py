"""Freezing how each column is counted, from the reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import ibis
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from watchkeeper.domain.model import Column, ColumnType, Model, Role, Task
from watchkeeper.domain.profile import Binning, CategoricalBinning, NumericBinning
from watchkeeper.profiles.arrays import integers, reals
from watchkeeper.profiles.categorical import categorical_item
from watchkeeper.profiles.columns import as_number
from watchkeeper.profiles.compute import COUNTED_ROLES, COUNTED_TYPES
from watchkeeper.profiles.engine import fetch, fetch_each, is_duckdb
from watchkeeper.profiles.frame import Frame
from watchkeeper.profiles.groups import Groups
from watchkeeper.profiles.ongrid import Room, on_grid
from watchkeeper.profiles.regression import ERRORS
from watchkeeper.profiles.texts import canonicals

__all__ = ["binnings_without_reference", "fit_binnings", "numeric_binning"]

_CATEGORICAL = frozenset({ColumnType.CATEGORICAL, ColumnType.BOOLEAN})
_BY_NAME = 2_000  # reference values counted by name
_RECOGNISED = 100_000  # further reference values that are told from unseen ones
_SAMPLE = 100_000  # rows that centre and scale are taken from
_CROWDED = 0.01  # no cell but a repeated value may hold a larger share of the reference
_LOW = 0.01  # the quantile of |x| ≠ 0 that scales the grid around zero
_NEXT_TO_NOTHING = 1e-9  # below it values are told from zero no more
_SHARES = (0.01, *(k / 12.0 for k in range(1, 12)), 0.99)  # quantiles at which coarse cells meet
_MOST_BREAKS = 40
_PER_SD = 1.349  # interquartile ranges to the standard deviation of a normal distribution


def fit_binnings(table: ibis.Table, model: Model) -> dict[str, Binning]:
    """How each of the model's columns is to be counted, given its reference.

    Numeric columns (text by its length, embeddings by their norm) get the grid that crowds the
    least, fitted on 100,000 rows picked by hash; categorical columns their values, most frequent
    first, then by name. A column that the table lacks or that is constant gets a stated default:
    center 0 (or the constant), scale 1 (or the constant's size), ``provisional``. A regressor's
    errors have a grid too, under the name ``regression.ERRORS``. Columns that are only counted
    (ids, times, context, nested values) get none.
    """
    frame = Frame.of(table, model, {}, None)
    wanted = _looked_at(model)
    by_value = [c for c in wanted if _is_categorical(c, model)]
    numeric = [c for c in wanted if not _is_categorical(c, model)]
    found: dict[str, Binning] = {}
    found |= _categorical(frame, [c for c in by_value if c.name in table.columns])
    found |= _numeric(frame, [c for c in numeric if c.name in table.columns])
    for column in wanted:
        absent = CategoricalBinning(()) if column in by_value else numeric_binning(np.empty(0))
        found.setdefault(column.name, absent)
    return found


def binnings_without_reference(model: Model) -> dict[str, Binning]:
    """How columns are counted while nothing is known of their values.

    Numeric columns on a grid around zero whose cells are everywhere 1 % of the value wide, so that
    means, extremes and quantiles can be told: ``provisional``, because data far from zero
    (temperatures in Kelvin, moments) lies crowded on it. Categorical columns are only counted:
    without a reference every value would be unseen.
    """
    return {
        column.name: NumericBinning(0.0, _NEXT_TO_NOTHING, provisional=True)
        for column in _looked_at(model)
        if not _is_categorical(column, model)
    }


def _looked_at(model: Model) -> list[Column]:
    return [
        column
        for column in model.columns
        if column.role not in COUNTED_ROLES and column.type not in COUNTED_TYPES
    ]


def _is_categorical(column: Column, model: Model) -> bool:
    classifies = model.task in {Task.BINARY, Task.MULTICLASS}
    outcome = column.role in {Role.LABEL, Role.PREDICTION}
    return column.type in _CATEGORICAL or (classifies and outcome)


def _categorical(frame: Frame, columns: Sequence[Column]) -> dict[str, Binning]:
    empty = CategoricalBinning(())
    items = {i: categorical_item(frame, None, ((c, empty),)) for i, c in enumerate(columns)}
    answer = fetch_each(frame.table, items)
    if answer is None:
        return {}
    groups = Groups.of(answer)
    found: dict[str, Binning] = {}
    for item, _, rows in groups:
        number = bool(frame.table[columns[item].name].type().is_numeric())
        part = groups.table.slice(rows.start, rows.stop - rows.start)
        found[columns[item].name] = _values(part, number=number)
    return found


def _values(rows: pa.Table, *, number: bool) -> CategoricalBinning:
    texts, codes = canonicals(rows["value0"], number=number)
    totals = np.zeros(len(texts), dtype=np.int64)
    np.add.at(totals, integers(codes), integers(rows["n"]))
    counted: dict[str, int] = {}
    for text, total in zip(texts, totals.tolist(), strict=True):
        if text is not None:
            counted[text] = counted.get(text, 0) + total
    ordered = sorted(counted, key=lambda text: (-counted[text], text))
    return CategoricalBinning(
        values=tuple(ordered[:_BY_NAME]),
        other_values=frozenset(ordered[_BY_NAME : _BY_NAME + _RECOGNISED]),
    )


def _numeric(frame: Frame, columns: Sequence[Column]) -> dict[str, Binning]:
    values = {f"c{i}": as_number(frame.table, c.name, c.type).value for i, c in enumerate(columns)}
    errors = _errors(frame)
    if errors is not None:
        values["errors"] = errors
    if not values:
        return {}
    sample = _sample(frame.table, values)
    found: dict[str, Binning] = {
        column.name: numeric_binning(_finite(sample[f"c{i}"])) for i, column in enumerate(columns)
    }
    if errors is not None:
        found[ERRORS] = _around_zero(_finite(sample["errors"]))
    return found


def _errors(frame: Frame) -> ibis.Value | None:
    if frame.model.task is not Task.REGRESSION:
        return None
    names = [frame.model.only(role) for role in (Role.PREDICTION, Role.LABEL)]
    held = [c for c in names if c is not None and c.name in frame.table.columns]
    if len(held) < 2:
        return None
    read = [as_number(frame.table, column.name, ColumnType.NUMERIC).value for column in held]
    return read[0] - read[1]


def _sample(table: ibis.Table, values: Mapping[str, ibis.Value]) -> pa.Table:
    """The columns of all rows, or of a fixed share of a large table."""
    rows = int(fetch(table.agg(n=table.count()))["n"][0].as_py())
    share = rows // _SAMPLE
    if share < 2:
        return fetch(table.select(**values))
    if is_duckdb(table):
        chosen = table.select(**values, chosen=table[table.columns[0]].hash())
        return fetch(chosen.filter(chosen.chosen % share == 0).drop("chosen"))
    return fetch(table.select(**values).sample(1.0 / share, seed=1))


def _finite(values: pa.ChunkedArray) -> npt.NDArray[np.float64]:
    found = reals(values)
    return found[np.isfinite(found)]


def numeric_binning(values: npt.NDArray[np.float64]) -> NumericBinning:
    r"""The grid for finite reference ``values`` (any order).

    Of "asinh at the median" (scale: interquartile range / 1.349) and "asinh at zero" (scale: the
    1 % quantile of \|x\| ≠ 0) the first under which no cell holds more than 1 % of the values,
    a repeated value apart; where both crowd, the one that crowds less.
    """
    ordered = np.sort(values)
    if not len(ordered):
        return NumericBinning(0.0, 1.0, provisional=True)
    if ordered[0] == ordered[-1]:
        constant = float(ordered[0])
        return NumericBinning(constant, abs(constant) or 1.0, provisional=True)
    candidates = [grid for grid in (_at_median(ordered), _around_zero(ordered)) if grid is not None]
    crowding = [_crowding(ordered, grid) for grid in candidates]
    loose = [grid for grid, crowd in zip(candidates, crowding, strict=True) if crowd <= _CROWDED]
    grid = loose[0] if loose else candidates[int(np.argmin(crowding))]
    return replace(grid, breaks=_breaks(ordered))


def _breaks(ordered: npt.NDArray[np.float64]) -> tuple[float, ...]:
    """Values that part the reference into about equal shares and two small tails; a value that
    takes a whole share has a cell of its own.
    """
    found = np.quantile(ordered, _SHARES, method="higher")
    places, repeats = np.unique(found, return_counts=True)
    after = np.searchsorted(ordered, places[repeats > 1], side="right")
    behind = ordered[after[after < len(ordered)]]
    return tuple(np.union1d(places, behind)[:_MOST_BREAKS].tolist())


def _at_median(ordered: npt.NDArray[np.float64]) -> NumericBinning | None:
    with np.errstate(over="ignore", invalid="ignore"):
        low, middle, high = np.quantile(ordered, [0.25, 0.5, 0.75]).tolist()
    scale = (high - low) / _PER_SD
    usable = 0 < scale < np.inf and np.isfinite(middle)
    return NumericBinning(middle, scale) if usable else None


def _around_zero(values: npt.NDArray[np.float64]) -> NumericBinning:
    sizes = np.abs(values[values != 0])
    if not len(sizes):
        return NumericBinning(0.0, 1.0, provisional=True)
    return NumericBinning(0.0, float(np.quantile(sizes, _LOW)))


def _crowding(ordered: npt.NDArray[np.float64], grid: NumericBinning) -> float:
    """The largest share of the values in one cell, not counting its most repeated value."""
    _, cells = on_grid(ordered, grid, Room())
    starts = _heads(ordered)
    repeats = np.diff(np.append(starts, len(ordered)))
    heads = _heads(cells[starts])
    most = np.maximum.reduceat(repeats, heads)
    held = np.add.reduceat(repeats, heads)
    return float((held - np.where(most > 1, most, 0)).max() / len(ordered))


def _heads(ordered: npt.NDArray[np.generic]) -> npt.NDArray[np.int64]:
    """Where each run of equal values begins."""
    return np.concatenate(([0], np.flatnonzero(ordered[1:] != ordered[:-1]) + 1))
