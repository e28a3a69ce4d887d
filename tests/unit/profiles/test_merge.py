"""Adding profiles: the parts of any split give the whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watchkeeper.domain.model import Column, ColumnType, Model, Role, Task
from watchkeeper.domain.profile import (
    CategoricalBinning,
    NumericBinning,
    NumericProfile,
    WindowProfile,
)
from watchkeeper.errors import InvalidInput
from watchkeeper.profiles.binning import fit_binnings
from watchkeeper.profiles.compute import profile
from watchkeeper.profiles.merge import merge
from watchkeeper.profiles.readers import open_table

MODEL = Model(
    "m",
    Task.REGRESSION,
    (
        Column("x", ColumnType.NUMERIC),
        Column("c", ColumnType.CATEGORICAL),
        Column("p", ColumnType.NUMERIC, Role.PREDICTION),
        Column("y", ColumnType.NUMERIC, Role.LABEL),
    ),
)
BINNINGS = {
    "x": NumericBinning(0.0, 1.0, breaks=(0.0, 1.0)),
    "c": CategoricalBinning(("a",)),
    "p": NumericBinning(0.0, 1.0),
    "y": NumericBinning(0.0, 1.0),
}
ROW = st.tuples(
    st.one_of(st.none(), st.floats(width=32)), st.one_of(st.none(), st.sampled_from(["a", "b"]))
)


def profiled(rows: Sequence[tuple[float | None, str | None]]) -> WindowProfile:
    x = pa.array([row[0] for row in rows], pa.float64())
    c = pa.array([row[1] for row in rows], pa.string())
    table = pa.table({"x": x, "c": c, "p": x, "y": np.ones(len(rows))})
    (found,) = profile(open_table(table), MODEL, BINNINGS, granularity=None, breakdown=True)
    assert set(found.breakdowns) == ({"x", "c"} if rows else set())
    return found


@settings(max_examples=10, deadline=None)
@given(rows=st.lists(ROW, min_size=2, max_size=30), cut=st.integers(1, 29))
def test_parts_give_the_whole(
    differences: Callable[[object, object], list[str]],
    rows: list[tuple[float | None, str | None]],
    cut: int,
) -> None:
    """Merging the profiles of two parts is profiling the rows together; lower bounds apart."""
    parts = [profiled(rows[:cut]), profiled(rows[cut:])]

    found = differences(merge(parts), profiled(rows))

    assert [text for text in found if "distinct" not in text and "duplicate" not in text] == []


def test_any_order(
    rows: pa.Table, model: Model, differences: Callable[[object, object], list[str]]
) -> None:
    """Merging is the same in any order and grouping."""
    table = open_table(rows)
    binnings = fit_binnings(table, model)
    days = profile(table, model, binnings, granularity=model.granularity, segments=False)

    one = merge([merge(days[:2]), merge(days[2:])])

    assert differences(one, merge(days[::-1])) == []
    assert one.window is not None
    assert (one.window.start, one.rows) == (days[0].window.start, len(rows))


def test_different_binnings() -> None:
    """Columns counted on different grids are refused by name."""
    part = profiled([(1.0, "a")])
    column = part.columns["x"]
    assert isinstance(column, NumericProfile)
    other = replace(part, columns={"x": replace(column, binning=NumericBinning(1.0, 1.0))})

    with pytest.raises(InvalidInput, match="'x'"):
        merge([part, other])


@pytest.mark.parametrize("change", [{"model": "other"}, {"columns": {"c": None}}])
def test_what_cannot_be_merged(change: dict[str, object]) -> None:
    """Nothing, another model, and another kind of column are refused."""
    part = profiled([(1.0, "a")])
    if "columns" in change:
        change = {"columns": {"c": part.columns["x"]}}

    with pytest.raises(InvalidInput):
        merge([])
    with pytest.raises(InvalidInput):
        merge([part, replace(part, **change)])
