"""Spans of the server's own work, made by OpenTelemetry's SDK and put into a queue of ours.

No global of the SDK is set: a program that has a tracer of its own keeps it. Sampling is as
``OTEL_TRACES_SAMPLER`` says. Imports the extra's library: import it late.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanLimits, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.util.types import AttributeValue

from watchkeeper.domain.tracing import Span, SpanRef
from watchkeeper.interop.otel.outgoing import Outgoing
from watchkeeper.interop.otel.target import Export

__all__ = ["SdkTracing", "encode", "encode_one"]

_KINDS = {
    "ingest": trace.SpanKind.SERVER,
    "move": trace.SpanKind.CONSUMER,
    "judge": trace.SpanKind.CONSUMER,
    "notify": trace.SpanKind.CLIENT,
}
_MOST_LINKS = 64


def encode(spans: Sequence[ReadableSpan]) -> bytes:
    """A request with spans."""
    return bytes(encode_spans(spans).SerializeToString())


def encode_one(name: str, about: Mapping[str, object], export: Export, version: str) -> bytes:
    """A request with one span that begins and ends now, whatever the sampling."""
    kept: list[ReadableSpan] = []

    class Kept(SpanProcessor):
        def on_end(self, span: ReadableSpan) -> None:
            kept.append(span)

    provider = TracerProvider(
        ALWAYS_ON, resource=Resource(dict(export.resource)), shutdown_on_exit=False
    )
    provider.add_span_processor(Kept())
    told = {key: _plain(value) for key, value in about.items()}
    provider.get_tracer("watchkeeper", version).start_span(name, attributes=told).end()
    return encode(kept)


class _Queued(SpanProcessor):
    """Puts what is sampled and ended into the queue, and never waits."""

    def __init__(self, outgoing: Outgoing[ReadableSpan]) -> None:
        self._outgoing = outgoing

    def on_end(self, span: ReadableSpan) -> None:
        context = span.get_span_context()
        if context is not None and context.trace_flags.sampled:
            self._outgoing.put(span)


class _Recorded:
    """A span that is being recorded."""

    def __init__(self, span: trace.Span) -> None:
        self._span = span

    @property
    def ref(self) -> SpanRef | None:
        return _ref(self._span)

    def tell(self, **figures: object) -> None:
        for name, value in figures.items():
            if value is not None:
                self._span.set_attribute(f"watchkeeper.{name}", _plain(value))


class SdkTracing:
    """Records spans."""

    is_on = True

    def __init__(self, outgoing: Outgoing[ReadableSpan], export: Export, version: str) -> None:
        limits = SpanLimits(max_attribute_length=export.longest_value, max_links=_MOST_LINKS)
        self._provider = TracerProvider(
            resource=Resource(dict(export.resource)), span_limits=limits, shutdown_on_exit=False
        )
        self._provider.add_span_processor(_Queued(outgoing))
        self._tracer = self._provider.get_tracer("watchkeeper", version)

    @property
    def current(self) -> SpanRef | None:
        """The span of the caller's block."""
        return _ref(trace.get_current_span())

    @contextmanager
    def span(
        self,
        name: str,
        *,
        about: Mapping[str, object] | None = None,
        parent: SpanRef | None = None,
        links: Sequence[SpanRef] = (),
    ) -> Iterator[Span]:
        """A span while the block runs."""
        told = {key: _plain(value) for key, value in (about or {}).items() if value is not None}
        within = None if parent is None else trace.set_span_in_context(_remote(parent))
        with self._tracer.start_as_current_span(
            name,
            context=within,
            kind=_KINDS.get(name.partition(" ")[0], trace.SpanKind.INTERNAL),
            attributes=told,
            links=[trace.Link(_context(link)) for link in links[:_MOST_LINKS]],
        ) as span:
            yield _Recorded(span)


def _ref(span: trace.Span) -> SpanRef | None:
    context = span.get_span_context()
    if not context.is_valid:
        return None
    sampled = context.trace_flags.sampled
    return SpanRef(f"{context.trace_id:032x}", f"{context.span_id:016x}", sampled=sampled)


def _context(ref: SpanRef) -> trace.SpanContext:
    flags = trace.TraceFlags(trace.TraceFlags.SAMPLED if ref.sampled else trace.TraceFlags.DEFAULT)
    return trace.SpanContext(
        int(ref.trace_id, 16), int(ref.span_id, 16), is_remote=True, trace_flags=flags
    )


def _remote(ref: SpanRef) -> trace.Span:
    return trace.NonRecordingSpan(_context(ref))


def _plain(value: object) -> AttributeValue:
    return value if isinstance(value, bool | int | float) else str(value)
