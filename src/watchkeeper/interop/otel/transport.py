"""One request to a receiver of OTLP, and all that its answer says.

The exporters of OpenTelemetry's own package say "success" of a flush to a back end that is dead,
and pass over the items that an answer of 200 rejects. Here both are told.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from time import time
from typing import TYPE_CHECKING, Protocol

import urllib3

from watchkeeper.errors import InvalidInput, NotInstalled
from watchkeeper.interop.otel import target as targets

if TYPE_CHECKING:
    from google.protobuf.message import Message

__all__ = [
    "Answer",
    "Transport",
    "answer_of",
    "open_transport",
    "require_library",
    "told_by",
    "unreachable",
]

_AGAIN = frozenset({429, 502, 503, 504})
_LONGEST_ANSWER = 64 * 1024
_SHOWN = 300
_LONGEST_WAIT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What a receiver said. ``taken``: it took the request, but for ``rejected`` items of it.

    ``again``: what was not taken may be sent again, not before ``wait_seconds`` (None: it did not
    say when). ``too_large``: in smaller parts. ``detail`` is a sentence for people, empty where
    all is well.
    """

    taken: bool
    rejected: int = 0
    again: bool = False
    too_large: bool = False
    wait_seconds: float | None = None
    detail: str = ""


class Transport(Protocol):
    """Sends requests of one signal. No method raises."""

    def send(self, body: bytes) -> Answer:
        """Send an encoded request, and wait for the answer."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...


def require_library() -> None:
    """NotInstalled where the extra is missing."""
    try:
        import opentelemetry.proto.collector.trace.v1.trace_service_pb2
        import opentelemetry.sdk.trace  # noqa: F401
    except ImportError as error:
        raise NotInstalled(
            f"OTLP needs {error.name}, which is not installed: pip install 'watchkeeper[otel]'"
        ) from error


def open_transport(target: targets.Target) -> Transport:
    """What sends there. Nothing is connected yet; InvalidInput where a certificate is missing."""
    require_library()
    if target.protocol is targets.Protocol.GRPC:
        from watchkeeper.interop.otel.transport_grpc import GrpcTransport

        return GrpcTransport(target)
    return HttpTransport(target)


class HttpTransport:
    """OTLP over HTTP, as protobuf."""

    def __init__(self, target: targets.Target) -> None:
        self._target = target
        self._headers = {
            **target.headers,
            "content-type": "application/x-protobuf",
            "user-agent": "watchkeeper",
            **({"content-encoding": "gzip"} if target.gzip else {}),
        }
        for path in (target.ca_file, target.client_certificate, target.client_key):
            _require_file(path)
        self._pool = urllib3.PoolManager(
            num_pools=1,
            maxsize=2,
            retries=False,
            timeout=urllib3.Timeout(total=target.timeout_seconds),
            ca_certs=target.ca_file,
            cert_file=target.client_certificate,
            key_file=target.client_key,
            ssl_minimum_version=_tls_1_2(),
        )

    def send(self, body: bytes) -> Answer:
        """Send one request."""
        packed = gzip.compress(body, 6, mtime=0) if self._target.gzip else body
        try:
            response = self._pool.request(
                "POST",
                self._target.endpoint,
                body=packed,
                headers=self._headers,
                redirect=False,
                preload_content=False,
            )
            content = response.read(_LONGEST_ANSWER)
            response.release_conn()
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            return unreachable(error)
        return _read(self._target.signal, response.status, response.headers, content)

    def close(self) -> None:
        """Close the connections."""
        self._pool.clear()


def _tls_1_2() -> int:
    import ssl

    return ssl.TLSVersion.TLSv1_2


def _require_file(path: str | None) -> None:
    if path is None:
        return
    try:
        with open(path, "rb"):  # noqa: PTH123  whether it can be read, not what it is
            pass
    except OSError as error:
        raise InvalidInput(
            f"the certificate file {path} must be readable: {error.strerror}"
        ) from error


def _read(
    signal: targets.Signal, status: int, headers: urllib3.HTTPHeaderDict, content: bytes
) -> Answer:
    if status == HTTPStatus.OK:
        media = headers.get("content-type", "").partition(";")[0].strip().lower()
        return answer_of(signal, content, is_json=media == "application/json")
    return told_by(status, headers, content)


def unreachable(error: Exception) -> Answer:
    """What is told where nobody answers."""
    return Answer(taken=False, again=True, detail=f"no answer: {_plain(error)}")


def told_by(status: int, headers: urllib3.HTTPHeaderDict, content: bytes) -> Answer:
    """What a status other than success means."""
    said = _said(content, headers.get("content-type", ""))
    detail = f"HTTP {status} {_phrase(status)}".rstrip() + (f": {said}" if said else "")
    if status in _AGAIN:
        wait = _retry_after(headers.get("retry-after", ""))
        return Answer(taken=False, again=True, wait_seconds=wait, detail=detail)
    return Answer(
        taken=False, too_large=status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail=detail
    )


def answer_of(signal: targets.Signal, content: bytes, *, is_json: bool = False) -> Answer:
    """The answer that an ``Export…ServiceResponse`` tells: partial success is told as rejected."""
    from google.protobuf.json_format import Parse, ParseError
    from google.protobuf.message import DecodeError

    from watchkeeper.interop.otel.messages import RESPONSES, rejected_of

    response: Message = RESPONSES[signal]()
    try:
        if is_json:
            Parse(content or b"{}", response, ignore_unknown_fields=True)
        else:
            response.ParseFromString(content)
    except (ParseError, DecodeError, UnicodeDecodeError):
        shown = content[:60].decode(errors="replace")
        return Answer(
            taken=False,
            detail=f"HTTP 200, but with an answer that is not OTLP's ({shown!r}): is this the "
            "address of a receiver?",
        )
    rejected, message = rejected_of(signal, response)
    detail = f"{rejected} rejected: {message}" if rejected else message
    return Answer(taken=True, rejected=rejected, detail=detail)


def _said(content: bytes, media: str) -> str:
    """What an error says: a `google.rpc.Status`, or text."""
    text = ""
    if "protobuf" in media:
        from google.protobuf.message import DecodeError

        from watchkeeper.interop.otel.messages import read_status

        try:
            text = read_status(content)
        except DecodeError:
            text = ""
    else:
        text = content.decode(errors="replace")
    return " ".join(text.split())[:_SHOWN]


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _retry_after(text: str) -> float | None:
    """Seconds to wait, told as a number or a date; at most a minute."""
    if not text:
        return None
    try:
        seconds = (
            float(text)
            if text.strip().isdigit()
            else parsedate_to_datetime(text).timestamp() - time()
        )
    except (ValueError, TypeError):
        return None
    return min(max(seconds, 0.0), _LONGEST_WAIT_SECONDS)


def _plain(error: BaseException) -> str:
    """An error of the connection without the objects that urllib3 puts into its text."""
    text = str(error)
    if "): " in text and text.startswith(("<", "HTTP", "(")):
        text = text.partition("): ")[2] or text
    cause = getattr(error, "reason", None)
    if isinstance(cause, BaseException):
        text = str(cause).rpartition(">: ")[2] or text
    return " ".join(text.rpartition(">: ")[2].split() or text.split())[:_SHOWN]
