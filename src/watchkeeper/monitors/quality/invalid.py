"""Type errors: values that cannot be read as what the column is defined to be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from watchkeeper.domain.model import Model, MonitorSpec
from watchkeeper.domain.profile import ColumnProfile, WindowProfile
from watchkeeper.monitors.evidence import Evidence, History
from watchkeeper.monitors.quality.rates import Case, ColumnFault, Fault, column_faults, watched

__all__ = ["invalid"]


def invalid(
    spec: MonitorSpec, model: Model, current: Sequence[WindowProfile], history: History
) -> Iterator[Evidence]:
    """The share of values of the wrong type; the first ever is a fault, whatever the budget."""
    kind = ColumnFault(Fault("invalid_rate", "of the wrong type", hard=True), _count)
    return column_faults(kind, Case(spec, model, current, history), watched(model, spec))


def _count(column: ColumnProfile) -> tuple[int, int]:
    return column.invalid, column.n
