"""Rows as such: how many, which repeat, which failed, how fast they were answered."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from watchkeeper.domain.model import Column, ColumnType, Model, Role, Task
from watchkeeper.domain.profile import CountProfile
from watchkeeper.domain.window import Granularity
from watchkeeper.profiles.compute import profile
from watchkeeper.profiles.readers import open_table

X = Column("x", ColumnType.NUMERIC)
NOTHING = Model("m", Task.NONE, (X,))


def repeats(table: pa.Table) -> int:
    (found,) = profile(open_table(table), NOTHING, {}, granularity=None)
    return found.duplicate_rows


def test_repeated_rows() -> None:
    """A row counts as repeated where all its columns equal another's; missing equals missing."""
    x, c = [1.0, 1.0, 1.0, None, None, 2.0], ["a", "a", "b", None, None, "c"]

    assert repeats(pa.table({"x": x, "c": c})) == 2


def test_same_numbers_other_text() -> None:
    """Rows that differ in their last column only do not repeat."""
    many = {f"x{i}": [1.0, 1.0, 1.0] for i in range(5)}

    assert repeats(pa.table({**many, "c": ["a", "b", "b"]})) == 1


def test_system_columns_do_not_tell() -> None:
    """A row that was sent twice repeats although it got another id; its time does tell."""
    time = pa.array([0, 0, 1], pa.timestamp("us"))

    assert repeats(pa.table({"_wk_id": ["a", "b", "c"], "_wk_time": time, "x": [1.0] * 3})) == 1


def test_repeats_of_a_large_table() -> None:
    """In a large table the count comes from a share of the rows, within a few per cent."""
    x = np.arange(600_000) % 400_000

    assert repeats(pa.table({"x": x})) == pytest.approx(200_000, rel=0.05)


def test_repeats_in_their_window() -> None:
    """Rows repeat within their window."""
    times = pa.array([0, 0, 86_400], pa.timestamp("s"))
    model = Model("m", Task.NONE, (Column("t", ColumnType.TIMESTAMP, Role.TIME), X))
    table = open_table(pa.table({"t": times, "x": [1.0] * 3}))

    found = profile(table, model, {}, granularity=Granularity.parse("1d"))

    assert [part.duplicate_rows for part in found] == [1, 0]


def test_repeated_ids() -> None:
    """Prediction ids that occur again are counted, in the whole and in every slice."""
    model = Model("m", Task.NONE, (Column("id", ColumnType.TEXT, Role.PREDICTION_ID),))
    table = pa.table({"id": ["a", "b", "a", None, "a"], "_wk_version": ["1", "1", "2", "2", "1"]})

    found = profile(open_table(table), model, {}, granularity=None)

    assert [part.columns["id"] for part in found] == [
        CountProfile(n=5, null=1, duplicate=2),
        CountProfile(n=3, null=0, duplicate=1),
        CountProfile(n=2, null=1, duplicate=0),
    ]


def test_service() -> None:
    """Requests, failures and latency are told for a table that says them."""
    table = pa.table(
        {"_wk_latency_ms": [1.0, 10.0, 100.0, None], "_wk_error": [None, None, "boom", "late"]}
    )

    (found,) = profile(open_table(table), NOTHING, {}, granularity=None)

    service = found.service
    assert service is not None
    assert service.latency is not None
    assert (service.requests, service.errors) == (4, 2)
    assert (service.latency.counts.sum(), service.latency.null) == (3, 1)


def test_service_by_role() -> None:
    """The model's own latency and error columns serve as well; without either there is no service."""
    model = Model("m", Task.NONE, (Column("ms", ColumnType.NUMERIC, Role.LATENCY), X))
    (told,) = profile(open_table(pa.table({"ms": [5], "x": [1]})), model, {}, granularity=None)
    (untold,) = profile(open_table(pa.table({"x": [1]})), model, {}, granularity=None)

    assert told.service is not None
    assert untold.service is None


def test_schema() -> None:
    """The profile tells the storage type of every column that the table held, not the system's."""
    table = pa.table({"x": [1.0], "more": ["a"], "_wk_id": ["1"]})

    (found,) = profile(open_table(table), NOTHING, {}, granularity=None)

    assert found.schema == {"x": "float64", "more": "string"}


def test_no_rows() -> None:
    """A table without rows is one profile of no rows, or no window at all."""
    table = open_table(pa.table({"x": pa.array([], pa.float64())}))

    (found,) = profile(table, NOTHING, {}, granularity=None)

    assert (found.rows, found.duplicate_rows) == (0, 0)
