"""Numeric columns: every value lands in its cell, and what is no number is told apart."""

from __future__ import annotations

import decimal

import numpy as np
import pyarrow as pa
import pytest

from watchkeeper.domain.model import Column, ColumnType, Model, Task
from watchkeeper.domain.profile import NumericBinning, NumericProfile
from watchkeeper.profiles.compute import profile
from watchkeeper.profiles.readers import open_table
from watchkeeper.stats.grid import cell_of

GRID = NumericBinning(center=1.0, scale=2.0)


def counted(
    values: pa.Array, kind: ColumnType = ColumnType.NUMERIC, **bounds: float
) -> NumericProfile:
    model = Model("m", Task.NONE, (Column("x", kind, **bounds),))
    (found,) = profile(open_table(pa.table({"x": values})), model, {"x": GRID}, granularity=None)
    column = found.columns["x"]
    assert isinstance(column, NumericProfile)
    return column


def test_cells() -> None:
    """Cells, counts and sums are those of the grid's formula."""
    x = np.random.default_rng(0).standard_cauchy(5_000) * 100
    cells, counts = np.unique(cell_of(x, GRID.center, GRID.scale), return_counts=True)

    found = counted(pa.array(x))

    assert found.cells.tolist() == cells.tolist()
    assert found.counts.tolist() == counts.tolist()
    assert found.sum_z == pytest.approx(((x - 1.0) / 2.0).sum())
    assert found.sum_z2 == pytest.approx((((x - 1.0) / 2.0) ** 2).sum())
    assert (found.minimum, found.maximum) == (x.min(), x.max())


def test_kinds_of_nothing() -> None:
    """Missing, NaN and the two infinities are four different things."""
    found = counted(pa.array([1.0, None, np.nan, np.nan, np.inf, -np.inf, -np.inf, 3.0]))

    assert (found.n, found.null, found.nan, found.pos_inf, found.neg_inf) == (8, 1, 2, 1, 2)
    assert found.counts.sum() == 2
    assert (found.minimum, found.maximum, found.distinct) == (1.0, 3.0, 2)


@pytest.mark.parametrize("values", [[], [None, None], [np.nan]], ids=["empty", "missing", "nan"])
def test_nothing_to_count(values: list[float | None]) -> None:
    """Without one finite value there is no cell and no minimum."""
    found = counted(pa.array(values, pa.float64()))

    assert (found.n, found.counts.sum(), found.distinct) == (len(values), 0, 0)
    assert (found.minimum, found.maximum, found.sum_z) == (None, None, 0.0)


def test_text_that_should_be_numbers() -> None:
    """Text is cast value by value; what cannot be is invalid, which is not missing."""
    found = counted(pa.array(["1.5", "x", None, "", "-2e3", "1.5"]))

    assert (found.n, found.null, found.invalid, found.counts.sum()) == (6, 1, 2, 3)
    assert (found.minimum, found.maximum) == (-2000.0, 1.5)


def test_as_far_out_as_doubles_go() -> None:
    """Values near the end of the doubles keep their cell, and sums stay finite."""
    x = np.array([1.7e308, -1.7e308, 1e200, 5e-324, 1e9])

    found = counted(pa.array(x))

    assert sorted(found.cells.tolist()) == sorted(cell_of(x, GRID.center, GRID.scale).tolist())
    assert np.isfinite([found.sum_z, found.sum_z2]).all()
    assert (found.minimum, found.maximum) == (-1.7e308, 1.7e308)


@pytest.mark.parametrize(
    "values",
    [
        pa.array([0, 3], pa.int8()),
        pa.array([0, 3], pa.uint64()),
        pa.array([0.0, 3.0], pa.float32()),
        pa.array([np.float16(0), np.float16(3)], pa.float16()),
        pa.array([decimal.Decimal("0.00"), decimal.Decimal("3.00")]),
        pa.array([decimal.Decimal(0), decimal.Decimal(3)], pa.decimal256(50, 2)),
        pa.array([0.0, 3.0]).dictionary_encode(),
        pa.array(["0", "3"]).dictionary_encode(),
    ],
    ids=lambda values: str(values.type),
)
def test_storage_types(values: pa.Array) -> None:
    """A number is the same number in every storage type."""
    found = counted(values)

    assert found.cells.tolist() == cell_of([0.0, 3.0], GRID.center, GRID.scale).tolist()


def test_booleans_as_numbers() -> None:
    """A boolean in a numeric column counts as 0 and 1."""
    assert counted(pa.array([True, False, None])).maximum == 1.0


@pytest.mark.parametrize(
    "values",
    [
        pa.array([[1], None, [2, 3]]),
        pa.array([{"a": 1}, None, {"a": 2}]),
        pa.array([b"x", None, b"\xff"]),
        pa.array([1, None, 2], pa.timestamp("us")),
        pa.array([1, None, 2], pa.date32()),
        pa.array([1, None, 2], pa.duration("s")),
        pa.array([1, None, 2], pa.time64("us")),
    ],
    ids=lambda values: str(values.type),
)
def test_no_numbers_at_all(values: pa.Array) -> None:
    """A column of another type is out of type in every value; it never stops the profile."""
    found = counted(values)

    assert (found.n, found.null, found.invalid) == (3, 1, 2)


def test_stated_bounds() -> None:
    """Finite values beyond the stated minimum or maximum are counted as outside."""
    values = pa.array([0.0, 1.0, 2.0, 3.0, np.inf, np.nan, None])

    assert counted(values, minimum=0.5, maximum=2.0).outside == 2
    assert counted(values, maximum=2.5).outside == 1
    assert counted(values).outside == 0


def test_text_by_length() -> None:
    """A text column is profiled by the length of its values, in characters."""
    found = counted(pa.array(["", "äöü", None, "x" * 100_000]), ColumnType.TEXT)

    assert (found.null, found.minimum, found.maximum) == (1, 0.0, 100_000.0)


def test_embedding_by_norm() -> None:
    """An embedding column is profiled by the Euclidean norm of its vectors."""
    found = counted(pa.array([[3.0, 4.0], [0.0, 0.0], None]), ColumnType.EMBEDDING)

    assert (found.null, found.minimum, found.maximum) == (1, 0.0, 5.0)


def test_constant() -> None:
    """A constant column has exactly one distinct value."""
    assert counted(pa.array([7.0] * 100)).distinct == 1


def test_many_batches() -> None:
    """A table of several batches counts like one."""
    x = np.random.default_rng(3).normal(0, 1, 200_000)

    found = counted(pa.chunked_array([x[:70_001], x[70_001:]]))

    assert (found.n, found.counts.sum(), found.minimum) == (200_000, 200_000, x.min())
