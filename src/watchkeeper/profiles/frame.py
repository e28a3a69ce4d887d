"""A table as it is profiled: which columns mean what, its windows, and the slices to make."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import ibis

from watchkeeper.domain.model import Column, Model, Role
from watchkeeper.domain.profile import Binning
from watchkeeper.domain.window import Granularity
from watchkeeper.errors import InvalidInput
from watchkeeper.profiles.columns import as_category, is_nested
from watchkeeper.profiles.engine import fetch
from watchkeeper.profiles.windows import as_utc, time_column, window_key, window_start

__all__ = ["LATENCY", "MOST_SLICES", "Axis", "Frame", "axes_of"]

LATENCY = "_wk_latency_ms"
MOST_SLICES = 50  # most frequent values of a segment column that get a profile of their own


@dataclass(frozen=True, slots=True)
class Axis:
    """A column whose values slice the table; ``values`` are those that get their own profile."""

    column: str
    version: bool
    values: tuple[object, ...]
    number: bool  # stored as a number, whose text says no needless fraction


@dataclass(frozen=True, slots=True)
class Frame:
    """A table with the definition it is read by; ``time`` is None where it is one window."""

    table: ibis.Table
    model: Model
    binnings: Mapping[str, Binning]
    granularity: Granularity | None
    time: str | None

    @classmethod
    def of(
        cls,
        table: ibis.Table,
        model: Model,
        binnings: Mapping[str, Binning],
        granularity: Granularity | None,
    ) -> Frame:
        """Raises InvalidInput where windows are asked for and the table has no time column."""
        time = time_column(table, model)
        if granularity is not None and time is None:
            raise InvalidInput(
                f"windows of {granularity} need a time column, got a table without one for model "
                f"{model.name!r} (columns {list(table.columns)[:20]}): name the column of role "
                "time, or profile without granularity"
            )
        return cls(table, model, binnings, granularity, time)

    @property
    def columns(self) -> tuple[Column, ...]:
        """The model's columns that the table has."""
        held = frozenset(self.table.columns)
        return tuple(column for column in self.model.columns if column.name in held)

    def role(self, system: str, role: Role) -> str | None:
        """The system column if the table has it, else the model's first column of the role."""
        if system in self.table.columns:
            return system
        column = self.model.only(role)
        return column.name if column is not None and column.name in self.table.columns else None

    def beside(self, axis: Axis | None) -> tuple[str, ...]:
        """The columns that `keys` reads."""
        time = () if self.granularity is None or self.time is None else (self.time,)
        return time if axis is None else (*time, axis.column)

    def keys(self, table: ibis.Table, axis: Axis | None) -> dict[str, ibis.Value]:
        """What rows are grouped by: ``slice`` along an axis, ``window`` where there are windows.

        ``table`` is the frame's table, or one with the same columns.
        """
        found: dict[str, ibis.Value] = {}
        if axis is not None:
            value = table[axis.column]
            found["slice"] = ibis.cases((value.isin(axis.values), value))
        if self.granularity is not None and self.time is not None:
            found["window"] = window_key(as_utc(table, self.time), self.granularity)
        return found

    def labels(self, grouped: ibis.Table) -> dict[str, ibis.Value]:
        """The keys after grouping: the slice as text, the window's start in seconds since 1970."""
        found: dict[str, ibis.Value] = {}
        if "slice" in grouped.columns:
            found["slice"] = as_category(grouped["slice"])
        if "window" in grouped.columns and self.granularity is not None:
            found["window"] = window_start(grouped["window"], self.granularity)
        return found


def axes_of(frame: Frame) -> tuple[Axis, ...]:
    """The version column and every segment column, each with its most frequent values."""
    version = frame.role("_wk_version", Role.VERSION)
    names = [] if version is None else [version]
    names += [column.name for column in frame.columns if column.role is Role.SEGMENT]
    return tuple(
        Axis(
            name,
            name == version,
            _frequent(frame.table, name),
            bool(frame.table[name].type().is_numeric()),
        )
        for name in names
        if not is_nested(frame.table[name]) and not frame.table[name].type().is_null()
    )


def _frequent(table: ibis.Table, name: str) -> tuple[object, ...]:
    value = table.select(value=table[name])
    counted = value.filter(value.value.notnull()).group_by("value").agg(n=lambda t: t.count())
    ordered = counted.order_by(ibis.desc("n"), "value").limit(MOST_SLICES)
    return tuple(x for x in fetch(ordered)["value"].to_pylist() if x == x)  # noqa: PLR0124  # NaN is not
