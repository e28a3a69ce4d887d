"""What happens around every request: security headers, and figures for `/metrics`."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from watchkeeper.sdk.trace import current_trace, traceparent_of
from watchkeeper.server.metrics import Telemetry
from watchkeeper.server.static import HEADERS

__all__ = ["WatchRequests"]


class WatchRequests:
    """Adds headers to every answer and counts it under its route's pattern."""

    def __init__(self, app: ASGIApp, *, telemetry: Telemetry) -> None:
        self._app = app
        self._telemetry = telemetry

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = self._telemetry.seconds(), 500
        caller = current_trace.set(_traceparent(scope))  # what is done for it belongs to its trace

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                if scope["path"].startswith("/api/"):
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            current_trace.reset(caller)
            seconds = self._telemetry.seconds() - began
            self._telemetry.answered(scope["method"], _pattern(scope), status, seconds)


def _traceparent(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == b"traceparent":
            return traceparent_of(value.decode("latin-1"))
    return None


def _pattern(scope: Scope) -> str:
    """The route's pattern; a path as it came would make a series of every name in it."""
    route = scope.get("route")
    return str(route.path) if isinstance(route, Route) else "none"
