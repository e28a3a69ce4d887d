"""Poisoned tables: nothing in a name or a value stops the profile or reaches another column."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from watchkeeper.domain.model import Column, ColumnType, Model, Role, Task
from watchkeeper.domain.profile import CategoricalProfile, NumericProfile
from watchkeeper.profiles.binning import fit_binnings
from watchkeeper.profiles.compute import profile
from watchkeeper.profiles.readers import open_table

NAMES = [
    'a"b',
    "a'b",
    "select",
    "x; DROP TABLE rows; --",
    "<script>alert(1)</script>",
    "with space",
    "ünï😀",
    "../../etc",
    "slice",
    "window",
    "cell",
    "n",
    "item",
    "t0",
    "{x}",
    "%s",
    "\\",
    "\n",
    " ",
    "1",
    "rows",
    "value0",
]


@pytest.mark.parametrize("segments", [False, True])
def test_hostile_names(*, segments: bool) -> None:
    """Columns of any name are counted, as numbers, as values and as segments."""
    values = {name: np.arange(4) + i for i, name in enumerate(NAMES)}
    other = {f"c{name}": ["a", "b", "b", None] for name in NAMES}
    role = Role.SEGMENT if segments else Role.FEATURE
    model = Model(
        "m",
        Task.NONE,
        (
            *(Column(name, ColumnType.NUMERIC) for name in values),
            *(
                Column(name, ColumnType.CATEGORICAL, role if i < 3 else Role.FEATURE)
                for i, name in enumerate(other)
            ),
        ),
    )
    table = open_table(pa.table({**values, **other}))

    found = profile(table, model, fit_binnings(table, model), granularity=None)

    for i, name in enumerate(NAMES):
        numeric, categorical = found[0].columns[name], found[0].columns[f"c{name}"]
        assert isinstance(numeric, NumericProfile)
        assert isinstance(categorical, CategoricalProfile)
        assert (numeric.minimum, numeric.maximum) == (i, i + 3)
        assert categorical.counts.tolist() == [2, 1]


def test_hostile_segments() -> None:
    """Segment values that look like SQL are only values."""
    values = ["a'; DROP TABLE rows; --", 'b"', "c\\", "", "\x1f", "😀"]
    model = Model("m", Task.NONE, (Column("s", ColumnType.CATEGORICAL, Role.SEGMENT),))
    table = open_table(pa.table({"s": values}))

    found = profile(table, model, fit_binnings(table, model), granularity=None)

    assert sorted(str(part.segment) for part in found[1:]) == sorted(f"s={v}" for v in values)


@pytest.mark.slow
def test_five_thousand_columns() -> None:
    """A table of five thousand columns is profiled, a part of it at a time."""
    rng = np.random.default_rng(0)
    values = {f"x{i}": rng.normal(0, 1, 50) for i in range(2_500)}
    other = {f"c{i}": rng.choice(["a", "b"], 50) for i in range(2_500)}
    model = Model(
        "m",
        Task.NONE,
        (
            *(Column(name, ColumnType.NUMERIC) for name in values),
            *(Column(name, ColumnType.CATEGORICAL) for name in other),
        ),
    )
    table = open_table(pa.table({**values, **other}))

    (found,) = profile(table, model, fit_binnings(table, model), granularity=None)

    assert len(found.columns) == 5_000
    assert all(column.n == 50 for column in found.columns.values())


def test_everything_at_once() -> None:
    """Odd columns beside a sound one leave the sound one as it is."""
    table = pa.table(
        {
            "sound": [1.0, 2.0],
            "list": [[1], None],
            "record": [{"a": 1}, None],
            "binary": [b"\xff", None],
            "nothing": pa.nulls(2),
            "map": pa.array([[("k", 1)], None], pa.map_(pa.string(), pa.int64())),
            "time": pa.array([1, None], pa.time64("us")),
            "huge": pa.array([2**64 - 1, None], pa.uint64()),
        }
    )
    kinds = [ColumnType.NUMERIC, ColumnType.CATEGORICAL]
    for kind in kinds:
        model = Model("m", Task.NONE, tuple(Column(name, kind) for name in table.column_names))
        opened = open_table(table)

        (found,) = profile(opened, model, fit_binnings(opened, model), granularity=None)

        assert set(found.columns) == set(table.column_names)
        sound = found.columns["sound"]
        assert sound.null == 0
        assert all(c.n == 2 for c in found.columns.values())
