"""From the messages of OTLP to items. Imports the extra's library: import it late."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import Message
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality, Metric
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from watchkeeper.interop.otel.messages import plain, plain_attributes
from watchkeeper.interop.otel.receive.conventions import served_of
from watchkeeper.interop.otel.receive.item import Item
from watchkeeper.interop.otel.target import Signal

__all__ = ["Unreadable", "items_of", "size_of"]

_KINDS = {1: "internal", 2: "server", 3: "client", 4: "producer", 5: "consumer"}
_LONGEST_ERROR = 1_000
_DELTA = AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Pieces that cannot become items, and why."""

    number: int
    why: str


def size_of(signal: Signal, request: Message) -> int:
    """How many spans, records or points a request holds."""
    if signal is Signal.METRICS:
        return sum(len(_points(m)) for _, metrics in _scoped(signal, request) for m in metrics)
    return sum(len(pieces) for _, pieces in _scoped(signal, request))


def items_of(signal: Signal, request: Message) -> Iterator[Item | Unreadable]:
    """The items of a request."""
    for resource, pieces in _scoped(signal, request):
        service = str(resource.get("service.name", ""))
        if signal is Signal.TRACES:
            yield from (_span(span, resource, service) for span in pieces)
        elif signal is Signal.LOGS:
            yield from (_record(record, resource, service) for record in pieces)
        else:
            yield from _moments(pieces, resource, service)


def _scoped(signal: Signal, request: Message) -> Iterator[tuple[dict[str, object], Sequence[Any]]]:
    """The resource's attributes and the pieces, scope by scope."""
    if signal is Signal.TRACES:
        for held in request.resource_spans:
            about = plain_attributes(held.resource.attributes)
            yield from ((about, scope.spans) for scope in held.scope_spans)
    elif signal is Signal.LOGS:
        for held in request.resource_logs:
            about = plain_attributes(held.resource.attributes)
            yield from ((about, scope.log_records) for scope in held.scope_logs)
    else:
        for held in request.resource_metrics:
            about = plain_attributes(held.resource.attributes)
            yield from ((about, scope.metrics) for scope in held.scope_metrics)


def _span(span: Span, resource: Mapping[str, object], service: str) -> Item:
    own = plain_attributes(span.attributes)
    took = span.end_time_unix_nano - span.start_time_unix_nano
    ended = span.end_time_unix_nano and took >= 0
    return Item(
        service=service,
        name=span.name,
        time=span.start_time_unix_nano,
        seconds=took / 1e9 if ended else None,
        error=_error(span, own),
        trace_id=_hex(span.trace_id, 16),
        span_id=_hex(span.span_id, 8),
        values={**resource, **own},
        served=served_of(span.name, _KINDS.get(span.kind, ""), own),
    )


def _error(span: Span, own: Mapping[str, object]) -> str | None:
    """Why a request failed: a status of error, else an HTTP status of 500 and above."""
    if span.status.code == Status.StatusCode.STATUS_CODE_ERROR:
        kind = own.get("error.type") or own.get("exception.type")
        told = span.status.message or _exception(span.events) or (str(kind) if kind else "error")
        return told[:_LONGEST_ERROR]
    code = own.get("http.response.status_code", own.get("http.status_code"))
    failed = isinstance(code, int) and code >= 500
    return f"HTTP {code}" if failed else None


def _exception(events: Iterable[Span.Event]) -> str:
    for event in events:
        if event.name == "exception":
            told = plain_attributes(event.attributes)
            parts = (told.get("exception.type"), told.get("exception.message"))
            return ": ".join(str(part) for part in parts if part)
    return ""


def _record(record: LogRecord, resource: Mapping[str, object], service: str) -> Item:
    own = plain_attributes(record.attributes)
    body = plain(record.body)
    said = body if isinstance(body, dict) else {} if body is None else {"body": body}
    name = record.event_name or str(own.get("event.name", ""))
    values = {**resource, **said, **own}
    return Item(
        service=service,
        name=name,
        time=record.time_unix_nano or record.observed_time_unix_nano,
        trace_id=_hex(record.trace_id, 16),
        span_id=_hex(record.span_id, 8),
        values=values,
        served=served_of(name, "", values),
    )


def _moments(
    metrics: Sequence[Metric], resource: Mapping[str, object], service: str
) -> Iterator[Item | Unreadable]:
    """One item for all points of one moment that are of the same thing."""
    found: dict[tuple[int, tuple[tuple[str, str], ...]], dict[str, object]] = defaultdict(dict)
    about: dict[tuple[int, tuple[tuple[str, str], ...]], dict[str, object]] = {}
    cumulative = 0
    for metric in metrics:
        if _is_cumulative(metric):
            cumulative += len(_points(metric))
            continue
        for point in _points(metric):
            own = plain_attributes(point.attributes)
            place = (point.time_unix_nano, tuple(sorted((k, str(v)) for k, v in own.items())))
            found[place].update(_figures(metric.name, point))
            about[place] = own
    for place, figures in found.items():
        values = {**resource, **about[place], **figures}
        yield Item(service, "", place[0], values=values, served=served_of("", "", values))
    if cumulative:
        yield Unreadable(
            cumulative,
            "sums must be told as deltas: set OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE="
            "delta, or put a cumulativetodelta processor before",
        )


def _points(metric: Metric) -> Sequence[Any]:
    kind = metric.WhichOneof("data")
    return () if kind is None else getattr(metric, kind).data_points


def _is_cumulative(metric: Metric) -> bool:
    kind = metric.WhichOneof("data")
    if kind in ("gauge", None):
        return False
    if kind == "summary":
        return True
    held = getattr(metric, kind)
    falls = kind == "sum" and not held.is_monotonic  # a level, such as what is in use
    return held.aggregation_temporality != _DELTA and not falls


def _figures(name: str, point: Any) -> dict[str, object]:
    """A number under the metric's name; of a histogram its count and mean."""
    if hasattr(point, "as_double"):
        kind = point.WhichOneof("value")
        return {} if kind is None else {name: getattr(point, kind)}
    mean = (
        {f"{name}.mean": point.sum / point.count} if point.count and point.HasField("sum") else {}
    )
    return {f"{name}.count": point.count, **mean}


def _hex(identity: bytes, size: int) -> str | None:
    return identity.hex() if len(identity) == size and any(identity) else None
