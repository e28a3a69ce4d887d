"""Values outside the bounds, or the categories, that the owner stated."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from watchkeeper.domain.model import Column, Model, MonitorSpec
from watchkeeper.domain.profile import ColumnProfile, CountProfile, NumericProfile, WindowProfile
from watchkeeper.monitors.evidence import Evidence, History
from watchkeeper.monitors.quality.rates import Case, ColumnFault, Fault, column_faults, watched
from watchkeeper.monitors.words import number

__all__ = ["bounds"]


def bounds(
    spec: MonitorSpec, model: Model, current: Sequence[WindowProfile], history: History
) -> Iterator[Evidence]:
    """The share outside the stated bounds; columns without stated bounds are left out."""
    case = Case(spec, model, current, history)
    for column in watched(model, spec):
        if _is_bounded(column):
            fault = Fault("out_of_range_rate", f"outside {_stated(column)}", any_excess=True)
            yield from column_faults(ColumnFault(fault, _count), case, [column])


def _is_bounded(column: Column) -> bool:
    return not (column.minimum is None and column.maximum is None and column.categories is None)


def _stated(column: Column) -> str:
    if column.categories is not None:
        return f"the {len(column.categories)} stated categories"
    low = "-∞" if column.minimum is None else number(column.minimum)
    high = "∞" if column.maximum is None else number(column.maximum)
    return f"the stated range [{low}, {high}]"


def _count(column: ColumnProfile) -> tuple[int, int] | None:
    if isinstance(column, CountProfile):
        return None
    if isinstance(column, NumericProfile):
        return column.outside, column.n - column.null - column.nan
    return column.outside, column.n - column.null
