"""Errors on the wire: one shape for all of them, and nothing leaks out of the unexpected ones."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from watchkeeper.errors import (
    RateLimited,
    TooLarge,
    TooSlow,
    Unauthorized,
    Unavailable,
    WatchkeeperError,
)
from watchkeeper.server.wire.envelope import ErrorBody, ErrorEnvelope

__all__ = ["install_error_handlers"]

_log = logging.getLogger(__name__)
_CODES = {404: "not_found", 405: "method_not_allowed", 413: "too_large"}
_RETRY_AFTER_SECONDS = "1"


def install_error_handlers(app: FastAPI) -> None:
    """Make every failure answer in the one error shape."""
    app.add_exception_handler(WatchkeeperError, _expected)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _framework)
    app.add_exception_handler(Exception, _unexpected)


async def _expected(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, WatchkeeperError) or error.http_status == 500:
        return await _unexpected(request, error)
    headers = {}
    if isinstance(error, Unauthorized):
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, RateLimited):
        headers["Retry-After"] = str(max(1, math.ceil(error.retry_after_seconds)))
    if isinstance(error, Unavailable):
        headers["Retry-After"] = _RETRY_AFTER_SECONDS
    if isinstance(error, TooLarge | TooSlow):
        headers["Connection"] = "close"  # what is left of the body is not waited for
    return _answer(error.http_status, error.code, str(error), headers=headers)


async def _malformed(_: Request, error: Exception) -> JSONResponse:
    found: Sequence[Any] = error.errors() if isinstance(error, RequestValidationError) else []
    details = [
        {"where": ".".join(str(step) for step in item["loc"]), "problem": item["msg"]}
        for item in found
    ]
    first = details[0] if details else {"where": "request", "problem": "malformed"}
    return _answer(422, "invalid_input", f"{first['where']}: {first['problem']}", details=details)


async def _framework(_: Request, error: Exception) -> JSONResponse:
    status = error.status_code if isinstance(error, HTTPException) else 500
    detail = str(error.detail) if isinstance(error, HTTPException) else ""
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    return _answer(status, _CODES.get(status, "invalid_input"), detail, headers=headers)


async def _unexpected(request: Request, error: Exception) -> JSONResponse:
    """The caller gets an id to ask about; what happened stands in the log under it."""
    ticket = getattr(request.state, "request_id", None) or uuid4().hex
    _log.error(
        "request failed ticket=%s method=%s path=%s",
        ticket,
        request.method,
        request.url.path,
        exc_info=error,
    )
    return _answer(
        500,
        "internal",
        f"something unexpected went wrong; the server's log tells it under {ticket}",
    )


def _answer(
    status: int,
    code: str,
    message: str,
    *,
    details: Sequence[dict[str, object]] = (),
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    body = ErrorEnvelope(error=ErrorBody(code=code, message=message, details=list(details)))
    return JSONResponse(body.model_dump(mode="json"), status_code=status, headers=headers)
