"""Verdicts, alerts and incidents as structured log records, in the trace of their judgement."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from watchkeeper.domain.alert import Alert, Incident
from watchkeeper.domain.tracing import SpanRef
from watchkeeper.domain.verdict import Severity, Status, Verdict
from watchkeeper.interop.otel.target import Export

if TYPE_CHECKING:
    from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

__all__ = [
    "Record",
    "alert_record",
    "encode_records",
    "incident_record",
    "judged_record",
    "verdict_record",
]

# As OpenTelemetry calls severities.
_SEVERITIES: Mapping[Severity, str] = {
    Severity.INFO: "INFO",
    Severity.WARNING: "WARN",
    Severity.CRITICAL: "ERROR",
}
_CALM = "INFO"


@dataclass(frozen=True, slots=True)
class Record:
    """One event: its name, what it says, and its figures."""

    event: str
    body: str
    severity: str  # TRACE, DEBUG, INFO, WARN, ERROR or FATAL
    attributes: Mapping[str, object]
    span: SpanRef | None = None
    at: int = 0  # nanoseconds since 1970


def verdict_record(verdict: Verdict, span: SpanRef | None = None) -> Record:
    """A verdict: what its monitor says of one series in one window."""
    window = verdict.window
    figures = {
        "watchkeeper.model.name": verdict.model,
        "watchkeeper.model.version": verdict.version,
        "watchkeeper.model.arm": verdict.arm,
        "watchkeeper.monitor.name": verdict.monitor,
        "watchkeeper.column.name": verdict.column,
        "watchkeeper.segment": verdict.segment,
        "watchkeeper.verdict.id": verdict.id,
        "watchkeeper.verdict.status": str(verdict.status),
        "watchkeeper.verdict.what": verdict.what,
        "watchkeeper.verdict.value": verdict.value,
        "watchkeeper.verdict.low": verdict.low,
        "watchkeeper.verdict.high": verdict.high,
        "watchkeeper.verdict.n": verdict.n,
        "watchkeeper.verdict.provisional": verdict.provisional,
        "watchkeeper.window.start": window and window.start.isoformat(),
        "watchkeeper.window.end": window and window.end.isoformat(),
        "watchkeeper.known_at": verdict.known_at and verdict.known_at.isoformat(),
    }
    loud = verdict.status in (Status.ALERT, Status.ERROR)
    severity = _SEVERITIES[verdict.severity] if loud else _CALM
    return Record("watchkeeper.verdict", verdict.message, severity, figures, span)


def judged_record(
    model: str, verdicts: Sequence[Verdict], *, left_out: int, span: SpanRef | None = None
) -> Record:
    """A window that was judged: how many verdicts of which status, and of how many nothing more is
    told.
    """
    windows = [verdict.window for verdict in verdicts if verdict.window is not None]
    counts = {
        f"watchkeeper.verdicts.{status}": sum(verdict.status is status for verdict in verdicts)
        for status in Status
    }
    figures: dict[str, object] = {
        "watchkeeper.model.name": model,
        "watchkeeper.window.start": windows[0].start.isoformat() if windows else None,
        "watchkeeper.window.end": windows[0].end.isoformat() if windows else None,
        "watchkeeper.verdicts.left_out": left_out,
        **counts,
    }
    alarms = counts[f"watchkeeper.verdicts.{Status.ALERT}"]
    body = f"{model}: a window was judged, {len(verdicts)} verdicts, {alarms} of them alarm"
    return Record("watchkeeper.judged", body, _CALM, figures, span)


def incident_record(incident: Incident, span: SpanRef | None = None) -> Record:
    """An incident that changed."""
    figures = {
        "watchkeeper.model.name": incident.model,
        "watchkeeper.incident.id": incident.id,
        "watchkeeper.incident.state": str(incident.state),
        "watchkeeper.incident.cause": incident.cause,
        "watchkeeper.incident.alerts": len(incident.alerts),
        "watchkeeper.incident.opened_at": incident.opened_at.isoformat(),
        "watchkeeper.incident.acknowledged_by": incident.acknowledged_by,
        "watchkeeper.incident.assignee": incident.assignee,
        "watchkeeper.severity": str(incident.severity),
    }
    return Record(
        "watchkeeper.incident", incident.title, _SEVERITIES[incident.severity], figures, span
    )


def alert_record(alert: Alert, span: SpanRef | None = None) -> Record:
    """An alert of an incident that changed."""
    figures = {
        "watchkeeper.model.name": alert.model,
        "watchkeeper.model.version": alert.version,
        "watchkeeper.monitor.name": alert.monitor,
        "watchkeeper.column.name": alert.column,
        "watchkeeper.segment": alert.segment,
        "watchkeeper.alert.id": alert.id,
        "watchkeeper.alert.state": str(alert.state),
        "watchkeeper.alert.opened_at": alert.opened_at.isoformat(),
        "watchkeeper.incident.id": alert.incident,
        "watchkeeper.severity": str(alert.severity),
    }
    return Record("watchkeeper.alert", alert.message, _SEVERITIES[alert.severity], figures, span)


def encode_records(
    records: Sequence[Record],
    export: Export,
    version: str,
    *,
    clock: Callable[[], int] = time.time_ns,
) -> bytes:
    """A request with log records."""
    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
    from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope
    from opentelemetry.proto.logs.v1.logs_pb2 import ResourceLogs, ScopeLogs
    from opentelemetry.proto.resource.v1.resource_pb2 import Resource

    from watchkeeper.interop.otel.messages import attributes

    longest = export.longest_value
    made = [_encoded(record, longest, clock()) for record in records]
    scope = ScopeLogs(
        scope=InstrumentationScope(name="watchkeeper", version=version), log_records=made
    )
    resource = Resource(attributes=attributes(export.resource, longest))
    held = ResourceLogs(resource=resource, scope_logs=[scope])
    return bytes(ExportLogsServiceRequest(resource_logs=[held]).SerializeToString())


def _encoded(record: Record, longest: int, now: int) -> LogRecord:
    from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, SeverityNumber

    from watchkeeper.interop.otel.messages import any_value, attributes

    made = LogRecord(
        time_unix_nano=record.at or now,
        observed_time_unix_nano=now,
        severity_number=SeverityNumber.Value(f"SEVERITY_NUMBER_{record.severity}"),
        severity_text=record.severity,
        body=any_value(record.body, longest),
        attributes=attributes(record.attributes, longest),
        event_name=record.event,
    )
    if record.span is not None:
        made.trace_id = bytes.fromhex(record.span.trace_id)
        made.span_id = bytes.fromhex(record.span.span_id)
        made.flags = int(record.span.sampled)
    return made
