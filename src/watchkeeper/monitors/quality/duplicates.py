"""Duplicated rows and duplicated prediction ids."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from watchkeeper.domain.model import Model, MonitorSpec, Role
from watchkeeper.domain.profile import ColumnProfile, CountProfile, WindowProfile
from watchkeeper.monitors.basis import basis_of
from watchkeeper.monitors.evidence import Evidence, History, Series
from watchkeeper.monitors.quality.rates import (
    Case,
    ColumnFault,
    Fault,
    Yardstick,
    column_faults,
    judge_rate,
)

__all__ = ["duplicates"]

_ROWS = Fault("duplicate_rate", "repeat another row in every column")
_IDS = Fault("duplicate_id_rate", "repeat the prediction id of another row")


def duplicates(
    spec: MonitorSpec, model: Model, current: Sequence[WindowProfile], history: History
) -> Iterator[Evidence]:
    """The share of rows, and of prediction ids, that repeat another one."""
    yield from _rows(spec, model, current, history)
    ids = model.with_role(Role.PREDICTION_ID)
    kind = ColumnFault(_IDS, _count)
    yield from column_faults(kind, Case(spec, model, current, history), ids)


def _rows(
    spec: MonitorSpec, model: Model, current: Sequence[WindowProfile], history: History
) -> Iterator[Evidence]:
    basis = basis_of(history, model.timezone)
    normal = basis.rate(_tally)
    if normal is None:
        return
    yardstick = Yardstick(_ROWS, normal, basis, model.materiality)
    for profile in current:
        yield judge_rate(yardstick, Series(spec.name, _ROWS.what), profile, _tally(profile))


def _tally(profile: WindowProfile) -> tuple[int, int]:
    return profile.duplicate_rows, profile.rows


def _count(column: ColumnProfile) -> tuple[int, int] | None:
    return (column.duplicate, column.n) if isinstance(column, CountProfile) else None
