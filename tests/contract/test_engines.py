"""The contract of engines: the same rows give the same profiles wherever they lie."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import ibis
import numpy as np
import pyarrow as pa
import pytest

from watchkeeper.domain.model import Column, ColumnType, Model, Role, Task
from watchkeeper.domain.profile import NumericProfile, WindowProfile
from watchkeeper.profiles import compute
from watchkeeper.profiles.binning import fit_binnings
from watchkeeper.profiles.compute import profile
from watchkeeper.profiles.readers import open_table
from watchkeeper.testing.unlike import unlike

ROWS = 1_500
ENGINES: dict[str, Callable[[], ibis.BaseBackend]] = {
    "duckdb": ibis.duckdb.connect,
    "polars": ibis.polars.connect,
    "sqlite": ibis.sqlite.connect,
}


@pytest.fixture(scope="module")
def rows() -> pa.Table:
    """Rows of a regressor or a classifier, with what is odd on purpose."""
    rng = np.random.default_rng(9)
    seconds = np.sort(rng.choice(3 * 86_400, ROWS, replace=False))
    texts = [f"{value:.3f}" for value in rng.normal(0, 1, ROWS)]
    texts[::40] = ["oops"] * len(texts[::40])
    far = rng.standard_cauchy(ROWS) * 10
    far[:3] = [1.7e308, 1e9, 5e-324]
    return pa.table(
        {
            "t": np.datetime64("2026-01-01", "us") + seconds.astype("timedelta64[s]"),
            "x": pa.array(far, mask=rng.random(ROWS) < 0.1),
            "k": rng.poisson(3, ROWS),
            "c": rng.choice(["a", "b", "ü", "it's"], ROWS),
            "b": rng.random(ROWS) < 0.3,
            "text": texts,
            "s": rng.random(ROWS),
            "p": rng.integers(0, 2, ROWS),
            "y": rng.integers(0, 2, ROWS),
        }
    )


def defined(task: Task) -> Model:
    """The definition of the rows, as one task or the other."""
    outcome = ColumnType.NUMERIC if task is Task.REGRESSION else ColumnType.CATEGORICAL
    columns = (
        Column("t", ColumnType.TIMESTAMP, Role.TIME),
        Column("x", ColumnType.NUMERIC, minimum=-50.0, maximum=50.0),
        Column("k", ColumnType.NUMERIC),
        Column("c", ColumnType.CATEGORICAL, Role.SEGMENT),
        Column("b", ColumnType.BOOLEAN),
        Column("text", ColumnType.NUMERIC),
        Column("s", ColumnType.NUMERIC, Role.SCORE),
        Column("p", outcome, Role.PREDICTION),
        Column("y", outcome, Role.LABEL),
    )
    return Model("m", task, columns, positive_class="1")


def comparable(found: list[WindowProfile], engine: str) -> list[WindowProfile]:
    """Without what the engine is known not to have: Polars has no window functions in ibis."""
    if engine != "polars":
        return found
    return [replace(part, performance=None) for part in found]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("task", [Task.BINARY, Task.REGRESSION])
def test_same_profiles(engine: str, task: Task, rows: pa.Table) -> None:
    """A table in another engine gives the profiles that it gives in this process."""
    model = defined(task)
    here = open_table(rows)
    there = open_table(ENGINES[engine]().create_table("rows of 'it'", rows))
    binnings = fit_binnings(here, model)

    of = [
        profile(table, model, binnings, granularity=model.granularity, breakdown=True)
        for table in (here, there)
    ]

    assert unlike(*(comparable(found, engine) for found in of)) == []
    assert all(part.breakdowns["x"].labelled.sum() > 0 for part in of[1])


def test_arrays_and_expression(rows: pa.Table, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counting by arrays and counting by the expression are one and the same, on one engine."""
    model = defined(Task.NONE)
    table = open_table(rows)
    binnings = fit_binnings(table, model)

    arrays = profile(table, model, binnings, granularity=model.granularity)
    monkeypatch.setattr(compute, "is_duckdb", lambda _: False)
    expression = profile(table, model, binnings, granularity=model.granularity)

    assert unlike(arrays, expression) == []
    column = arrays[0].columns["x"]
    assert isinstance(column, NumericProfile)
    assert column.counts.sum() > 0
