"""Categories that the reference did not hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from watchkeeper.domain.model import Model, MonitorSpec, Role
from watchkeeper.domain.profile import CategoricalProfile, ColumnProfile, WindowProfile
from watchkeeper.monitors.evidence import Evidence, History
from watchkeeper.monitors.quality.rates import Case, ColumnFault, Fault, column_faults, watched

__all__ = ["unseen"]

_SHOWN = 3


def unseen(
    spec: MonitorSpec, model: Model, current: Sequence[WindowProfile], history: History
) -> Iterator[Evidence]:
    """The share of values that the reference did not hold. New versions and arms are no fault."""
    columns = watched(model, spec, without=(Role.VERSION, Role.ARM))
    kind = ColumnFault(Fault("unseen_rate", "of categories never seen before"), _count, _examples)
    return column_faults(kind, Case(spec, model, current, history), columns)


def _count(column: ColumnProfile) -> tuple[int, int] | None:
    if not isinstance(column, CategoricalProfile):
        return None
    return column.unseen, column.n - column.null


def _examples(column: ColumnProfile) -> tuple[str, Mapping[str, object]]:
    if not isinstance(column, CategoricalProfile) or not column.unseen_values:
        return "", {}
    shown = column.unseen_values[:_SHOWN]
    words = ", ".join(f"{_short(value)!r} ({count:,})" for value, count in shown)
    return f"; new: {words}", {"unseen": [[_short(value), count] for value, count in shown]}


def _short(value: str) -> str:
    return value if len(value) <= 40 else value[:39] + "…"
