"""Time: reading a time column as UTC, and the window that a row lies in.

Times without a zone are taken as UTC. A text column is cast; a number is a year or a time since
1970 in seconds, milli-, micro- or nanoseconds, by its size; what cannot be read is null. A window
key is an integer: seconds since the Unix epoch of the window's start.
"""

from __future__ import annotations

from datetime import UTC, datetime

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.operations as ops
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from watchkeeper.domain.model import Column, Model, Role
from watchkeeper.domain.window import Granularity, Window
from watchkeeper.errors import InvalidInput
from watchkeeper.profiles.arrays import integers
from watchkeeper.profiles.engine import is_duckdb, supports
from watchkeeper.profiles.functions import epoch_us, make_timestamp

__all__ = [
    "SYSTEM_TIME",
    "as_utc",
    "is_readable_time",
    "seconds_between",
    "starts_of",
    "time_column",
    "window_at",
    "window_fraction",
    "window_key",
    "window_start",
]

SYSTEM_TIME = "_wk_time"
_ORIGIN = int(datetime(1970, 1, 5, tzinfo=UTC).timestamp())  # the Monday that windows count from
_DIRECT = {"1h": "h", "1w": "W"}
_DAY = "1d"
# Times since 1970 by their size, each unit for the years 1973 to 5138: (smallest, microseconds).
_SINCE_1970 = ((1e8, 1e6), (1e11, 1e3), (1e14, 1.0), (1e17, 1e-3))
_LARGEST_TIME = 9.3e18
_YEARS = (1900, 2199)


def time_column(table: ibis.Table, model: Model) -> str | None:
    """The column that says when a row happened: ``_wk_time``, else the model's; None: neither."""
    if SYSTEM_TIME in table.columns:
        return SYSTEM_TIME
    column: Column | None = model.only(Role.TIME)
    return column.name if column is not None and column.name in table.columns else None


def is_readable_time(value: ibis.Value) -> bool:
    """Whether a column may hold times: timestamps, dates, text of them, or numbers."""
    kind = value.type()
    stored = kind.is_timestamp() or kind.is_date() or kind.is_string() or kind.is_null()
    return bool(stored or _is_number(kind))


def _is_number(kind: dt.DataType) -> bool:
    return bool(kind.is_integer() or kind.is_floating() or kind.is_decimal())


def as_utc(table: ibis.Table, name: str) -> ibis.Value:
    """The column as timestamps in UTC without zone; null where it cannot be read.

    Raises
    ------
    InvalidInput
        Where the column is neither a timestamp, a date, text nor a number.
    """
    value = table[name]
    kind = value.type()
    if kind.is_null():
        return value.cast(dt.timestamp)
    if kind.is_string():
        value = value.try_cast(dt.Timestamp("UTC")) if supports(table, ops.TryCast) else value
        kind = value.type()
    if kind.is_timestamp() and kind.timezone is None:
        return value
    if kind.is_timestamp() and is_duckdb(table):
        # Twenty times faster than a cast, which asks the calendar of the session's zone.
        return make_timestamp(epoch_us(value))
    if kind.is_timestamp() or kind.is_date() or kind.is_string():
        return value.cast(dt.timestamp)
    if _is_number(kind):
        microseconds = _microseconds(value.cast(dt.float64))
        if is_duckdb(table):
            return make_timestamp(microseconds)
        # Few engines make a timestamp of a number, and many add no less than seconds.
        seconds = (microseconds / 1e6).floor().cast(dt.int64)
        return ibis.timestamp("1970-01-01") + seconds.as_interval("s")
    raise InvalidInput(
        "a time column must hold timestamps, dates, ISO 8601 text, years or numbers since 1970, "
        f"got {kind} in column {name!r}: convert it before"
    )


def _microseconds(number: ibis.Value) -> ibis.Value:
    """A number as microseconds since 1970: a year as its first instant; null where it is no time.

    Float64 holds microseconds exactly until the year 2255.
    """
    size, largest = number.abs(), (*(low for low, _ in _SINCE_1970[1:]), _LARGEST_TIME)
    since = [
        ((size >= low) & (size < high), number * unit)
        for (low, unit), high in zip(_SINCE_1970, largest, strict=True)
    ]
    # Null outside the years: engines may cast what no branch of a case asks for.
    year = ibis.cases((number.between(*_YEARS) & (number % 1.0 == 0.0), number))
    before = year - 1.0  # the leap days of the years before
    leap = (before / 4.0).floor() - (before / 100.0).floor() + (before / 400.0).floor()
    days = (year - 1970.0) * 365.0 + leap - 477.0
    return ibis.cases((year.notnull(), days * 86_400e6), *since).round().cast(dt.int64)


def window_key(moment: ibis.Value, granularity: Granularity) -> ibis.Value:
    """What rows of the same window share: its day, its start, or its number since 1970."""
    if str(granularity) == _DAY:
        return moment.date()
    unit = _DIRECT.get(str(granularity))
    if unit is not None:
        return moment.truncate(unit)
    seconds = moment.truncate("m").epoch_seconds().cast(dt.int64)
    return ((seconds - _ORIGIN) / _length(granularity)).floor().cast(dt.int64)


def window_start(key: ibis.Value, granularity: Granularity) -> ibis.Value:
    """A window key as seconds since 1970; applied after grouping, where rows are few."""
    if str(granularity) == _DAY:
        return key.cast(dt.timestamp).epoch_seconds().cast(dt.int64)
    if str(granularity) in _DIRECT:
        return key.epoch_seconds().cast(dt.int64)
    return key * _length(granularity) + _ORIGIN


def starts_of(keys: pa.Array, granularity: Granularity | None) -> npt.NDArray[np.int64]:
    """Window keys as fetched (none null), as seconds since 1970 of the windows' starts."""
    if granularity is None or not len(keys):
        return np.zeros(len(keys), np.int64)
    if pa.types.is_date32(keys.type):
        return integers(keys.cast(pa.int32())) * 86_400
    if pa.types.is_temporal(keys.type):
        return integers(keys.cast(pa.timestamp("us"))) // 1_000_000
    return integers(keys) * _length(granularity) + _ORIGIN


def window_at(start: int, granularity: Granularity) -> Window:
    """The window that starts at ``start`` (seconds since 1970)."""
    return granularity.window_of(datetime.fromtimestamp(start, tz=UTC))


def seconds_between(table: ibis.Table, early: ibis.Value, late: ibis.Value) -> ibis.Value:
    """Seconds from ``early`` to ``late`` (timestamps without zone) as float64."""
    if is_duckdb(table):
        return (epoch_us(late) - epoch_us(early)).cast(dt.float64) / 1e6
    return (late.epoch_seconds() - early.epoch_seconds()).cast(dt.float64)


def _length(granularity: Granularity) -> int:
    return int(granularity.length.total_seconds())


def window_fraction(moment: ibis.Value, granularity: Granularity) -> ibis.Value:
    """How far into its window a moment lies, from 0 to below 1, to the second."""
    length = _length(granularity)
    since = moment.truncate("s").epoch_seconds().cast(dt.int64) - _ORIGIN
    return (since - (since / length).floor() * length) / length
