"""Answers and errors by the cells of every feature: from these a change is traced to its causes.

One expression for every engine. Cells and errors are made once, in a table of their own where the
engine can keep one for a while; summing them along every axis is then cheap.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.operations as ops
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from watchkeeper.domain.model import Column, ColumnType, Role, Task
from watchkeeper.domain.profile import (
    Binning,
    BreakdownProfile,
    CategoricalBinning,
    NumericBinning,
)
from watchkeeper.profiles.arrays import integers, reals
from watchkeeper.profiles.classification import class_figures
from watchkeeper.profiles.columns import as_category, as_number, is_nan, is_nested
from watchkeeper.profiles.engine import Item, fetch, fetch_each, is_duckdb, supports
from watchkeeper.profiles.frame import Axis, Frame
from watchkeeper.profiles.groups import Cell, Groups
from watchkeeper.profiles.regression import regressor_figures
from watchkeeper.profiles.texts import canonicals

__all__ = ["NAMED", "SQUARES", "TYPES", "Detail", "breakdowns", "detailed"]

NAMED = 30  # categories of the reference with a cell of their own
_WINDOW_ROWS = 200_000  # looked at in a window
_ROWS = 1_000_000  # looked at in all
TYPES = frozenset({ColumnType.NUMERIC, ColumnType.CATEGORICAL, ColumnType.BOOLEAN})
# Figures whose squares are summed too; those of the others are sums that are there already.
SQUARES = {"answer": "answer_2", "squared": "squared_2"}
_HASHES = 1_000_003  # a prime: rows are chosen by their hash's remainder

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Detail:
    """The rows that are looked at, with figures and cells (of numeric features) as columns.

    ``features`` are (column, binning, name of the column of ``frame.table`` to group by).
    """

    frame: Frame
    figures: tuple[str, ...]
    features: tuple[tuple[Column, Binning, str], ...]


@contextmanager
def detailed(frame: Frame, axes: Sequence[Axis], *, wanted: bool) -> Iterator[Detail | None]:
    """What `breakdowns` reads, while the context lasts; None where there is nothing to break down:
    no answers, no features, more rows than are looked at and no id to choose them by.
    """
    features = _features(frame) if wanted else []
    chosen = _chosen(frame) if features else None
    figures = {} if chosen is None else _figures(chosen)
    if chosen is None or not figures:
        yield None
        return
    values = _values(chosen, axes, features) | {f"_wk_f_{k}": v for k, v in figures.items()}
    rows = chosen.table.select(**values)
    detail = Detail(replace(frame, table=rows), tuple(figures), tuple(features))
    if is_duckdb(rows):
        with rows.cache() as kept:
            yield replace(detail, frame=replace(frame, table=kept))
    else:
        yield detail


def _chosen(frame: Frame) -> Frame | None:
    """The frame of the rows that are looked at: all, or a fixed share of them by their id."""
    table = frame.table
    windows = frame.keys(table, None)
    counted = table.select(**windows, one=1)
    grouped = counted.group_by(list(windows)) if windows else counted
    rows = integers(fetch(grouped.agg(n=counted.count()))["n"])
    if not len(rows) or not rows.max():
        return None
    share = min(1.0, _WINDOW_ROWS / rows.max(), _ROWS / rows.sum())
    if share >= 1.0:
        return frame
    name = frame.role("_wk_id", Role.PREDICTION_ID)
    if name is None or not supports(table, ops.Hash):
        return None
    part = table[name].hash() % _HASHES
    return replace(frame, table=table.filter(part.abs() < int(share * _HASHES)))


def _figures(frame: Frame) -> dict[str, ibis.Value]:
    if frame.model.task in {Task.BINARY, Task.MULTICLASS}:
        return class_figures(frame)
    return regressor_figures(frame) if frame.model.task is Task.REGRESSION else {}


def _features(frame: Frame) -> list[tuple[Column, Binning, str]]:
    found: list[tuple[Column, Binning, str]] = []
    for column in frame.columns:
        binning = frame.binnings.get(column.name)
        wanted = column.role in {Role.FEATURE, Role.SEGMENT} and column.type in TYPES
        if not wanted or binning is None or is_nested(frame.table[column.name]):
            continue
        if isinstance(binning, CategoricalBinning):
            found.append((column, binning, column.name))
        elif binning.breaks:
            found.append((column, binning, f"_wk_c{len(found)}"))
    return found


def _values(
    frame: Frame, axes: Sequence[Axis], features: Sequence[tuple[Column, Binning, str]]
) -> dict[str, ibis.Value]:
    table = frame.table
    beside = [name for axis in (None, *axes) for name in frame.beside(axis)]
    values = {name: table[name] for name in beside}
    for column, binning, name in features:
        if isinstance(binning, NumericBinning):
            x = as_number(table, column.name, column.type).value
            values[name] = _cell(x, binning.breaks)
        else:
            values[name] = table[name]
    return values


def _cell(x: ibis.Value, breaks: Sequence[float]) -> ibis.Value:
    """The coarse cell of a number; the one after the last for what is none."""
    below = [(x < edge, ibis.literal(i, dt.int8)) for i, edge in enumerate(breaks)]
    none = ibis.literal(len(breaks) + 1, dt.int8)
    last = ibis.literal(len(breaks), dt.int8)
    return ibis.cases((x.isnull() | is_nan(x), none), *below, else_=last)


def breakdowns(detail: Detail, axis: Axis | None) -> dict[Cell, dict[str, BreakdownProfile]]:
    """The breakdown of every slice and window, by feature."""
    items = {i: _item(detail, axis, i) for i in range(len(detail.features))}
    answer = fetch_each(detail.frame.table, items)
    found: dict[Cell, dict[str, BreakdownProfile]] = {}
    if answer is None:
        return found
    groups = Groups.of(answer)
    first = np.searchsorted(groups.codes[0], np.arange(len(items) + 1)).tolist()
    cells: dict[int, tuple[Ints, int]] = {}
    numbers = {name: reals(groups.table[name]) for name in _sums(detail.figures)}
    for item, where, rows in groups:
        start, stop = first[item], first[item + 1]
        if item not in cells:
            cells[item] = _cells(detail, item, groups.table.slice(start, stop - start))
        held, size = cells[item]
        part = {name: values[rows] for name, values in numbers.items()}
        column, binning, _ = detail.features[item]
        made = _breakdown(binning, (held[rows.start - start : rows.stop - start], size), part)
        found.setdefault(where, {})[column.name] = made
    return found


def _sums(figures: Sequence[str]) -> list[str]:
    return ["rows", "labelled", *figures, *(SQUARES[f] for f in figures if f in SQUARES)]


def _item(detail: Detail, axis: Axis | None, position: int) -> Item:
    frame = detail.frame
    _, binning, name = detail.features[position]
    by_value = isinstance(binning, CategoricalBinning)

    def branch(table: ibis.Table, names: Sequence[str], _: Sequence[ibis.Value]) -> ibis.Table:
        figures = {f: table[f"_wk_f_{f}"] for f in detail.figures}
        rows = table.select(**frame.keys(table, axis), cell=table[names[0]], **figures)
        keys = [key for key in ("slice", "window", "cell") if key in rows.columns]
        grouped = rows.group_by(keys).agg(**_totals(rows, detail.figures))
        cell = as_category(grouped.cell) if by_value else grouped.cell.cast(dt.string)
        sums = {name: grouped[name] for name in _sums(detail.figures)}
        return grouped.select(**frame.labels(grouped), cell=cell, **sums)

    beside = (*frame.beside(axis), *(f"_wk_f_{f}" for f in detail.figures))
    return Item((name,), branch, ("breakdown", by_value), beside)


def _totals(rows: ibis.Table, figures: Sequence[str]) -> dict[str, ibis.Value]:
    errors = [name for name in figures if name != "answer"]
    found = {
        "rows": rows.answer.count() if "answer" in figures else rows.count(),
        "labelled": rows[errors[0]].count(),
    }
    found |= {name: rows[name].sum() for name in figures}
    squared = [name for name in figures if name in SQUARES]
    return found | {SQUARES[name]: (rows[name] * rows[name]).sum() for name in squared}


def _cells(detail: Detail, item: int, part: pa.Table) -> tuple[Ints, int]:
    """Which cell each row of a feature's answer is of, and how many cells there are."""
    _, binning, name = detail.features[item]
    if isinstance(binning, NumericBinning):
        return integers(part["cell"].cast(pa.int64())), len(binning.breaks) + 2
    named = {value: i for i, value in enumerate(binning.values[:NAMED])}
    others = len(named)
    known = frozenset(binning.values[NAMED:]) | binning.other_values
    number = bool(detail.frame.table[name].type().is_numeric())
    texts, codes = canonicals(part["cell"], number=number)

    def meaning(text: str | None) -> int:
        if text is None:
            return others + 2
        return named.get(text, others if text in known else others + 1)

    found = np.array([meaning(text) for text in texts], np.int64)
    return found[integers(codes)], others + 3


def _breakdown(
    binning: Binning, cells: tuple[Ints, int], part: Mapping[str, Floats]
) -> BreakdownProfile:
    at, size = cells
    summed: dict[str, Floats] = {
        name: np.bincount(at, np.nan_to_num(values), size).astype(np.float64)
        for name, values in part.items()
    }
    rows, labelled = (summed.pop(name).astype(np.int64) for name in ("rows", "labelled"))
    return BreakdownProfile(binning, rows, labelled, summed)
