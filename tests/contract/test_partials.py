"""The contract of partials: counted by arrays, whole or added up, they say what an engine says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from watchkeeper.domain.model import Column, ColumnType, Model, Role, Task
from watchkeeper.domain.profile import ClassificationProfile, RegressionProfile, WindowProfile
from watchkeeper.domain.window import Granularity, Window
from watchkeeper.profiles.binning import binnings_without_reference, fit_binnings
from watchkeeper.profiles.compute import profile
from watchkeeper.profiles.merge import merge
from watchkeeper.profiles.partials.partial import partial
from watchkeeper.profiles.readers import open_table
from watchkeeper.testing.unlike import unlike

START = datetime(2026, 1, 5, 13, tzinfo=UTC)
HOUR = Window(START, START + timedelta(hours=1))
STAMP = pa.timestamp("us", tz="UTC")
CLASSES = ("a", "b", "c")


def defined(task: Task) -> Model:
    """A model with a column of every kind, and scores where the task has them."""
    numeric = task is Task.REGRESSION
    outcome = ColumnType.NUMERIC if numeric else ColumnType.CATEGORICAL
    scored = {Task.BINARY: (None,), Task.MULTICLASS: CLASSES}.get(task, ())
    columns = (
        Column("id", ColumnType.CATEGORICAL, Role.PREDICTION_ID),
        Column("at", ColumnType.TIMESTAMP, Role.TIME),
        Column("x", ColumnType.NUMERIC, minimum=-50.0, maximum=50.0),
        Column("k", ColumnType.NUMERIC),
        Column("c", ColumnType.CATEGORICAL, categories=("red", "blue")),
        Column("flag", ColumnType.BOOLEAN),
        Column("when", ColumnType.TIMESTAMP),
        Column("note", ColumnType.TEXT),
        Column("vector", ColumnType.EMBEDDING),
        Column("who", ColumnType.CATEGORICAL, Role.ENTITY),
        Column("region", ColumnType.CATEGORICAL, Role.SEGMENT),
        Column("old", ColumnType.BOOLEAN, Role.SEGMENT),
        *(
            Column(f"s{i}", ColumnType.NUMERIC, Role.SCORE, score_of=of)
            for i, of in enumerate(scored)
        ),
        Column("p", outcome, Role.PREDICTION),
        Column("y", outcome, Role.LABEL),
    )
    classes = {Task.BINARY: CLASSES[:2], Task.MULTICLASS: CLASSES}.get(task, ())
    hour = Granularity.parse("1h")
    return Model("m", task, columns, granularity=hour, classes=classes, positive_class="b")


def rows(task: Task, size: int, seed: int, *, labelled: float = 0.6) -> pa.Table:
    """Rows as the lake joins them, with what is odd on purpose."""
    rng = np.random.default_rng(seed)

    def some(values: Sequence[object], kind: pa.DataType, gone: float = 0.1) -> pa.Array:
        return pa.array(list(values), kind, mask=rng.random(size) < gone)

    def chosen(values: Sequence[str], gone: float = 0.1) -> pa.Array:
        return some(rng.choice(values, size).tolist(), pa.string(), gone)

    far = rng.standard_cauchy(size) * 10
    far[rng.random(size) < 0.05] = rng.choice([np.nan, np.inf, -np.inf, 1.7e308, 5e-324])
    offset = rng.integers(0, 3_600_000_000, size)
    moments = [START + timedelta(microseconds=int(x)) for x in offset]
    known = [
        moment + timedelta(seconds=int(x))
        for moment, x in zip(moments, rng.integers(0, 900, size), strict=True)
    ]
    told = rng.random(size) < labelled
    numeric = task is Task.REGRESSION
    label = (
        rng.normal(0, 3, size).tolist()
        if numeric
        else rng.choice([*CLASSES[: 2 + (task is Task.MULTICLASS)], "?"], size).tolist()
    )
    answer = pa.float64() if numeric else pa.string()
    prediction = (
        rng.normal(0, 3, size).tolist() if numeric else rng.choice([*CLASSES, "?"], size).tolist()
    )
    later = [
        moment + timedelta(seconds=float(x))
        for moment, x in zip(known, rng.exponential(90_000, size), strict=True)
    ]
    found = {
        "_wk_id": [f"{seed}-{i:06d}" for i in range(size)],
        "_wk_time": pa.array(moments, STAMP),
        "_wk_known_at": pa.array(known, STAMP),
        "_wk_version": chosen(["1", "2"]),
        "_wk_arm": pa.nulls(size, pa.string()),
        "_wk_latency_ms": some(rng.lognormal(2, 1, size), pa.float64()),
        "_wk_error": chosen(["timeout"], 0.9),
        "_wk_batch": ["b"] * size,
        "id": [f"{seed}-{i:06d}" for i in range(size)],
        "at": pa.array(moments, STAMP),
        "x": some(far, pa.float64()),
        "k": some(rng.poisson(3, size).astype(float), pa.float64()),
        "c": chosen(["red", "blue", "green", "x" * 300, "it's", "ü"]),
        "flag": some((rng.random(size) < 0.3).tolist(), pa.bool_()),
        "when": some([m + timedelta(minutes=int(x)) for m, x in zip(moments, rng.integers(-60, 60, size), strict=True)], STAMP),
        "note": chosen(["", "héllo", "a longer text"]),
        "vector": pa.array([rng.normal(size=int(n)).tolist() for n in rng.integers(0, 4, size)], pa.list_(pa.float64()), mask=rng.random(size) < 0.1),
        "who": chosen(["u1", "u2"]),
        "region": chosen(["n", "s"]),
        "old": some((rng.random(size) < 0.5).tolist(), pa.bool_()),
        **{f"s{i}": some(rng.choice([rng.random(), 0.0, 1.0, 1.2], size), pa.float64(), 0.05) if not i else some(rng.random(size), pa.float64(), 0.0) for i in range({Task.BINARY: 1, Task.MULTICLASS: 3}.get(task, 0))},
        "p": some(prediction, answer, 0.05),
        "y": pa.array(label, answer, mask=~told),
        "_wk_label_known_at": pa.array(later, STAMP, mask=~told),
    }  # fmt: skip
    return pa.table(found)


def unsummed(part: WindowProfile) -> WindowProfile:
    """Without what is no sum: repeated rows, and each label against the one before it."""
    performance = part.performance
    if isinstance(performance, ClassificationProfile):
        performance = replace(performance, previous_agree=(0, 0))
    if isinstance(performance, RegressionProfile):
        performance = replace(performance, previous=(0.0, 0.0, 0))
    return replace(part, duplicate_rows=0, performance=performance, complete=True)


def recounted(table: pa.Table, model: Model, binnings: dict) -> list[WindowProfile]:
    """What the engine says."""
    return [
        replace(part, complete=True)
        for part in profile(
            open_table(table), model, binnings, granularity=model.granularity, breakdown=True
        )
    ]


def summed(parts: Sequence[Sequence[WindowProfile]]) -> list[WindowProfile]:
    """The parts added up slice by slice, in the order of a profile."""
    slices: dict[tuple[str, str], list[WindowProfile]] = {}
    for part in parts:
        for held in part:
            slices.setdefault((held.segment or "", held.version or ""), []).append(held)
    return [merge(held) for held in slices.values()]


def in_order(parts: Sequence[WindowProfile]) -> list[WindowProfile]:
    """By slice."""
    return sorted(parts, key=lambda part: (part.version or "", part.segment or ""))


@pytest.mark.parametrize("task", list(Task))
def test_arrays_and_engine(task: Task) -> None:
    """One partial of all rows is what the engine says of them, labels and all."""
    model = defined(task)
    table = rows(task, 700, seed=5)
    binnings = fit_binnings(open_table(rows(task, 900, seed=6)), model)

    found = partial(table, model, binnings, HOUR)

    wanted = [replace(part, duplicate_rows=0) for part in recounted(table, model, binnings)]
    assert unlike(in_order(found.profiles), in_order(wanted)) == []
    assert not found.crowded
    assert task is Task.NONE or found.profiles[0].breakdowns["x"].labelled.sum() > 0


@pytest.mark.parametrize("task", [Task.BINARY, Task.REGRESSION])
def test_arrays_and_engine_without_a_reference(task: Task) -> None:
    """Without a reference and without a label the two agree as well."""
    model = defined(task)
    table = rows(task, 60, seed=7, labelled=0.0)
    binnings = binnings_without_reference(model)

    found = partial(table, model, binnings, HOUR)

    wanted = [replace(part, duplicate_rows=0) for part in recounted(table, model, binnings)]
    assert unlike(in_order(found.profiles), in_order(wanted)) == []


@pytest.mark.slow
@settings(max_examples=8, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(
    task=st.sampled_from([Task.BINARY, Task.MULTICLASS, Task.REGRESSION]),
    sizes=st.lists(st.integers(1, 90), min_size=1, max_size=5),
    seed=st.integers(0, 2**20),
)
def test_sums_are_the_whole(task: Task, sizes: list[int], seed: int) -> None:
    """However rows are split, the sum of the partials is the profile of all of them."""
    model = defined(task)
    tables = [rows(task, size, seed=seed + i) for i, size in enumerate(sizes)]
    binnings = fit_binnings(open_table(rows(task, 300, seed=1)), model)

    found = summed([partial(table, model, binnings, HOUR).profiles for table in tables])

    wanted = recounted(pa.concat_tables(tables), model, binnings)
    both = [[unsummed(part) for part in in_order(parts)] for parts in (found, wanted)]
    assert unlike(*both) == []


def test_labels_alone() -> None:
    """What hangs on labels can be counted alone, from the columns that it needs."""
    model = defined(Task.BINARY)
    table = rows(Task.BINARY, 200, seed=9)
    binnings = fit_binnings(open_table(table), model)

    alone = partial(table, model, binnings, HOUR, columns=False)

    whole = partial(table, model, binnings, HOUR)
    for part, held in zip(alone.profiles, whole.profiles, strict=True):
        assert list(part.columns) == ["y"]
        assert unlike(part.performance, held.performance) == []
        assert unlike(part.breakdowns, held.breakdowns) == []


def test_many_values_are_crowded() -> None:
    """A segment of more values than get slices says so: its slices do not add up."""
    model = defined(Task.NONE)
    table = rows(Task.NONE, 200, seed=3)
    place = table.column_names.index("region")
    many = table.set_column(place, "region", pa.array([f"r{i}" for i in range(200)]))

    found = partial(many, model, binnings_without_reference(model), HOUR)

    assert found.crowded
    assert sum((part.segment or "").startswith("region=") for part in found.profiles) == 50


def test_numbers_stored_as_text_are_left_to_the_engine() -> None:
    """A numeric column that is stored as text, as a hashed one is, makes no partial."""
    model = defined(Task.NONE)
    table = rows(Task.NONE, 20, seed=3)
    hashed = table.set_column(table.column_names.index("k"), "k", pa.array(["ab"] * 20))

    assert partial(hashed, model, binnings_without_reference(model), HOUR) is None
