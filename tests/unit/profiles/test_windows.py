"""Windows: every row in the one it belongs to, whatever way its time is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from watchkeeper.domain.model import Column, ColumnType, Model, Role, Task
from watchkeeper.domain.profile import (
    CategoricalBinning,
    CountProfile,
    NumericBinning,
    WindowProfile,
)
from watchkeeper.domain.window import Granularity, Window
from watchkeeper.errors import InvalidInput
from watchkeeper.profiles.binning import fit_binnings
from watchkeeper.profiles.compute import profile
from watchkeeper.profiles.readers import open_table

MODEL = Model("m", Task.NONE, (Column("t", ColumnType.TIMESTAMP, Role.TIME),))


def windows(times: pa.Array, granularity: str = "1d", **options: object) -> list[WindowProfile]:
    table = open_table(pa.table({"t": times}))
    return profile(table, MODEL, {}, granularity=Granularity.parse(granularity), **options)


def starts(found: list[WindowProfile]) -> list[str]:
    return [part.window.start.isoformat()[:16] for part in found if part.window]


@pytest.mark.parametrize("text", ["5m", "15m", "1h", "6h", "1d", "1w", "84h", "7m"])
def test_same_as_the_definition(text: str) -> None:
    """Each row lies in the window that `Granularity.window_of` gives, before 1970 too."""
    granularity = Granularity.parse(text)
    rng = np.random.default_rng(0)
    microseconds = rng.integers(-(2 * 10**9), 2 * 10**9, 300) * 10**6 + rng.integers(0, 10**6, 300)
    expected: dict[Window, int] = {}
    for value in microseconds.tolist():
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=value)
        window = granularity.window_of(moment)
        expected[window] = expected.get(window, 0) + 1

    found = windows(pa.array(microseconds, pa.timestamp("us")), text)

    assert {part.window: part.rows for part in found} == expected


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_units(unit: str, tmp_path: Path) -> None:
    """Timestamps of every precision are the same moments; the last instant belongs to its day."""
    scale = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[unit]
    day = 20_000 * 86_400 * scale

    times = pa.array([day - 1, day], pa.timestamp(unit))
    pq.write_table(pa.table({"t": times}), tmp_path / "t.parquet")
    table = open_table(tmp_path / "t.parquet")

    for found in (windows(times), profile(table, MODEL, {}, granularity=Granularity.parse("1d"))):
        assert starts(found) == ["2024-10-03T00:00", "2024-10-04T00:00"]


def test_zone() -> None:
    """Times with a zone lie in the windows of UTC."""
    value = int(datetime(2026, 3, 8, 23, 30, tzinfo=UTC).timestamp())

    found = windows(pa.array([value], pa.timestamp("s", "Asia/Tokyo")))

    assert starts(found) == ["2026-03-08T00:00"]


def test_text_of_mixed_zones() -> None:
    """ISO text of any zone, around a change of clocks too, is read as UTC; the rest is invalid."""
    times = [
        "2026-03-29T01:30:00+01:00",
        "2026-03-29 03:30:00+02:00",
        "2026-03-29T00:30:00Z",
        "2026-03-29",
        "2026-03-29T23:30:00-05:00",
        "yesterday",
        None,
    ]

    found = windows(pa.array(times))
    whole = profile(open_table(pa.table({"t": times})), MODEL, {}, granularity=None)

    assert [(s, p.rows) for s, p in zip(starts(found), found, strict=True)] == [
        ("2026-03-29T00:00", 4),
        ("2026-03-30T00:00", 1),
    ]
    assert whole[0].columns["t"] == CountProfile(n=7, null=1, invalid=1)


def test_text_times_beside_other_columns() -> None:
    """Times as text and times with a zone window every kind of column."""
    columns = (Column("c", ColumnType.CATEGORICAL), Column("x", ColumnType.NUMERIC))
    model = replace(MODEL, columns=(*MODEL.columns, *columns))
    binnings = {"c": CategoricalBinning(("a",)), "x": NumericBinning(0.0, 1.0)}
    texts = pa.array(["2026-01-01T23:00:00-02:00", "2026-01-01"])
    connection = ibis.duckdb.connect()
    zoned = connection.create_table(
        "t", pa.table({"t": texts, "c": ["a", "b"], "x": [1.0, 2.0]})
    ).mutate(t=ibis._.t.cast("timestamp('UTC')"))

    for table in (open_table(pa.table({"t": texts, "c": ["a", "b"], "x": [1.0, 2.0]})), zoned):
        found = profile(table, model, binnings, granularity=Granularity.parse("1d"))
        assert starts(found) == ["2026-01-01T00:00", "2026-01-02T00:00"]
        assert [part.columns["c"].n for part in found] == [1, 1]


def test_dates() -> None:
    """A column of dates gives days."""
    found = windows(pa.array([20_000, 20_000, 20_001], pa.date32()))

    assert [part.rows for part in found] == [2, 1]


@pytest.mark.parametrize("scale", [1, 10**3, 10**6, 10**9])
@pytest.mark.parametrize("kind", [pa.int64(), pa.float64()])
def test_numbers_since_1970(scale: int, kind: pa.DataType) -> None:
    """A number is a time since 1970 in the unit that its size tells."""
    day = 20_000 * 86_400

    times = pa.array([(day - 1) * scale, day * scale, -day * scale])
    found = windows(times.cast(kind, safe=False))

    assert starts(found) == ["1915-03-31T00:00", "2024-10-03T00:00", "2024-10-04T00:00"]


def test_fractions_of_a_second_since_1970() -> None:
    """Seconds as `time.time()` gives them keep their microseconds."""
    found = windows(pa.array([1_700_000_099.999999, 1_700_000_100.0]), "5m")

    assert starts(found) == ["2023-11-14T22:10", "2023-11-14T22:15"]


def test_years() -> None:
    """A year is its first instant, leap years and centuries minded."""
    years = [1900, 1904, 1970, 1972, 1973, 2000, 2001, 2016, 2017, 2100, 2101]

    found = windows(pa.array(years, pa.int16()))

    assert starts(found) == [f"{year}-01-01T00:00" for year in years]


def test_numbers_that_are_no_times() -> None:
    """A row number, a day of the week, NaN and infinity are no times: invalid, in no window."""
    numbers = pa.array([0.0, 3.0, 12_345.0, 2_015.5, float("nan"), float("inf"), 1e300, None])

    whole = profile(open_table(pa.table({"t": numbers})), MODEL, {}, granularity=None)

    assert windows(numbers) == []
    assert whole[0].columns["t"] == CountProfile(n=8, null=1, invalid=7)


@pytest.mark.parametrize("values", [pa.array([[1]]), pa.array([True])])
def test_no_time(values: pa.Array) -> None:
    """Lists and booleans are refused as a time column, with what to do."""
    with pytest.raises(InvalidInput, match="convert"):
        windows(values)


def test_no_time_column() -> None:
    """Windows without a time column are refused; without windows the whole is one profile."""
    table = open_table(pa.table({"x": [1]}))

    with pytest.raises(InvalidInput, match="time column"):
        profile(table, MODEL, {}, granularity=Granularity.parse("1d"))
    assert [part.window for part in profile(table, MODEL, {}, granularity=None)] == [None]


def test_incomplete_ends() -> None:
    """Where the data began or ended inside a window, that window is not complete."""
    hours = np.arange(12, 12 + 60)
    times = pa.array(np.datetime64("2026-01-01", "us") + hours.astype("timedelta64[h]"))
    covered = Window(datetime(2025, 12, 31, tzinfo=UTC), datetime(2026, 1, 3, tzinfo=UTC))

    assert [part.complete for part in windows(times)] == [False, True, True]
    assert [part.complete for part in windows(times[:50])] == [False, True, False]
    assert [part.complete for part in windows(times, covers=covered)] == [True, True, False]


def test_implausible_times() -> None:
    """Times far from when the row was received are stale, or in the future."""
    known = datetime(2026, 1, 10, tzinfo=UTC)
    offsets = [timedelta(0), timedelta(minutes=6), timedelta(days=-8), timedelta(minutes=4)]
    table = pa.table({"_wk_time": [known + d for d in offsets], "_wk_known_at": [known] * 4})
    model = Model("m", Task.NONE, (Column("_wk_time", ColumnType.TIMESTAMP, Role.TIME),))

    (found,) = profile(open_table(table), model, {}, granularity=None)

    assert found.columns["_wk_time"] == CountProfile(n=4, null=0, future=1, stale=1)


def test_unsorted_rows(
    rows: pa.Table, model: Model, differences: Callable[[object, object], list[str]]
) -> None:
    """The order of rows changes nothing but the order of sums."""
    shuffled = rows.take(pa.array(np.random.default_rng(5).permutation(len(rows))))
    binnings = fit_binnings(open_table(rows), model)
    of = [
        profile(open_table(table), model, binnings, granularity=model.granularity)
        for table in (rows.append_column("_wk_id", pa.array(range(len(rows)))), shuffled)
    ]

    found = differences(of[0], of[1])

    assert [text for text in found if "previous" not in text] == []
