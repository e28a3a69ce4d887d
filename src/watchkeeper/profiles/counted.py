"""What is only counted: rows, missing values, repeated ids, implausible times, failed requests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import ibis
import ibis.expr.datatypes as dt

from watchkeeper.domain.model import Column, ColumnType, Role
from watchkeeper.domain.profile import CountProfile
from watchkeeper.profiles.arrays import integers
from watchkeeper.profiles.engine import fetch
from watchkeeper.profiles.frame import Axis, Frame
from watchkeeper.profiles.groups import Cell, Groups
from watchkeeper.profiles.windows import as_utc, is_readable_time, seconds_between

__all__ = ["FUTURE_SECONDS", "STALE_SECONDS", "Counted", "count_columns"]

# A row is expected when it is received, give or take clocks that differ and the time that the
# same id is recognised again.
FUTURE_SECONDS = timedelta(minutes=5).total_seconds()
STALE_SECONDS = timedelta(days=7).total_seconds()
_ID = "id"
_CHUNK = 200  # columns counted in one query


@dataclass(frozen=True, slots=True)
class Counted:
    """What one pass over a slice and window counted."""

    where: Cell
    rows: int
    errors: int | None
    columns: dict[str, CountProfile]


def count_columns(frame: Frame, axis: Axis | None, columns: list[Column]) -> Iterator[Counted]:
    """Rows of every slice and window, and the counts of ``columns``."""
    found: dict[Cell, Counted] = {}
    for start in range(0, max(1, len(columns)), _CHUNK):
        chunk = columns[start : start + _CHUNK]
        for part in _count(frame, axis, chunk):
            if part.where in found:
                found[part.where].columns.update(part.columns)
            else:
                found[part.where] = part
    yield from found.values()


def _count(frame: Frame, axis: Axis | None, columns: list[Column]) -> Iterator[Counted]:
    table = frame.table
    values = frame.keys(table, axis)
    failed = frame.role("_wk_error", Role.ERROR)
    if failed is not None:
        values["failed"] = table[failed].notnull()
    for i, column in enumerate(columns):
        values |= {f"{name}{i}": value for name, value in _figures(frame, column).items()}
    rows = table.select(**values) if values else table
    keys = [key for key in ("slice", "window") if key in values]
    sums = {name: _total(rows, name) for name in values if name not in keys}
    grouped = rows.group_by(keys) if keys else rows
    counted = grouped.agg(rows=rows.count(), **sums)
    figures = {name: counted[name] for name in ("rows", *sums)}
    groups = Groups.of(fetch(counted.select(**frame.labels(counted), **figures)))
    held = {name: integers(groups.table[name]).tolist() for name in figures}
    for _, where, at in groups:
        found = {name: values[at.start] for name, values in held.items()}
        yield _counted(found, where, columns)


def _figures(frame: Frame, column: Column) -> dict[str, ibis.Value]:
    """The row-level figures of one column: booleans, and the id itself where ids may repeat."""
    table = frame.table
    value = table[column.name]
    found = {"null": value.isnull()}
    if column.role is Role.PREDICTION_ID:
        found[_ID] = value
    if column.type is not ColumnType.TIMESTAMP and column.role is not Role.TIME:
        return found
    if not is_readable_time(value):
        return found | {"invalid": value.notnull()}
    moment = as_utc(table, column.name)
    if not (value.type().is_timestamp() or value.type().is_date()):
        found["invalid"] = value.notnull() & moment.isnull()
    received = _received(frame, column)
    if received is not None:
        ahead = seconds_between(table, as_utc(table, received), moment)
        found["future"] = ahead > FUTURE_SECONDS
        if column.name == frame.time:
            found["stale"] = ahead < -STALE_SECONDS
    return found


def _received(frame: Frame, column: Column) -> str | None:
    """The column that says when the row was received, or the next best: when it happened."""
    if "_wk_known_at" in frame.table.columns:
        return "_wk_known_at"
    return frame.time if frame.time != column.name else None


def _total(rows: ibis.Table, name: str) -> ibis.Value:
    if name.startswith(_ID):
        return rows[name].count() - rows[name].nunique()
    return rows[name].cast(dt.int64).sum().fill_null(0)


def _counted(found: dict[str, int], where: Cell, columns: list[Column]) -> Counted:
    rows = found["rows"]
    return Counted(
        where=where,
        rows=rows,
        errors=found.get("failed"),
        columns={
            column.name: CountProfile(
                n=rows,
                null=found[f"null{i}"],
                invalid=found.get(f"invalid{i}", 0),
                duplicate=found.get(f"{_ID}{i}", 0),
                stale=found.get(f"stale{i}", 0),
                future=found.get(f"future{i}", 0),
            )
            for i, column in enumerate(columns)
        },
    )
