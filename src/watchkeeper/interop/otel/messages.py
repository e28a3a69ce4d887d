"""The messages of OTLP's services, by signal. Imports the extra's library: import it late."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2 as logs
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2 as metrics
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as traces
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList

from watchkeeper.interop.otel.target import Signal

if TYPE_CHECKING:
    from google.protobuf.message import Message

__all__ = [
    "METHODS",
    "REQUESTS",
    "RESPONSES",
    "any_value",
    "attributes",
    "partial",
    "plain",
    "plain_attributes",
    "read_status",
    "rejected_of",
    "status",
]

REQUESTS: Mapping[Signal, type[Any]] = {
    Signal.TRACES: traces.ExportTraceServiceRequest,
    Signal.METRICS: metrics.ExportMetricsServiceRequest,
    Signal.LOGS: logs.ExportLogsServiceRequest,
}
RESPONSES: Mapping[Signal, type[Any]] = {
    Signal.TRACES: traces.ExportTraceServiceResponse,
    Signal.METRICS: metrics.ExportMetricsServiceResponse,
    Signal.LOGS: logs.ExportLogsServiceResponse,
}
METHODS: Mapping[Signal, str] = {
    Signal.TRACES: "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
    Signal.METRICS: "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
    Signal.LOGS: "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
}
_REJECTED = {
    Signal.TRACES: "rejected_spans",
    Signal.METRICS: "rejected_data_points",
    Signal.LOGS: "rejected_log_records",
}
_DEEPEST = 10


def rejected_of(signal: Signal, response: Message) -> tuple[int, str]:
    """How many items a response rejects, and what it says."""
    told = response.partial_success
    return int(getattr(told, _REJECTED[signal])), str(told.error_message)


def partial(signal: Signal, rejected: int, message: str) -> Message:
    """The response that took all but ``rejected`` items; an empty one where it took all."""
    response: Message = RESPONSES[signal]()
    if rejected or message:
        told = response.partial_success
        setattr(told, _REJECTED[signal], rejected)
        told.error_message = message
    return response


def status(code: int, message: str) -> Message:
    """What an error answers with, in the place of a response."""
    made: Message = Status(code=code, message=message)
    return made


def read_status(content: bytes) -> str:
    """The sentence of an error's answer."""
    return str(Status.FromString(content).message)


def any_value(value: object, longest: int) -> AnyValue:
    """A plain value as OTLP has it, texts cut; what is none of its kinds is told as text."""
    if isinstance(value, bool):
        return AnyValue(bool_value=value)
    if isinstance(value, int) and -(2**63) <= value < 2**63:
        return AnyValue(int_value=value)
    if isinstance(value, float):
        return AnyValue(double_value=value)
    if isinstance(value, Mapping):
        pairs = [
            KeyValue(key=str(name), value=any_value(item, longest)) for name, item in value.items()
        ]
        return AnyValue(kvlist_value=KeyValueList(values=pairs))
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return AnyValue(array_value=ArrayValue(values=[any_value(v, longest) for v in value[:64]]))
    text = "" if value is None else str(value).encode("utf-8", "replace").decode()
    return AnyValue(string_value=text[:longest])


def attributes(given: Mapping[str, object], longest: int) -> list[KeyValue]:
    """Attributes; what is None is left out."""
    return [
        KeyValue(key=name, value=any_value(value, longest))
        for name, value in given.items()
        if value is not None
    ]


def plain(value: AnyValue, deep: int = 0) -> object:
    """A value as Python has it; bytes as hexadecimal digits."""
    kind = value.WhichOneof("value")
    if kind is None or deep > _DEEPEST:
        return None
    if kind == "array_value":
        return [plain(item, deep + 1) for item in value.array_value.values]
    if kind == "kvlist_value":
        return {pair.key: plain(pair.value, deep + 1) for pair in value.kvlist_value.values}
    found = getattr(value, kind)
    return found.hex() if isinstance(found, bytes) else found


def plain_attributes(pairs: Sequence[KeyValue]) -> dict[str, object]:
    """Attributes by their names; of a name that comes twice the last."""
    return {pair.key: plain(pair.value) for pair in pairs}
