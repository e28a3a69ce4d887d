"""What happens around every request: security headers, and figures for `/metrics`."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from watchkeeper.sdk.trace import current_trace, traceparent_of
from watchkeeper.server.logs.access import AccessLog
from watchkeeper.server.logs.context import bound, request_id
from watchkeeper.server.metrics import Telemetry
from watchkeeper.server.static import HEADERS

__all__ = ["WatchRequests"]


class WatchRequests:
    """Adds headers to every answer and counts it under its route's pattern."""

    def __init__(self, app: ASGIApp, *, telemetry: Telemetry, access: AccessLog) -> None:
        self._app = app
        self._telemetry = telemetry
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = self._telemetry.seconds(), 500
        identity = request_id(_header(scope, b"x-request-id"))
        scope.setdefault("state", {})["request_id"] = identity
        caller = current_trace.set(_traceparent(scope))  # what is done for it belongs to its trace

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-ID"] = identity
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                if scope["path"].startswith("/api/"):
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        try:
            with bound(request=identity):
                await self._app(scope, receive, watched)
        finally:
            seconds = self._telemetry.seconds() - began
            with bound(request=identity):
                self._access.tell(scope, status, seconds)
            current_trace.reset(caller)
            self._telemetry.answered(scope["method"], _pattern(scope), status, seconds)


def _traceparent(scope: Scope) -> str | None:
    return traceparent_of(_header(scope, b"traceparent"))


def _header(scope: Scope, wanted: bytes) -> str | None:
    return next((v.decode("latin-1") for name, v in scope["headers"] if name == wanted), None)


def _pattern(scope: Scope) -> str:
    """The route's pattern; a path as it came would make a series of every name in it."""
    route = scope.get("route")
    return str(route.path) if isinstance(route, Route) else "none"
