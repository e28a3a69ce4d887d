"""A user's own metrics are measured in every window of a comparison."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from watchkeeper.domain.model import Column, ColumnType, Model, MonitorSpec, Role, Task
from watchkeeper.domain.verdict import Status
from watchkeeper.reports.compare import compare

START = datetime(2024, 3, 4, tzinfo=UTC)


def model(sql, *, timed=True, **options):
    time = (Column("at", ColumnType.TIMESTAMP, Role.TIME),) if timed else ()
    spec = MonitorSpec("mine", "custom", options={"sql": sql, **options})
    return Model("m", Task.NONE, (*time, Column("x", ColumnType.NUMERIC)), monitors=(spec,))


def table(days, first=0):
    """24 rows a day; x is the number of the day."""
    hours = range(24 * first, 24 * (first + days))
    at = [START + timedelta(hours=hour) for hour in reversed(hours)]
    return pa.table({"at": at, "x": [float(hour // 24) for hour in reversed(hours)]})


def mine(report):
    return [verdict for verdict in report.verdicts if verdict.monitor == "mine"]


def test_each_window_has_its_value():
    """The rows of a window are those of its time, wherever they stand in the table."""
    found = mine(compare(table(8), table(3, first=8), model("sum(x) / count(*)", above=9.5)))

    assert [(v.value, v.status) for v in found] == [
        (8.0, Status.OK),
        (9.0, Status.OK),
        (10.0, Status.ALERT),
    ]


def test_the_reference_is_measured_too():
    """A change against the baseline is one against the same metric there."""
    (found,) = mine(compare(table(8), table(1, first=8), model("max(x)", relative=0.5)))

    assert found.effect["expected"] == pytest.approx(3.5)
    assert found.status is Status.ALERT


def test_a_table_without_time_is_one_window():
    """The metric is that of all rows."""
    (found,) = mine(compare(table(8), table(2), model("avg(x)", timed=False, above=3)))

    assert (found.window, found.value, found.n) == (None, 0.5, 48)


def test_rows_alone_can_be_counted():
    """A metric that reads no column."""
    found = mine(compare(table(8), table(2), model("count(*)", above=24)))

    assert [verdict.value for verdict in found] == [24.0, 24.0]


def test_a_metric_that_cannot_be_is_an_error_of_its_own():
    """What is not understood costs no other verdict, and is told."""
    report = compare(table(8), table(2), model("avg(y)", above=3))

    assert {verdict.status for verdict in mine(report)} == {Status.ERROR}
    assert any(verdict.monitor == "drift" for verdict in report.verdicts)
