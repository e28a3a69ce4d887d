"""Middleware for ASGI services: FastAPI, Starlette, Litestar, Quart, Django."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, MutableMapping, Sequence
from typing import Any

from watchkeeper.sdk.client import Client
from watchkeeper.sdk.endpoints import MAX_BODY_BYTES, Endpoint, Endpoints, Exchange
from watchkeeper.sdk.trace import current_trace

__all__ = ["WatchASGI"]

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
_QUICK_BYTES = 64 * 1024  # about half a millisecond of JSON


class WatchASGI:
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
    A row is logged when the last byte of the answer was handed to the server. An answer of 5xx and
    an exception are logged as errors; 4xx means that the request was at fault, and is not logged.
    Bodies that are no JSON, streams among them, are counted as dropped. What is logged inside a
    watched request, by `watch` too, carries its trace.

    Examples
    --------
    ::

        app.add_middleware(wk.WatchASGI, endpoints=[wk.Endpoint(path="/predict", model="rides")])
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

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or another event of the server's."""
        exchange = self._begin(scope)
        if exchange is None:
            await self._app(scope, receive, send)
            return
        token = current_trace.set(exchange.trace)
        try:
            await self._app(scope, _hearing(receive, exchange), _saying(send, exchange))
        except BaseException as error:
            if not exchange.is_answered:  # else it is of something after the answer
                exchange.failed(error)
            raise
        finally:
            current_trace.reset(token)
        if not exchange.is_answered:
            exchange.log()

    def _begin(self, scope: Scope) -> Exchange | None:
        if scope["type"] != "http":
            return None
        path, root = scope["path"], scope.get("root_path", "")
        below = path.removeprefix(root) if root else path
        return self._endpoints.begin(
            scope["method"], below or "/", lambda name: _headers(scope["headers"]).get(name)
        )


def _hearing(receive: Receive, exchange: Exchange) -> Receive:
    async def hear() -> MutableMapping[str, Any]:
        message = await receive()
        if message["type"] == "http.request":
            exchange.request.add(message.get("body", b""))
        return message

    return hear


def _saying(send: Send, exchange: Exchange) -> Send:
    async def say(message: MutableMapping[str, Any]) -> None:
        await send(message)
        if message["type"] == "http.response.start":
            exchange.answers(message["status"], _headers(message.get("headers", ())))
        elif message["type"] == "http.response.body":
            if exchange.wants_answer:
                exchange.response.add(message.get("body", b""))
            if not message.get("more_body", False):
                exchange.answered()
                _log(exchange)

    return say


def _log(exchange: Exchange) -> None:
    """Log at once, or where there is much to read in a thread, so that others are not held up."""
    if exchange.bytes <= _QUICK_BYTES:
        exchange.log()
        return
    try:
        asyncio.get_running_loop().run_in_executor(None, exchange.log)
    except RuntimeError:  # another event loop than asyncio's
        exchange.log()


def _headers(pairs: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in pairs}
