"""Stale and future timestamps: far behind, or ahead of, when the row was received."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from watchkeeper.domain.model import ColumnType, Model, MonitorSpec
from watchkeeper.domain.profile import ColumnProfile, CountProfile, WindowProfile
from watchkeeper.monitors.evidence import Evidence, History
from watchkeeper.monitors.quality.rates import Case, ColumnFault, Fault, column_faults, watched

__all__ = ["timestamps"]

_STALE = Fault("stale_rate", "stale: long past when the row was received")
_FUTURE = Fault("future_rate", "in the future of when the row was received")


def timestamps(
    spec: MonitorSpec, model: Model, current: Sequence[WindowProfile], history: History
) -> Iterator[Evidence]:
    """The share of stale, and of future, values of every timestamp column.

    Nothing where the data has no time: then it is not known when rows were received.
    """
    if not history.timed:
        return
    case = Case(spec, model, current, history)
    columns = [column for column in watched(model, spec) if column.type is ColumnType.TIMESTAMP]
    yield from column_faults(ColumnFault(_STALE, _stale), case, columns)
    yield from column_faults(ColumnFault(_FUTURE, _future), case, columns)


def _stale(column: ColumnProfile) -> tuple[int, int] | None:
    return (column.stale, column.n) if isinstance(column, CountProfile) else None


def _future(column: ColumnProfile) -> tuple[int, int] | None:
    return (column.future, column.n) if isinstance(column, CountProfile) else None
