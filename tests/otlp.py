"""A receiver of OTLP that is none of ours: it decodes with OpenTelemetry's own messages, and refuses
what it was told to refuse.
"""

from __future__ import annotations

import gzip
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent import futures
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import grpc
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2 as logs
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2 as metrics
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as traces

__all__ = ["Receiver", "Refusal", "Request"]

_KINDS = {
    "traces": (traces.ExportTraceServiceRequest, traces.ExportTraceServiceResponse),
    "metrics": (metrics.ExportMetricsServiceRequest, metrics.ExportMetricsServiceResponse),
    "logs": (logs.ExportLogsServiceRequest, logs.ExportLogsServiceResponse),
}
_METHODS = {
    f"opentelemetry.proto.collector.{package}.v1.{service}": signal
    for package, service, signal in (
        ("trace", "TraceService", "traces"),
        ("metrics", "MetricsService", "metrics"),
        ("logs", "LogsService", "logs"),
    )
}


@dataclass(frozen=True, slots=True)
class Request:
    """One request: its signal, how it came, with which headers, and what it says."""

    signal: str
    via: str
    headers: Mapping[str, str]
    message: object
    size: int = 0  # bytes as sent


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a receiver answers in the place of a success; ``rejects`` a success that takes less."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    rejects: int = 0
    message: str = ""
    body: bytes | None = None


@dataclass(slots=True)
class Receiver:
    """Keeps what it is sent. ``refuse`` is asked about every request, and answers None where it is
    taken.
    """

    refuse: Callable[[Request], Refusal | None] = lambda _: None
    got: list[Request] = field(default_factory=list)
    url: str = ""
    grpc_url: str = ""

    def of(self, signal: str) -> list[Request]:
        """The requests of a signal that were taken."""
        return [request for request in list(self.got) if request.signal == signal]

    def spans(self, name: str | None = None) -> list[object]:
        """All spans, or those of a name."""
        found = [
            span
            for request in self.of("traces")
            for resource in request.message.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]
        return [span for span in found if name is None or span.name == name]

    def records(self, name: str | None = None) -> list[object]:
        """All log records, or those of an event."""
        found = [
            record
            for request in self.of("logs")
            for resource in request.message.resource_logs
            for scope in resource.scope_logs
            for record in scope.log_records
        ]
        return [record for record in found if name is None or record.event_name == name]

    def metrics(self, name: str | None = None) -> list[object]:
        """All metrics, or those of a name."""
        found = [
            metric
            for request in self.of("metrics")
            for resource in request.message.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
        ]
        return [metric for metric in found if name is None or metric.name == name]

    @contextmanager
    def running(
        self, tls: ssl.SSLContext | None = None, pair: tuple[bytes, bytes] | None = None
    ) -> Iterator[Receiver]:
        """Listen for HTTP and gRPC on free ports of this machine, encrypted with ``tls``, and with
        a key and a certificate.
        """
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        other = grpc.server(futures.ThreadPoolExecutor(4))
        other.add_generic_rpc_handlers([_services(self)])
        if pair is None:
            port = other.add_insecure_port("127.0.0.1:0")
        else:
            port = other.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([pair]))
        other.start()
        scheme = "https" if tls else "http"
        self.url = f"{scheme}://127.0.0.1:{server.server_address[1]}"
        self.grpc_url = f"{'https' if pair else 'http'}://127.0.0.1:{port}"
        try:
            yield self
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
            other.stop(0).wait()


def attributes(pairs: Sequence[object]) -> dict[str, object]:
    """Attributes as plain values."""
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in pairs}


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *arguments: object) -> None:
            pass

        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            signal = self.path.rpartition("/")[2]
            if signal not in _KINDS:
                self._answer(404, b"404 page not found", {"Content-Type": "text/plain"})
                return
            packed = self.headers.get("Content-Encoding") == "gzip"
            asked, answered = _KINDS[signal]
            message = asked.FromString(gzip.decompress(sent) if packed else sent)
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = Request(signal, "http", headers, message, len(sent))
            refusal = receiver.refuse(request)
            media = {"Content-Type": "application/x-protobuf"}
            if refusal is None:
                receiver.got.append(request)
                self._answer(200, b"", media)
            elif refusal.body is not None:
                self._answer(refusal.status, refusal.body, refusal.headers)
            elif refusal.status == 200:
                told = _partial(signal, answered(), refusal).SerializeToString()
                self._answer(200, told, media)
            else:
                told = Status(code=16, message=refusal.message).SerializeToString()
                self._answer(refusal.status, told, {**media, **refusal.headers})

        def _answer(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Handler


def _partial(signal: str, response: object, refusal: Refusal) -> object:
    counts = {"traces": "spans", "metrics": "data_points", "logs": "log_records"}
    setattr(response.partial_success, f"rejected_{counts[signal]}", refusal.rejects)
    response.partial_success.error_message = refusal.message
    return response


_CODES = {401: grpc.StatusCode.UNAUTHENTICATED, 429: grpc.StatusCode.RESOURCE_EXHAUSTED, 503: grpc.StatusCode.UNAVAILABLE}  # fmt: skip


def _services(receiver: Receiver) -> grpc.GenericRpcHandler:
    class Services(grpc.GenericRpcHandler):
        def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
            signal = _METHODS.get(details.method.strip("/").partition("/")[0])
            if signal is None:
                return None
            asked, answered = _KINDS[signal]

            def export(message: object, context: grpc.ServicerContext) -> object:
                headers = {key: str(value) for key, value in context.invocation_metadata()}
                request = Request(signal, "grpc", headers, message)
                refusal = receiver.refuse(request)
                if refusal is None:
                    receiver.got.append(request)
                    return answered()
                if refusal.status == 200:
                    return _partial(signal, answered(), refusal)
                context.abort(_CODES[refusal.status], refusal.message)
                return None

            return grpc.unary_unary_rpc_method_handler(
                export,
                request_deserializer=asked.FromString,
                response_serializer=answered.SerializeToString,
            )

    return Services()
