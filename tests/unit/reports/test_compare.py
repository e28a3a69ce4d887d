"""Comparing two tables."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from watchkeeper.domain.model import Column, ColumnType, Model, Role, Task
from watchkeeper.domain.verdict import Status
from watchkeeper.errors import InvalidInput, NotFound
from watchkeeper.reports.compare import compare

_MODEL = Model(
    "m",
    Task.NONE,
    (
        Column("x", ColumnType.NUMERIC),
        Column("c", ColumnType.CATEGORICAL),
        Column("t", ColumnType.TIMESTAMP, Role.TIME),
    ),
)


def _table(seed: int, days: int, *, start: str = "2024-01-01", rows: int = 400) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    n = days * rows
    times = pd.Timestamp(start, tz="UTC") + pd.to_timedelta(np.arange(n) / rows, unit="D")
    return pd.DataFrame({"x": rng.normal(size=n), "c": rng.choice(list("abc"), n), "t": times})


@pytest.fixture(scope="module")
def reference() -> pd.DataFrame:
    return _table(1, 20)


def _alarms(report) -> set[tuple[str | None, str]]:
    return {(v.column, v.what) for v in report.verdicts if v.status is Status.ALERT}


def test_the_same_again_is_silent(reference):
    """New days of the same kind raise nothing; every day is judged."""
    report = compare(reference, _table(2, 10, start="2024-01-21"), _MODEL)

    assert _alarms(report) == set()
    assert report.accounting.current.windows == 10
    assert (report.accounting.current.rows, report.accounting.current.judged) == (4000, 4000)
    assert report.exit_code() == 0


def test_what_breaks_is_named_since_when(reference):
    """A unit change on the fourth day is that column's finding, since that day."""
    current = _table(2, 10, start="2024-01-21")
    current.loc[current.t >= "2024-01-24", "x"] *= 25.4

    report = compare(reference, current, _MODEL)

    [finding] = report.summary.findings
    assert (finding.subject, finding.windows, report.exit_code()) == ("x", 7, 1)
    assert finding.since.start == datetime(2024, 1, 24, tzinfo=UTC)


def test_a_day_without_rows_is_a_gap(reference):
    """A day that is missing in the middle is a finding about volume, and about nothing else."""
    current = _table(2, 10, start="2024-01-21")
    current = current[(current.t < "2024-01-25") | (current.t >= "2024-01-26")]

    report = compare(reference, current, _MODEL)

    assert _alarms(report) == {(None, "volume")}


def test_without_time_it_is_one_test(reference):
    """Tables without times give one verdict per series, and 5 % over all of them."""
    current = _table(2, 10).drop(columns="t")

    report = compare(reference.drop(columns="t"), current.assign(x=current.x + 0.5))

    assert {v.window for v in report.verdicts} == {None}
    assert (report.accounting.granularity, report.accounting.alpha) == (None, 0.05)
    assert ("x", "drift") in _alarms(report)


def test_one_test_seldom_alarms_without_a_change():
    """Of twelve pairs of untimed tables without any change at most two alarm."""
    alarmed = [
        bool(
            _alarms(compare(_table(s, 5).drop(columns="t"), _table(s + 1000, 5).drop(columns="t")))
        )
        for s in range(12)
    ]

    assert sum(alarmed) <= 2


def test_a_lost_column_is_told(reference):
    """A feature that the current table lacks is a critical finding of the schema."""
    report = compare(reference, _table(2, 5, start="2024-01-21").drop(columns="x"), _MODEL)

    assert _alarms(report) == {("x", "schema")}


def test_a_time_that_is_none_is_context():
    """Row numbers cannot be judged by; the report says so and compares as a whole."""
    tables = [_table(seed, 5).assign(t=np.arange(2000)) for seed in (1, 2)]

    report = compare(*tables, _MODEL)

    assert report.accounting.granularity is None
    assert "'t'" in report.accounting.notes[0]


def test_a_year_is_too_coarse_for_windows():
    """Years are times, and one of each is no reference to learn from: compared as a whole."""
    tables = [_table(seed, 5).assign(t=2015 + seed) for seed in (1, 2)]

    report = compare(*tables, _MODEL)

    assert report.accounting.granularity is None
    assert "too few windows" in report.accounting.notes[0]


@pytest.mark.parametrize("scale", [1.0, 1e3, 1e6])
def test_times_as_numbers_are_windows_too(reference, scale):
    """Seconds, milliseconds or microseconds since 1970 give the verdicts that timestamps give."""
    current = _table(2, 10, start="2024-01-21")

    def numbered(table: pd.DataFrame) -> pd.DataFrame:
        seconds = (table.t - pd.Timestamp(0, tz="UTC")) / pd.Timedelta(seconds=1)
        return table.assign(t=(seconds * scale).round(6))

    found = compare(numbered(reference), numbered(current), _MODEL)

    told = [(v.window, v.column, v.what, v.status, v.message) for v in found.verdicts]
    expected = compare(reference, current, _MODEL).verdicts
    assert told == [(v.window, v.column, v.what, v.status, v.message) for v in expected]


def test_the_definition_may_be_a_file(reference, tmp_path):
    """A YAML document's granularity is kept."""
    spec = tmp_path / "m.yaml"
    spec.write_text(
        "kind: Model\napiVersion: watchkeeper/v1\nname: m\ntask: none\ngranularity: 6h\n"
        "columns:\n  x: numeric\n  c: categorical\n  t: {type: timestamp, role: time}\n"
    )

    report = compare(reference, _table(2, 2, start="2024-01-21"), spec)

    assert report.accounting.granularity == "6h"
    assert report.accounting.current.windows == 8


@pytest.mark.parametrize(
    ("left", "right", "error", "words"),
    [
        (0, 5, InvalidInput, "the reference must hold rows"),
        (5, 0, InvalidInput, "the current table must hold rows"),
    ],
)
def test_empty_tables_are_refused(left, right, error, words):
    """Nothing cannot be compared; the message says which table it is."""
    with pytest.raises(error, match=words):
        compare(_table(1, left), _table(2, right), _MODEL)


def test_strange_tables_are_refused(reference):
    """No shared column, or no such definition, is an error that says so."""
    with pytest.raises(InvalidInput, match="must share columns"):
        compare(reference, pd.DataFrame({"z": [1]}), _MODEL)
    with pytest.raises(NotFound, match=r"nowhere\.yaml"):
        compare(reference, reference, "nowhere.yaml")


def test_judging_twice_says_the_same(reference):
    """The same tables give the same verdicts, ids and all."""
    current = _table(2, 3, start="2024-01-21")

    one, other = (compare(reference, current, _MODEL) for _ in range(2))

    assert one.verdicts == other.verdicts
