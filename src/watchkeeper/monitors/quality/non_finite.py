"""NaN and infinities: numbers that are none. Missing values are counted apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from watchkeeper.domain.model import ColumnType, Model, MonitorSpec
from watchkeeper.domain.profile import ColumnProfile, NumericProfile, WindowProfile
from watchkeeper.monitors.evidence import Evidence, History
from watchkeeper.monitors.quality.rates import Case, ColumnFault, Fault, column_faults, watched

__all__ = ["non_finite"]


def non_finite(
    spec: MonitorSpec, model: Model, current: Sequence[WindowProfile], history: History
) -> Iterator[Evidence]:
    """The share of NaN and ±infinity of every numeric column."""
    columns = [column for column in watched(model, spec) if column.type is ColumnType.NUMERIC]
    kind = ColumnFault(Fault("non_finite_rate", "NaN or infinite"), _count)
    return column_faults(kind, Case(spec, model, current, history), columns)


def _count(column: ColumnProfile) -> tuple[int, int] | None:
    if not isinstance(column, NumericProfile):
        return None
    return column.nan + column.pos_inf + column.neg_inf, column.n
