"""The connection test: one real item of each signal is sent, and what came back is told.

An empty request would not do: receivers answer it with success without looking at much. What the
answer cannot tell is told as such: some receivers (New Relic is one) say yes to data that they
find fault with later.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from secrets import token_hex

from watchkeeper.domain.tracing import SpanRef
from watchkeeper.interop.otel.metrics import encode_metrics
from watchkeeper.interop.otel.records import Record, encode_records
from watchkeeper.interop.otel.target import Export, Protocol, Signal, Target
from watchkeeper.interop.otel.transport import Answer, open_transport

__all__ = ["Probed", "probe"]

_NAME = "watchkeeper.connection.test"


@dataclass(frozen=True, slots=True)
class Probed:
    """What the test of one signal found. ``ok``: the receiver took all of it."""

    signal: Signal
    protocol: Protocol
    endpoint: str
    ok: bool
    seconds: float
    detail: str


def probe(export: Export, *, version: str) -> tuple[Probed, ...]:
    """Send one item to each target, once, and tell what it answered."""
    return tuple(_one(target, export, version) for target in export.targets)


def _one(target: Target, export: Export, version: str) -> Probed:
    body = _body(target.signal, export, version)
    transport = open_transport(target)
    began = time.monotonic()
    try:
        answer = transport.send(body)
    finally:
        transport.close()
    return Probed(
        target.signal,
        target.protocol,
        target.endpoint,
        answer.taken and not answer.rejected,
        time.monotonic() - began,
        _told(answer),
    )


def _told(answer: Answer) -> str:
    if answer.taken and not answer.rejected:
        return answer.detail and f"taken, with a warning: {answer.detail}"
    if answer.taken:
        return f"the receiver answers with success and takes nothing: {answer.detail}"
    return answer.detail


def _body(signal: Signal, export: Export, version: str) -> bytes:
    about = {"watchkeeper.test": True}
    if signal is Signal.METRICS:
        return _gauge(export, version)
    if signal is Signal.LOGS:
        record = Record(_NAME, "Watchkeeper tests the connection.", "INFO", about)
        ref = SpanRef(token_hex(16), token_hex(8))
        return encode_records([replace(record, span=ref)], export, version)
    from watchkeeper.interop.otel import traces

    return traces.encode_one(_NAME, about, export, version)


def _gauge(export: Export, version: str) -> bytes:
    from opentelemetry.proto.metrics.v1.metrics_pb2 import Gauge, Metric, NumberDataPoint

    point = NumberDataPoint(time_unix_nano=time.time_ns(), as_int=1)
    gauge = Gauge(data_points=[point])
    metric = Metric(name=_NAME, unit="1", description="1 for each test.", gauge=gauge)
    return bytes(encode_metrics([metric], export.resource, version).SerializeToString())
