"""Answers and errors by the cells of every feature, by slice."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from watchkeeper.domain.model import Column, Model, Role
from watchkeeper.domain.profile import (
    Binning,
    BreakdownProfile,
    CategoricalBinning,
    NumericBinning,
)
from watchkeeper.profiles.arrays import reals
from watchkeeper.profiles.breakdown import NAMED, SQUARES, TYPES
from watchkeeper.profiles.partials.numbers import as_numbers
from watchkeeper.profiles.partials.slices import Slices
from watchkeeper.profiles.partials.texts import coded

__all__ = ["breakdowns"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def breakdowns(
    slices: Slices,
    table: pa.Table,
    model: Model,
    binnings: Mapping[str, Binning],
    figures: Mapping[str, Floats],
) -> list[dict[str, BreakdownProfile]]:
    """Of every slice the breakdown by feature. ``figures`` are those of `BreakdownProfile` by row,
    NaN where there is none; without any nothing is broken down.
    """
    found: list[dict[str, BreakdownProfile]] = [{} for _ in slices.names]
    if not figures:
        return found
    weights = _weights(figures)
    for column in model.columns:
        binning = binnings.get(column.name)
        wanted = column.role in {Role.FEATURE, Role.SEGMENT} and column.type in TYPES
        if not wanted or binning is None or column.name not in table.column_names:
            continue
        celled = _cells(table.column(column.name), column, binning)
        if celled is not None:
            for held, made in zip(found, _summed(slices, celled, binning, weights), strict=True):
                held[column.name] = made
    return found


def _weights(figures: Mapping[str, Floats]) -> dict[str, Floats | None]:
    """What is summed by cell; None counts rows."""
    held = {name: ~np.isnan(values) for name, values in figures.items()}
    errors = [name for name in figures if name != "answer"]
    weights: dict[str, Floats | None] = {
        "rows": held["answer"].astype(np.float64) if "answer" in held else None,
        "labelled": held[errors[0]].astype(np.float64),
    }
    zeroed = {name: np.where(held[name], values, 0.0) for name, values in figures.items()}
    squares = {SQUARES[name]: zeroed[name] ** 2 for name in figures if name in SQUARES}
    return weights | zeroed | squares


def _summed(
    slices: Slices, celled: tuple[Ints, int], binning: Binning, weights: Mapping[str, Floats | None]
) -> list[BreakdownProfile]:
    cells, size = celled
    summed = {
        name: slices.by(cells, size, weight)
        if weight is None or weight.any()
        else np.zeros((len(slices.names), size))
        for name, weight in weights.items()
    }
    return [
        BreakdownProfile(
            binning,
            summed["rows"][at].astype(np.int64),
            summed["labelled"][at].astype(np.int64),
            {
                name: values[at].astype(np.float64)
                for name, values in summed.items()
                if name not in {"rows", "labelled"}
            },
        )
        for at in range(len(slices.names))
    ]


def _cells(values: pa.ChunkedArray, column: Column, binning: Binning) -> tuple[Ints, int] | None:
    """Each row's cell, and how many cells there are; None where there is nothing to cell by."""
    if isinstance(binning, NumericBinning):
        numbers = as_numbers(values, column.type) if binning.breaks else None
        if numbers is None:
            return None
        x, edges = reals(numbers), np.array(binning.breaks)
        cells = np.searchsorted(edges, x, side="right")
        return np.where(np.isnan(x), len(edges) + 1, cells), len(edges) + 2
    found = coded(values)
    return None if found is None else _named(*found, binning)


def _named(texts: list[str], codes: Ints, binning: CategoricalBinning) -> tuple[Ints, int]:
    named = {value: i for i, value in enumerate(binning.values[:NAMED])}
    others = len(named)
    known = frozenset(binning.values[NAMED:]) | binning.other_values
    meaning = [named.get(text, others if text in known else others + 1) for text in texts]
    return np.array([*meaning, others + 2], np.int64)[codes], others + 3
