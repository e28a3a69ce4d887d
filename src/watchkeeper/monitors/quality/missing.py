"""Missing values: nulls, of every type of column."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from watchkeeper.domain.model import Model, MonitorSpec
from watchkeeper.domain.profile import ColumnProfile, WindowProfile
from watchkeeper.monitors.evidence import Evidence, History
from watchkeeper.monitors.quality.rates import Case, ColumnFault, Fault, column_faults, watched

__all__ = ["missing"]


def missing(
    spec: MonitorSpec, model: Model, current: Sequence[WindowProfile], history: History
) -> Iterator[Evidence]:
    """The share of nulls of every column."""
    kind = ColumnFault(Fault("missing_rate", "missing", fewer=True), _count)
    return column_faults(kind, Case(spec, model, current, history), watched(model, spec))


def _count(column: ColumnProfile) -> tuple[int, int]:
    return column.null, column.n
