"""Categorical columns: counts by value, however the value is stored, and what is new."""

from __future__ import annotations

import datetime as dt
import decimal

import pyarrow as pa
import pytest

from watchkeeper.domain.model import Column, ColumnType, Model, Task
from watchkeeper.domain.profile import CategoricalBinning, CategoricalProfile
from watchkeeper.profiles.binning import fit_binnings
from watchkeeper.profiles.compute import profile
from watchkeeper.profiles.readers import open_table


def counted(
    values: pa.Array, binning: CategoricalBinning, categories: tuple[str, ...] | None = None
) -> CategoricalProfile:
    model = Model("m", Task.NONE, (Column("c", ColumnType.CATEGORICAL, categories=categories),))
    table = open_table(pa.table({"c": values}))
    (found,) = profile(table, model, {"c": binning}, granularity=None)
    column = found.columns["c"]
    assert isinstance(column, CategoricalProfile)
    return column


def test_seen_other_unseen() -> None:
    """Known values count by name, further reference values as other, the rest as unseen."""
    binning = CategoricalBinning(("a", "b"), frozenset({"rare"}))

    found = counted(pa.array(["b", "a", "a", None, "rare", "new", "new", "newer"]), binning)

    assert (found.n, found.null, found.other, found.unseen) == (8, 1, 1, 3)
    assert found.counts.tolist() == [2, 1]
    assert found.unseen_values == (("new", 2), ("newer", 1))


@pytest.mark.parametrize(
    "values",
    [
        pa.array([1, 2, None]),
        pa.array([1.0, 2.0, float("nan")]),
        pa.array([1.0, 2.0, None], pa.float32()),
        pa.array([decimal.Decimal("1.00"), decimal.Decimal("2.00"), None]),
        pa.array(["1", "2", None]),
        pa.array(["1", "2", None]).dictionary_encode(),
        pa.array([1, 2, None], pa.uint8()).dictionary_encode(),
        pa.array(["1", "2", None], pa.large_string()),
        pa.array(["1", "2", None], pa.string_view()),
    ],
    ids=lambda values: str(values.type),
)
def test_same_text(values: pa.Array) -> None:
    """1, 1.0 and "1" are one category; NaN is missing."""
    found = counted(values, CategoricalBinning(("1", "2")))

    assert (found.counts.tolist(), found.null, found.unseen) == ([1, 1], 1, 0)


def test_booleans() -> None:
    """Booleans are counted as true and false."""
    found = counted(pa.array([True, False, True, None]), CategoricalBinning(("true", "false")))

    assert (found.counts.tolist(), found.null) == ([2, 1], 1)


def test_dates() -> None:
    """A date is counted by its ISO text."""
    found = counted(pa.array([dt.date(2026, 1, 2)]), CategoricalBinning(("2026-01-02",)))

    assert found.counts.tolist() == [1]


@pytest.mark.parametrize(
    "values", [pa.array([[1], None]), pa.array([{"a": 1}, None]), pa.array([b"x", None])]
)
def test_nested(values: pa.Array) -> None:
    """Values that cannot be compared as text are invalid, and missing ones stay missing."""
    found = counted(values, CategoricalBinning(("a",)))

    assert (found.n, found.invalid, found.null) == (2, 1, 1)


def test_stated_categories() -> None:
    """Values outside the stated categories are counted as outside, seen or not."""
    found = counted(
        pa.array(["a", "b", "c", None]), CategoricalBinning(("a", "b")), categories=("a",)
    )

    assert found.outside == 2


def test_long_values() -> None:
    """A value of ten megabytes is told apart by its digest and never stored."""
    long = "x" * 10_000_000
    model = Model("m", Task.NONE, (Column("c", ColumnType.CATEGORICAL),))
    table = open_table(pa.table({"c": [long, long, long + "y", "<b>'; DROP TABLE rows; --"]}))

    binning = fit_binnings(table, model)["c"]
    found = counted(pa.array([long, long + "z"]), binning)

    assert isinstance(binning, CategoricalBinning)
    assert max(len(value) for value in binning.values) < 200
    assert (found.counts.sum(), found.unseen) == (1, 1)


def test_grouped_together() -> None:
    """Columns that are grouped together for speed count as if each were alone."""
    names = "abcdef"
    table = open_table(pa.table({n: [n, n, "z", None] for n in names}))
    model = Model("m", Task.NONE, tuple(Column(n, ColumnType.CATEGORICAL) for n in names))
    binnings = {n: CategoricalBinning((n,)) for n in names}

    (found,) = profile(table, model, binnings, granularity=None)

    for column in found.columns.values():
        assert isinstance(column, CategoricalProfile)
        assert (column.counts.tolist(), column.unseen, column.null) == ([2], 1, 1)
