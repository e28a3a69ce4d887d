"""Spans and log records as they arrive: names, parents, links, severities, correlation."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from otlp import Refusal, attributes
from watchkeeper.domain.alert import Alert, AlertState, Incident
from watchkeeper.domain.tracing import NO_TRACING, SpanRef
from watchkeeper.domain.verdict import Severity, Status, Verdict
from watchkeeper.domain.window import Window
from watchkeeper.interop.otel.exports import open_exports
from watchkeeper.interop.otel.outgoing import Pace
from watchkeeper.interop.otel.records import (
    alert_record,
    incident_record,
    judged_record,
    verdict_record,
)
from watchkeeper.interop.otel.target import Signal

START = datetime(2026, 3, 1, tzinfo=UTC)
VERDICT = Verdict(
    "v1", "drift", "loans", Status.ALERT, "psi", "income has drifted",
    column="income", severity=Severity.CRITICAL, value=0.4, n=900,
    window=Window(START, START + timedelta(hours=1)), known_at=START,
)  # fmt: skip
INCIDENT = Incident("i1", "loans", AlertState.OPEN, Severity.WARNING, "income", "unknown", START, START)  # fmt: skip
ALERT = Alert("a1", "k", "loans", "drift", AlertState.OPEN, Severity.WARNING, "psi", "m", START, START, column="income")  # fmt: skip
CALLER = SpanRef("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331")


@pytest.fixture(params=["http", "grpc"])
def exports(request, export):
    """Exports that send at once when they are flushed."""
    found = open_exports(export(request.param), version="1", pace=Pace(first_wait_seconds=0.0))
    yield found
    found.stop()


def test_a_span_of_a_caller(exports, receiver):
    """A span follows from its caller's, holds what was told, and others are within it."""
    with exports.tracing.span("ingest", about={"rows": 3, "none": None}, parent=CALLER) as outer:
        outer.tell(accepted=2)
        with exports.tracing.span("inner"):
            within = exports.tracing.current
    exports.spans.flush()
    (ingest,), (inner,) = receiver.spans("ingest"), receiver.spans("inner")

    assert ingest.trace_id.hex() == inner.trace_id.hex() == CALLER.trace_id
    assert (ingest.parent_span_id.hex(), inner.parent_span_id) == (CALLER.span_id, ingest.span_id)
    assert attributes(ingest.attributes) == {"rows": 3, "watchkeeper.accepted": 2}
    assert (ingest.kind, within.span_id) == (2, inner.span_id.hex())


def test_a_span_of_nobody_has_links(exports, receiver):
    """What follows from several is linked to each; it is a trace of its own."""
    with exports.tracing.span("move", links=[CALLER] * 3):
        pass
    exports.spans.flush()
    (move,) = receiver.spans("move")

    assert [link.span_id.hex() for link in move.links] == [CALLER.span_id] * 3
    assert move.trace_id.hex() != CALLER.trace_id


def test_what_a_caller_does_not_record_is_not_recorded(exports, receiver):
    """Sampling of the caller is kept to."""
    with exports.tracing.span("ingest", parent=replace(CALLER, sampled=False)) as span:
        ref = span.ref
    exports.spans.flush()

    assert (receiver.spans(), ref.sampled) == ([], False)


def test_a_failure_passes_on(exports, receiver):
    """What the block raises is told in the span, and raised."""
    with pytest.raises(ValueError, match="no"), exports.tracing.span("judge"):
        raise ValueError("no")
    exports.spans.flush()
    (judge,) = receiver.spans("judge")

    assert (judge.status.code, judge.events[0].name) == (2, "exception")


def test_records_are_in_their_trace(exports, receiver):
    """Verdict, window, incident and alert: each with its severity, figures and span."""
    records = [
        verdict_record(VERDICT, CALLER),
        verdict_record(replace(VERDICT, status=Status.OK), CALLER),
        judged_record("loans", [VERDICT], left_out=0, span=CALLER),
        incident_record(INCIDENT, CALLER),
        alert_record(ALERT),
    ]
    exports.record(records)
    exports.records.flush()
    found = receiver.records()
    verdict, calm, judged, incident, alert = found
    told = attributes(verdict.attributes)

    assert [record.severity_text for record in found] == ["ERROR", "INFO", "INFO", "WARN", "WARN"]
    assert [record.severity_number for record in found] == [17, 9, 9, 13, 13]
    assert (verdict.event_name, verdict.body.string_value) == ("watchkeeper.verdict", "income has drifted")  # fmt: skip
    assert (told["watchkeeper.column.name"], told["watchkeeper.verdict.value"], told["watchkeeper.verdict.n"]) == ("income", 0.4, 900)  # fmt: skip
    assert "watchkeeper.segment" not in told
    assert {record.trace_id.hex() for record in (verdict, calm, judged, incident)} == {CALLER.trace_id}  # fmt: skip
    assert alert.trace_id == b""
    assert verdict.time_unix_nano > 0


def test_long_values_are_cut(export, receiver):
    """No attribute is longer than the receiver takes, in spans and in records."""
    exports = open_exports(export(longest_value=100), version="1")
    exports.record([verdict_record(replace(VERDICT, message="m" * 500, column="c" * 500))])
    with exports.tracing.span("judge", about={"text": "t" * 500}):
        pass
    exports.records.flush()
    exports.spans.flush()
    exports.stop()
    values = {**attributes(receiver.records()[0].attributes), **attributes(receiver.spans()[0].attributes)}  # fmt: skip

    assert len(receiver.records()[0].body.string_value) == 100
    assert max(len(value) for value in values.values() if isinstance(value, str)) == 100


def test_a_dead_receiver_costs_nothing_but_itself(exports, receiver):
    """What it does not take is counted by signal; the caller sees nothing of it."""
    receiver.refuse = lambda _: Refusal(401, message="no")
    with exports.tracing.span("judge"):
        pass
    exports.record([verdict_record(VERDICT)])
    exports.spans.flush()
    exports.records.flush()

    assert exports.fates()[Signal.TRACES].failed == exports.fates()[Signal.LOGS].failed == 1


def test_without_exports_nothing_is_traced():
    """The seam's own tracing makes no spans, and lets all pass."""
    with NO_TRACING.span("judge", about={}, links=[CALLER]) as span:
        span.tell(rows=1)

    assert (span.ref, NO_TRACING.current, NO_TRACING.is_on) == (None, None, False)
