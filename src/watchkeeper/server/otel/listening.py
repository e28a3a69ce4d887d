"""What verdicts change, told as log records in the trace of their judgement.

Every window that was judged is one record, with how many verdicts of which status. Those that alarm
and those that are errors are a record each, up to a bound: a window in which all is broken says so
once, not ten thousand times.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from watchkeeper.domain.alert import Alert, Incident
from watchkeeper.domain.model import Model
from watchkeeper.domain.ports import VerdictListener
from watchkeeper.domain.tracing import SpanRef
from watchkeeper.domain.verdict import Status, Verdict
from watchkeeper.interop.otel.exports import Exports
from watchkeeper.interop.otel.records import (
    Record,
    alert_record,
    incident_record,
    judged_record,
    verdict_record,
)
from watchkeeper.server.otel.trail import Trail

__all__ = ["Listening"]

_log = logging.getLogger(__name__)
_MOST = 100  # verdicts, and alerts of an incident, that are told of one window
_LOUD = (Status.ALERT, Status.ERROR)


@dataclass(frozen=True, slots=True)
class Listening:
    """Passes verdicts on, and tells what came of them. ``incidents`` keeps in which span each
    incident last changed, for the notices about it.
    """

    listener: VerdictListener
    exports: Exports
    alerts_of: Callable[[str], Sequence[Alert]]
    incidents: Trail

    def on_verdicts(
        self, model: Model, verdicts: Sequence[Verdict], now: datetime
    ) -> tuple[Incident, ...]:
        """Act on them; returns the incidents that changed."""
        changed = self.listener.on_verdicts(model, verdicts, now)
        try:
            span = self.exports.tracing.current
            for incident in changed:
                self.incidents.leave(incident.id, span)
            self.exports.record(self._records(model, verdicts, changed, span))
        except Exception:  # noqa: BLE001  what was judged stands, whoever is told of it
            _log.exception("verdicts are not told as log records model=%s", model.name)
        return changed

    def _records(
        self,
        model: Model,
        verdicts: Sequence[Verdict],
        changed: Sequence[Incident],
        span: SpanRef | None,
    ) -> Iterator[Record]:
        loud = [verdict for verdict in verdicts if verdict.status in _LOUD]
        told = loud[:_MOST]
        if verdicts:
            yield judged_record(model.name, verdicts, left_out=len(loud) - len(told), span=span)
        for verdict in told:
            yield verdict_record(verdict, span)
        for incident in changed:
            yield incident_record(incident, span)
            for alert in self.alerts_of(incident.id)[:_MOST]:
                yield alert_record(alert, span)
