"""Middleware for WSGI services: Flask, Django, Bottle, Pyramid."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from watchkeeper.sdk.client import Client
from watchkeeper.sdk.endpoints import MAX_BODY_BYTES, Endpoint, Endpoints, Exchange
from watchkeeper.sdk.trace import current_trace

__all__ = ["WatchWSGI"]

Environ = dict[str, Any]
Write = Callable[[bytes], object]
StartResponse = Callable[..., Write]
App = Callable[[Environ, StartResponse], Iterable[bytes]]


class WatchWSGI:
    """Log what a service is asked and answers; requests and answers pass as they are.

    Parameters
    ----------
    app
        The service.
    endpoints
        What is watched, the first that fits; all else passes unseen.
    client
        Where rows go. None: a client that is made from the settings at the first request.
    max_body_bytes
        Larger bodies are not read: the exchange is counted as dropped.

    Notes
    -----
    As `WatchASGI`, but that a row is logged when the server closes the answer, which it does once
    all of it was sent.

    Examples
    --------
    ::

        app.wsgi_app = wk.WatchWSGI(app.wsgi_app, endpoints=[wk.Endpoint(path="/predict", model="rides")])
    """

    def __init__(
        self,
        app: App,
        *,
        endpoints: Sequence[Endpoint],
        client: Client | None = None,
        max_body_bytes: int = MAX_BODY_BYTES,
    ) -> None:
        self._app = app
        self._endpoints = Endpoints(endpoints, client, max_body_bytes)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """One request."""
        exchange = self._endpoints.begin(
            environ["REQUEST_METHOD"],
            environ.get("PATH_INFO") or "/",
            lambda name: environ.get(_VARIABLES[name]),
        )
        if exchange is None:
            return self._app(environ, start_response)
        environ["wsgi.input"] = _Heard(environ["wsgi.input"], exchange)
        token = current_trace.set(exchange.trace)
        try:
            answer = self._app(environ, _starting(start_response, exchange))
        except BaseException as error:
            exchange.failed(error)
            raise
        finally:
            current_trace.reset(token)
        if exchange.wants_answer:
            return _Said(answer, exchange)
        exchange.answered()
        exchange.log()
        return answer


_VARIABLES = {
    "content-type": "CONTENT_TYPE",
    "content-encoding": "HTTP_CONTENT_ENCODING",
    "traceparent": "HTTP_TRACEPARENT",
}


def _starting(start_response: StartResponse, exchange: Exchange) -> StartResponse:
    def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Write:
        write = start_response(status, headers, *error)
        exchange.answers(_code(status), {name.lower(): value for name, value in headers})

        def writing(part: bytes) -> object:
            exchange.response.add(part)
            return write(part)

        return writing

    return start


def _code(status: str) -> int:
    return int(status[:3]) if status[:3].isdecimal() else 0


class _Heard:
    """The input of a request, listened to."""

    def __init__(self, source: Any, exchange: Exchange) -> None:
        self._source = source
        self._exchange = exchange

    def read(self, *size: int) -> bytes:
        return self._part(self._source.read(*size))

    def readline(self, *size: int) -> bytes:
        return self._part(self._source.readline(*size))

    def readlines(self, *hint: int) -> list[bytes]:
        return [self._part(line) for line in self._source.readlines(*hint)]

    def __iter__(self) -> Iterator[bytes]:
        return map(self._part, self._source)

    def __getattr__(self, name: str) -> Any:
        """What PEP 3333 does not ask for is there where the source has it."""
        found = getattr(self._source, name)
        if name == "read1":
            return lambda *size: self._part(found(*size))
        return self._filling(found) if name == "readinto" else found

    def _filling(self, fill: Callable[[Any], int | None]) -> Callable[[Any], int | None]:
        def readinto(buffer: Any) -> int | None:
            size = fill(buffer)
            self._part(bytes(memoryview(buffer)[: size or 0]))
            return size

        return readinto

    def _part(self, part: bytes) -> bytes:
        self._exchange.request.add(part)
        return part


class _Said:
    """The parts of an answer, listened to; as long as the answer's own."""

    def __init__(self, answer: Iterable[bytes], exchange: Exchange) -> None:
        self._answer = answer
        self._exchange = exchange

    def __iter__(self) -> Iterator[bytes]:
        try:
            for part in self._answer:
                self._exchange.response.add(part)
                yield part
        except GeneratorExit:  # whoever asked has gone
            raise
        except BaseException as error:
            self._exchange.failed(error)
            raise
        self._exchange.answered()

    def __len__(self) -> int:
        return len(self._answer)  # type: ignore[arg-type]  # TypeError where it has no length

    def close(self) -> None:
        """The server has sent it all, or given up."""
        try:
            close = getattr(self._answer, "close", None)
            if close is not None:
                close()
        finally:
            self._exchange.log()
