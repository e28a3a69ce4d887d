"""The access log: one line a request, with who asked, what was answered and how long it took."""

from __future__ import annotations

import logging
from collections.abc import Mapping, MutableMapping
from typing import Any

__all__ = ["AccessLog"]

_log = logging.getLogger("watchkeeper.access")
_SLOW_SECONDS = 1.0
_FAILED = 400
_LONGEST_PATH = 300
# What asks again and again by itself: told only where it fails.
_PROBES = frozenset({"/healthz", "/readyz", "/metrics"})


class AccessLog:
    """``which``: all requests, those that failed or were slow, or none; at debug it tells all."""

    def __init__(self, which: str) -> None:
        self._which = which

    def tell(self, scope: MutableMapping[str, Any], status: int, seconds: float) -> None:
        """Log one request, where it is wanted."""
        level = self._level(scope["path"], status, seconds)
        if level is None or not _log.isEnabledFor(level):
            return
        client = scope.get("client")
        _log.log(
            level,
            "request method=%s path=%s status=%s seconds=%.3f client=%s caller=%s",
            scope["method"],
            scope["path"][:_LONGEST_PATH],
            status,
            seconds,
            client[0] if client else "",
            scope.get("watchkeeper.caller", ""),
            extra=_model(scope.get("path_params")),
        )

    def _level(self, path: str, status: int, seconds: float) -> int | None:
        if self._which == "none":
            return None
        if status >= 500:
            return logging.WARNING
        if status >= _FAILED or seconds > _SLOW_SECONDS:
            return logging.INFO
        told = self._which == "all" and path not in _PROBES
        return logging.INFO if told else logging.DEBUG


def _model(given: object) -> Mapping[str, str]:
    model = given.get("model") if isinstance(given, Mapping) else None
    return {"model": model} if isinstance(model, str) else {}
