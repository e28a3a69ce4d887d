"""OTLP over gRPC. Imports the extra's library: import it late."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import grpc

from watchkeeper.errors import InvalidInput
from watchkeeper.interop.otel.messages import METHODS
from watchkeeper.interop.otel.target import Target
from watchkeeper.interop.otel.transport import Answer, answer_of

__all__ = ["GrpcTransport"]

# OTLP, "OTLP/gRPC Response": of the failures these may be tried again.
_AGAIN = frozenset(
    {
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.ABORTED,
        grpc.StatusCode.OUT_OF_RANGE,
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DATA_LOSS,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
    }
)
_SHOWN = 300


class GrpcTransport:
    """Sends requests of one signal over one channel."""

    def __init__(self, target: Target) -> None:
        self._target = target
        parts = urlsplit(target.endpoint)
        options = [("grpc.primary_user_agent", "watchkeeper")]
        if parts.scheme == "https":
            self._channel = grpc.secure_channel(parts.netloc, _credentials(target), options)
        else:
            self._channel = grpc.insecure_channel(parts.netloc, options)
        self._call = self._channel.unary_unary(
            METHODS[target.signal], request_serializer=bytes, response_deserializer=bytes
        )

    def send(self, body: bytes) -> Answer:
        """Send one request."""
        packed = grpc.Compression.Gzip if self._target.gzip else grpc.Compression.NoCompression
        try:
            content = self._call(
                body,
                timeout=self._target.timeout_seconds,
                metadata=tuple(self._target.headers.items()),
                compression=packed,
            )
        except grpc.RpcError as error:
            code = error.code()
            said = " ".join(str(error.details() or "").split())[:_SHOWN]
            return Answer(
                taken=False, again=code in _AGAIN, detail=f"gRPC {code.name}: {said}".rstrip(": ")
            )
        except ValueError as error:  # headers that gRPC does not carry
            return Answer(taken=False, detail=f"the request cannot be sent: {error}")
        return answer_of(self._target.signal, content)

    def close(self) -> None:
        """Close the channel."""
        self._channel.close()


def _credentials(target: Target) -> grpc.ChannelCredentials:
    return grpc.ssl_channel_credentials(
        _content(target.ca_file), _content(target.client_key), _content(target.client_certificate)
    )


def _content(path: str | None) -> bytes | None:
    try:
        return None if path is None else Path(path).read_bytes()
    except OSError as error:
        raise InvalidInput(
            f"the certificate file {path} must be readable: {error.strerror}"
        ) from error
