"""OTLP over HTTP, where its senders look for it: `/v1/traces`, `/v1/logs` and `/v1/metrics`."""

from __future__ import annotations

import math

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from watchkeeper.errors import (
    InvalidInput,
    RateLimited,
    TooLarge,
    TooSlow,
    Unavailable,
    WatchkeeperError,
)
from watchkeeper.interop.otel.target import Signal
from watchkeeper.server.access import Principal
from watchkeeper.server.api.body import JSON, read_body
from watchkeeper.server.api.cloud_events import Sender
from watchkeeper.server.api.dependencies import HubOf
from watchkeeper.server.hub import Hub

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["rows"])

_PROTOBUF = "application/x-protobuf"
_INVALID, _UNAVAILABLE = 3, 14  # codes of gRPC, in the body of an error
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            _PROTOBUF: {"schema": {"type": "string", "format": "binary"}},
            JSON: {"schema": {"type": "object"}},
        },
    }
}


@router.post("/traces", openapi_extra=_BODY, response_class=Response)
async def post_otlp_traces(hub: HubOf, caller: Sender, request: Request) -> Response:
    """Take in spans of model servers (OTLP); the answer comes when their rows are durable."""
    return await _take(hub, request, caller, Signal.TRACES)


@router.post("/logs", openapi_extra=_BODY, response_class=Response)
async def post_otlp_logs(hub: HubOf, caller: Sender, request: Request) -> Response:
    """Take in log records of model servers (OTLP)."""
    return await _take(hub, request, caller, Signal.LOGS)


@router.post("/metrics", openapi_extra=_BODY, response_class=Response)
async def post_otlp_metrics(hub: HubOf, caller: Sender, request: Request) -> Response:
    """Take in metrics of model servers (OTLP), told as deltas."""
    return await _take(hub, request, caller, Signal.METRICS)


async def _take(hub: Hub, request: Request, caller: Principal, signal: Signal) -> Response:
    """Any failure is told as OTLP tells it: senders repeat what they are told to and nothing else."""
    media = request.headers.get("content-type", JSON).partition(";")[0].strip().lower()
    intake = hub.intake
    try:
        await run_in_threadpool(intake.require_room, caller)
        async with read_body(request, limit=intake.limits.batch_bytes, room=intake.room) as body:
            taken = await run_in_threadpool(hub.otlp.take, signal, body.content, media)
            intake.flow.spend(caller.key, rows=taken.received, size=body.sent)
    except WatchkeeperError as error:
        return _failure(error, media)
    from watchkeeper.interop.otel.receive.decode import encode_answer

    content = encode_answer(signal, media, rejected=taken.rejected, message=taken.message)
    return Response(content, media_type=media)


def _failure(error: WatchkeeperError, media: str) -> Response:
    headers: dict[str, str] = {}
    status, code = error.http_status, _INVALID
    if isinstance(error, InvalidInput):
        status = 400  # the standard's word for what is not to be sent again
    if isinstance(error, RateLimited | Unavailable):
        wait = error.retry_after_seconds if isinstance(error, RateLimited) else 1.0
        code, headers["Retry-After"] = _UNAVAILABLE, str(max(1, math.ceil(wait)))
    if isinstance(error, TooLarge | TooSlow):
        headers["Connection"] = "close"  # what is left of the body is not waited for
    try:
        from watchkeeper.interop.otel.receive.decode import encode_failure

        shown = media if media in (_PROTOBUF, JSON) else JSON
        return Response(encode_failure(code, str(error), shown), status, headers, shown)
    except ImportError:  # without the extra there is nothing to encode it with
        return Response(str(error), status, headers, "text/plain")
