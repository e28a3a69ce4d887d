"""Binnings: the grid that crowds the least, and values by how often they occur."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from watchkeeper.domain.model import Column, ColumnType, Model, Role, Task
from watchkeeper.domain.profile import CategoricalBinning, NumericBinning
from watchkeeper.profiles.binning import (
    binnings_without_reference,
    fit_binnings,
    numeric_binning,
)
from watchkeeper.profiles.readers import open_table
from watchkeeper.profiles.regression import ERRORS
from watchkeeper.stats.grid import cell_of


def crowding(x: np.ndarray, grid: NumericBinning) -> float:
    """The largest share in one cell, without its most repeated value."""
    cells = cell_of(x, grid.center, grid.scale)
    counts = [np.unique(x[cells == cell], return_counts=True)[1] for cell in np.unique(cells)]
    return max(n.sum() - (n.max() if n.max() > 1 else 0) for n in counts) / len(x)


@pytest.mark.parametrize(
    ("name", "around_zero"),
    [("normal", False), ("lognormal", False), ("exponential", True), ("zeros", True)],
)
def test_no_crowded_cell(name: str, *, around_zero: bool) -> None:
    """No cell but that of a repeated value holds more than one per cent of the reference."""
    rng = np.random.default_rng(0)
    x = {
        "normal": rng.normal(50, 10, 20_000),
        "lognormal": rng.lognormal(3, 0.5, 20_000),
        "exponential": rng.exponential(5, 20_000),
        "zeros": np.where(rng.random(20_000) < 0.7, 0.0, rng.exponential(20, 20_000)),
    }[name]

    grid = numeric_binning(x)

    assert crowding(x, grid) <= 0.01
    assert (grid.center == 0.0) is around_zero
    assert not grid.provisional


@pytest.mark.parametrize("values", [[], [7.0, 7.0], [0.0], [1e308, -1e308], [1.0, 1.0, 1.0, 2.0]])
def test_poor_references(values: list[float]) -> None:
    """A reference that says little gets a stated default that can be used."""
    grid = numeric_binning(np.array(values))

    assert 0 < grid.scale < np.inf
    assert np.isfinite(grid.center)
    assert grid.provisional is (len(set(values)) < 2)


def test_values_by_count_then_name() -> None:
    """Categorical values stand by count, then by name; missing ones are no value."""
    model = Model("m", Task.NONE, (Column("c", ColumnType.CATEGORICAL),))
    table = open_table(pa.table({"c": ["b", "a", "c", "c", None]}))

    assert fit_binnings(table, model)["c"] == CategoricalBinning(("c", "a", "b"))


def test_many_values() -> None:
    """Beyond two thousand, values are recognised but not counted by name."""
    values = [f"v{i:04d}" for i in range(2_500)]
    model = Model("m", Task.NONE, (Column("c", ColumnType.CATEGORICAL),))

    found = fit_binnings(open_table(pa.table({"c": values})), model)["c"]

    assert found == CategoricalBinning(tuple(values[:2_000]), frozenset(values[2_000:]))


def test_which_columns() -> None:
    """Ids, times, context and nested values are only counted; absent columns get a default."""
    columns = (
        Column("x", ColumnType.NUMERIC),
        Column("gone", ColumnType.NUMERIC),
        Column("gone_too", ColumnType.CATEGORICAL),
        Column("id", ColumnType.TEXT, Role.PREDICTION_ID),
        Column("who", ColumnType.CATEGORICAL, Role.ENTITY),
        Column("when", ColumnType.TIMESTAMP, Role.TIME),
        Column("note", ColumnType.TEXT, Role.CONTEXT),
        Column("raw", ColumnType.UNSUPPORTED),
        Column("y", ColumnType.NUMERIC, Role.LABEL),
    )
    table = open_table(pa.table({"x": [1.0, 2.0], "y": [0, 1]}))

    found = fit_binnings(table, Model("m", Task.BINARY, columns))

    assert set(found) == {"x", "gone", "gone_too", "y"}
    assert found["gone"] == NumericBinning(0.0, 1.0, provisional=True)
    assert found["y"] == CategoricalBinning(("0", "1"))


def test_grid_of_errors() -> None:
    """A regressor's errors have a grid around zero of their own."""
    columns = (
        Column("y", ColumnType.NUMERIC, Role.LABEL),
        Column("p", ColumnType.NUMERIC, Role.PREDICTION),
    )
    table = open_table(pa.table({"y": [100.0, 200.0, None], "p": [101.0, 197.0, 3.0]}))

    found = fit_binnings(table, Model("m", Task.REGRESSION, columns))[ERRORS]

    assert isinstance(found, NumericBinning)
    assert found.center == 0.0
    assert 1.0 <= found.scale <= 3.0


def test_large_reference() -> None:
    """A large reference is sampled by hash: twice the same grid, close to that of all rows."""
    x = np.random.default_rng(1).normal(10, 2, 450_000)
    model = Model("m", Task.NONE, (Column("x", ColumnType.NUMERIC),))

    one, two = (fit_binnings(open_table(pa.table({"x": x})), model)["x"] for _ in range(2))

    assert one == two
    assert isinstance(one, NumericBinning)
    assert (one.center, one.scale) == pytest.approx((10, 2), rel=0.02)


def test_without_a_reference_numbers_have_cells_of_a_hundredth() -> None:
    """Of numeric columns alone, and wherever the values lie: two that differ by 1 % are told."""
    columns = (
        Column("x", ColumnType.NUMERIC),
        Column("words", ColumnType.TEXT),
        Column("city", ColumnType.CATEGORICAL),
        Column("at", ColumnType.TIMESTAMP, Role.TIME),
        Column("who", ColumnType.NUMERIC, Role.ENTITY),
        Column("y", ColumnType.NUMERIC, Role.LABEL),
    )

    found = binnings_without_reference(Model("m", Task.BINARY, columns, positive_class="1"))

    assert list(found) == ["x", "words"]
    grid = found["x"]
    assert isinstance(grid, NumericBinning)
    assert grid.provisional
    for size in (1e-6, 1.0, 1e12):
        assert np.diff(cell_of(np.array([size, 1.02 * size]), grid.center, grid.scale)) >= 1
