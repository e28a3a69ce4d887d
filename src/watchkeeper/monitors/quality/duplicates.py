"""Duplicated rows and duplicated prediction ids.

How many rows repeat another by chance grows with their number (few categories make many alike), so
a window is held only against windows of its size: between half and twice as many rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from watchkeeper.domain.model import Model, MonitorSpec, Role
from watchkeeper.domain.profile import ColumnProfile, CountProfile, WindowProfile
from watchkeeper.domain.verdict import Status
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

_ALIKE = 2  # times as many rows, or as few
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
    series = Series(spec.name, _ROWS.what)
    for profile in current:
        alike = [held for held in basis.windows if _is_of_size(held, profile.rows)]
        normal = replace(basis, windows=tuple(alike)).rate(_tally) if alike else None
        if normal is None:
            yield _no_yardstick(series, profile)
        else:
            yardstick = Yardstick(_ROWS, normal, basis, model.materiality)
            yield judge_rate(yardstick, series, profile, _tally(profile))


def _is_of_size(held: WindowProfile, rows: int) -> bool:
    return rows <= _ALIKE * held.rows and held.rows <= _ALIKE * rows


def _no_yardstick(series: Series, profile: WindowProfile) -> Evidence:
    message = (
        f"{profile.duplicate_rows:,} of {profile.rows:,} rows repeat another; not judged, because "
        "the reference has no window of about as many rows"
    )
    return Evidence(
        series,
        profile.window,
        Status.INSUFFICIENT_DATA,
        message,
        n=profile.rows,
        profiles=(profile.id,) if profile.id else (),
    )


def _tally(profile: WindowProfile) -> tuple[int, int]:
    return profile.duplicate_rows, profile.rows


def _count(column: ColumnProfile) -> tuple[int, int] | None:
    return (column.duplicate, column.n) if isinstance(column, CountProfile) else None
