"""Profiling a table: one profile for every window and slice."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, timedelta

import ibis
import ibis.expr.datatypes as dt
import pyarrow as pa

from watchkeeper.domain.model import Column, ColumnType, Model, Role
from watchkeeper.domain.profile import (
    WINDOW_SLICES,
    Binning,
    CategoricalBinning,
    ColumnProfile,
    NumericBinning,
    NumericProfile,
    ServiceProfile,
    WindowProfile,
)
from watchkeeper.domain.window import Granularity, Window
from watchkeeper.profiles.breakdown import Detail, breakdowns, detailed
from watchkeeper.profiles.categorical import (
    categorical_item,
    categorical_profiles,
    empty_categorical,
    grouped_columns,
)
from watchkeeper.profiles.counted import Counted, count_columns
from watchkeeper.profiles.duplicates import duplicate_rows
from watchkeeper.profiles.engine import fetch, fetch_each, is_duckdb
from watchkeeper.profiles.frame import Axis, Frame, axes_of
from watchkeeper.profiles.groups import Cell
from watchkeeper.profiles.identity import with_identity
from watchkeeper.profiles.local import LocalCount
from watchkeeper.profiles.merge import merge
from watchkeeper.profiles.numeric import empty_numeric, numeric_item, numeric_profiles
from watchkeeper.profiles.performance import performance_profiles, with_previous
from watchkeeper.profiles.service import LATENCY_BINNING, latency_column
from watchkeeper.profiles.texts import canonical
from watchkeeper.profiles.windows import as_utc, window_at

__all__ = ["profile"]

# Never looked at value by value, whatever their type: who or which row it is, not what it is like.
COUNTED_ROLES = frozenset(
    {Role.ENTITY, Role.PREDICTION_ID, Role.TIME, Role.VERSION, Role.ARM, Role.ERROR, Role.CONTEXT}
)
COUNTED_TYPES = frozenset({ColumnType.TIMESTAMP, ColumnType.UNSUPPORTED})
_LATENCY = "_wk_latency"  # latency's place among the columns while a profile is made


def profile(  # noqa: PLR0913  # what, how counted, and over which time: each stands alone
    table: ibis.Table,
    model: Model,
    binnings: Mapping[str, Binning],
    *,
    granularity: Granularity | None,
    segments: bool = True,
    covers: Window | None = None,
    breakdown: bool = False,
) -> list[WindowProfile]:
    """Profile ``table``: one profile for every window and slice, ordered by slice, then window.

    Parameters
    ----------
    table
        What `readers.open_table` gives. Only columns that the model names are looked at.
    binnings
        How each column is counted (`binning.fit_binnings`). A column without one is only counted.
    granularity
        The length of the windows; None: one profile of all rows with ``window`` None.
    segments
        Whether to make, besides all rows, a slice for each version and for each of the 50 most
        frequent values of every segment column.
    covers
        The interval of time of which the table holds every row. Windows that reach beyond it are
        not ``complete``; where it is None, the first and last row of the table mark its ends, to
        within a 24th of a window.
    breakdown
        Whether to sum answers and errors by the cells of every feature too, over at most 200,000
        rows of a window and 1,000,000 in all: what a change of them is traced to its causes with.

    Returns
    -------
    list of WindowProfile
        All rows first, then versions, then segments; windows without rows are left out. Rows
        whose time is missing or unreadable lie in no window.

    Raises
    ------
    InvalidInput
        Where windows are asked for and the table has no time column, or one that is no time.
    """
    frame = Frame.of(table, model, binnings, granularity)
    axes = axes_of(frame) if segments else ()
    with detailed(frame, axes, wanted=breakdown) as detail:
        sliced = [_along(frame, axis, detail) for axis in axes]
        whole = _added(frame, sliced[0]) if axes else _along(frame, None, detail)
    repeated = duplicate_rows(frame, sum(part.rows for part in whole.values()))
    whole = {
        where: replace(part, duplicate_rows=repeated.get(where, 0)) for where, part in whole.items()
    }
    complete = _complete(frame, covers)
    return [
        with_identity(replace(part, complete=part.window is None or complete(part.window)))
        for parts in (whole, *sliced)
        for where, part in sorted(parts.items(), key=_in_order)
        if parts is whole or where.slice is not None
    ]


def _in_order(pair: tuple[Cell, WindowProfile]) -> tuple[str, int]:
    return (pair[0].slice or "", pair[0].start or 0)


def _along(frame: Frame, axis: Axis | None, detail: Detail | None) -> dict[Cell, WindowProfile]:
    """Every slice and window along an axis; slice None holds the remaining rows, or all."""
    parted = {} if detail is None else breakdowns(detail, axis)
    numeric, categorical, counted = _plan(frame)
    columns: dict[Cell, dict[str, ColumnProfile]] = {}
    counts = list(count_columns(frame, axis, counted))
    empty: dict[str, ColumnProfile] = {n: empty_numeric(binning) for n, _, binning in numeric}
    empty |= {column.name: empty_categorical(binning) for column, binning in categorical}
    for part in counts:
        # Without rows no query speaks of a column, and it is still there.
        columns[part.where] = {**part.columns, **({} if part.rows else empty)}
    by_value = list(_categorical(frame, axis, categorical))
    performance = performance_profiles(frame, axis)
    for name, where, found in (*_numeric(frame, axis, numeric), *by_value):
        columns[where][name] = found
    schema = _schema(frame)
    latency = latency_column(frame)
    made = {}
    for part in counts:
        held = columns[part.where]
        time = held.pop(_LATENCY, None)
        made[part.where] = WindowProfile(
            model=frame.model.name,
            window=_window(frame, part.where),
            rows=part.rows,
            columns={c.name: held[c.name] for c in frame.columns if c.name in held},
            version=_named(axis, part.where, version=True),
            segment=_named(axis, part.where, version=False),
            performance=performance.get(part.where),
            service=_service(part, time) if latency or part.errors is not None else None,
            schema=schema,
            breakdowns=parted.get(part.where, {}),
        )
    return made


def _plan(
    frame: Frame,
) -> tuple[
    list[tuple[str, Column, NumericBinning]], list[tuple[Column, CategoricalBinning]], list[Column]
]:
    """Which columns are counted on the grid (by the name they are filed under), by value, at all."""
    numeric: list[tuple[str, Column, NumericBinning]] = []
    categorical: list[tuple[Column, CategoricalBinning]] = []
    counted: list[Column] = []
    for column in frame.columns:
        binning = frame.binnings.get(column.name)
        if binning is None or column.role in COUNTED_ROLES or column.type in COUNTED_TYPES:
            counted.append(column)
        elif isinstance(binning, NumericBinning):
            numeric.append((column.name, column, binning))
        else:
            categorical.append((column, binning))
    latency = latency_column(frame)
    if latency is not None:
        numeric.append((_LATENCY, latency, LATENCY_BINNING))
    return numeric, categorical, counted


def _numeric(
    frame: Frame, axis: Axis | None, columns: list[tuple[str, Column, NumericBinning]]
) -> list[tuple[str, Cell, ColumnProfile]]:
    if is_duckdb(frame.table):
        return _named_by(columns, LocalCount(frame, axis, [c[1:] for c in columns]).run())
    return _named_by(columns, _asked(frame, axis, columns))


def _asked(
    frame: Frame, axis: Axis | None, columns: list[tuple[str, Column, NumericBinning]]
) -> Iterable[tuple[int, Cell, NumericProfile]]:
    items = {i: numeric_item(frame, axis, *c[1:]) for i, c in enumerate(columns)}
    answer = fetch_each(frame.table, items)
    return () if answer is None else numeric_profiles(answer, [c[2] for c in columns])


def _named_by(
    columns: list[tuple[str, Column, NumericBinning]],
    found: Iterable[tuple[int, Cell, NumericProfile]],
) -> list[tuple[str, Cell, ColumnProfile]]:
    return [(columns[item][0], where, profile) for item, where, profile in found]


def _categorical(
    frame: Frame, axis: Axis | None, columns: list[tuple[Column, CategoricalBinning]]
) -> Iterator[tuple[str, Cell, ColumnProfile]]:
    together = grouped_columns(columns)
    items = {i: categorical_item(frame, axis, parts) for i, parts in enumerate(together)}
    answer = fetch_each(frame.table, items)
    if answer is not None:
        for column, where, found in categorical_profiles(frame, answer, together):
            yield column.name, where, found


def _window(frame: Frame, where: Cell) -> Window | None:
    if where.start is None or frame.granularity is None:
        return None
    return window_at(where.start, frame.granularity)


def _named(axis: Axis | None, where: Cell, *, version: bool) -> str | None:
    """What the slice is called, as a version or as a segment; None for all rows."""
    if axis is None or where.slice is None or axis.version is not version:
        return None
    value = canonical(where.slice, number=axis.number)
    return value if version else f"{axis.column}={value}"


def _service(part: Counted, latency: ColumnProfile | None) -> ServiceProfile:
    return ServiceProfile(
        requests=part.rows,
        errors=part.errors or 0,
        latency=latency if isinstance(latency, NumericProfile) else None,
    )


def _schema(frame: Frame) -> dict[str, str]:
    return {
        name: _storage(kind)
        for name, kind in frame.table.schema().items()
        if not name.startswith("_wk_")
    }


def _storage(kind: dt.DataType) -> str:
    """The type as people read it; DuckDB's type of a column of nulls is unknown to ibis."""
    named = str(kind.copy(nullable=True))
    return "null" if kind.is_null() or 'kind="NULL"' in named else named


def _added(frame: Frame, along: Mapping[Cell, WindowProfile]) -> dict[Cell, WindowProfile]:
    """All rows, by adding up the slices of one axis; what cannot be added is asked for again."""
    groups: dict[Cell, list[WindowProfile]] = {}
    for where, part in along.items():
        unnamed = replace(part, version=None, arm=None, segment=None)
        groups.setdefault(Cell(None, where.start), []).append(unnamed)
    whole = {where: merge(parts) for where, parts in groups.items()}
    held = {where: part.performance for where, part in whole.items() if part.performance}
    performance = with_previous(frame, held) if held else {}
    counts = {part.where: part for part in count_columns(frame, None, _plan(frame)[2])}
    return {
        where: replace(
            part,
            performance=performance.get(where),
            columns={**part.columns, **counts[where].columns},
        )
        for where, part in whole.items()
    }


def _complete(frame: Frame, covers: Window | None) -> Callable[[Window], bool]:
    """Whether a window lies wholly inside the time that the table holds."""
    if frame.granularity is None or frame.time is None:
        return lambda _: True
    if covers is not None:
        first, last, slack = covers.start, covers.end, timedelta(0)
    else:
        moments = frame.table.select(moment=as_utc(frame.table, frame.time))
        ends = fetch(moments.agg(first=moments.moment.min(), last=moments.moment.max()))
        # Without its zone: to name one, pyarrow imports pandas.
        first, last = (ends[name].cast(pa.timestamp("us"))[0].as_py() for name in ("first", "last"))
        if first is None:
            return lambda _: True
        first, last = first.replace(tzinfo=UTC), last.replace(tzinfo=UTC)
        slack = frame.granularity.length / WINDOW_SLICES
    return lambda window: first <= window.start + slack and window.end - slack <= last
