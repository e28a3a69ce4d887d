"""The error boundary: the one place where whatever a monitor raises becomes a verdict.

A monitor that raises is run again column by column, so that only the column that broke it is lost,
and that column's verdict is ``error`` and names the monitor and what it said. An alarm whose causes
cannot be told for such a reason is still an alarm, without them.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

from watchkeeper.domain.model import Model, MonitorSpec, Role
from watchkeeper.domain.profile import WindowProfile
from watchkeeper.domain.verdict import Status
from watchkeeper.errors import InvalidDefinition
from watchkeeper.monitors.causes import CAUSE, causes_of
from watchkeeper.monitors.evidence import Evidence, History, Monitor, Series
from watchkeeper.monitors.kinds import functions_of

__all__ = ["explained", "run"]

_log = logging.getLogger(__name__)
# The verdict tells whoever asked; the trace is for whoever has set logging up, and nobody else.
_log.addHandler(logging.NullHandler())
_LONGEST = 300  # characters of a foreign message that are shown


def run(
    spec: MonitorSpec, model: Model, *, current: Sequence[WindowProfile], history: History
) -> list[Evidence]:
    """What a specification finds; ERROR evidence in place of whatever one of its monitors raises."""
    try:
        monitors = functions_of(spec)
    except InvalidDefinition as error:
        return _failed(spec, spec.kind, current, error)
    call = _Call(spec, model, current, history)
    return [evidence for monitor in monitors for evidence in _run(monitor, call)]


def explained(found: Evidence, model: Model, profile: WindowProfile, history: History) -> Evidence:
    """An alarm with what it comes from in its effect, where that can be told, and with the ``role``
    ``output`` where it is of a score or prediction: what it is of is no cause.
    """
    if found.series.column in {c.name for c in model.with_role(Role.SCORE, Role.PREDICTION)}:
        found = replace(found, effect={**found.effect, "role": "output"})
    try:
        cause = causes_of(found, model, profile, history)
    except Exception:  # noqa: BLE001 - what explains an alarm must not cost the alarm
        _log.warning("causes failed", extra={"model": model.name}, exc_info=True)
        return found
    return found if cause is None else replace(found, effect={**found.effect, CAUSE: cause})


@dataclass(frozen=True, slots=True)
class _Call:
    spec: MonitorSpec
    model: Model
    current: Sequence[WindowProfile]
    history: History

    def of(self, monitor: Monitor, column: str | None = None) -> list[Evidence]:
        spec = self.spec if column is None else replace(self.spec, columns=(column,))
        return list(monitor(spec, self.model, self.current, self.history))


def _run(monitor: Monitor, call: _Call) -> list[Evidence]:
    try:
        return call.of(monitor)
    except Exception as error:  # noqa: BLE001 - the boundary around own and foreign monitors
        _log.warning("monitor failed", extra=_names(call), exc_info=True)
        whole = _failed(call.spec, _name(monitor), call.current, error)
    columns = call.spec.columns or tuple(column.name for column in call.model.columns)
    apart = [_one(monitor, call, column) for column in columns]
    if all(broken for _, broken in apart):  # nothing to do with a column: say it once
        return whole
    return [evidence for found, _ in apart for evidence in found]


def _one(monitor: Monitor, call: _Call, column: str) -> tuple[list[Evidence], bool]:
    try:
        return call.of(monitor, column), False
    except Exception as error:  # noqa: BLE001 - the boundary around own and foreign monitors
        spec = replace(call.spec, columns=(column,))
        return _failed(spec, _name(monitor), call.current, error), True


def _failed(
    spec: MonitorSpec, what: str, current: Sequence[WindowProfile], error: Exception
) -> list[Evidence]:
    column = spec.columns[0] if len(spec.columns) == 1 else None
    said = f"{type(error).__name__}: {error}"[:_LONGEST]
    about = f"of column {column!r}" if column else "at all"
    message = f"monitor {spec.name!r} ({what}) failed and says nothing {about}: {said}"
    return [
        Evidence(
            series=Series(spec.name, what, column=column),
            window=profile.window,
            status=Status.ERROR,
            message=message,
            n=profile.rows,
            profiles=(profile.id,) if profile.id else (),
        )
        for profile in current
    ]


def _name(monitor: Monitor) -> str:
    return getattr(monitor, "__name__", type(monitor).__name__)


def _names(call: _Call) -> dict[str, str]:
    return {"monitor": call.spec.name, "model": call.model.name}
