"""Is it alive, is it ready, and its own figures: for probes and scrapers, without a key."""

from __future__ import annotations

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse

from watchkeeper.server.api.dependencies import HubOf

__all__ = ["router"]

router = APIRouter(tags=["health"])
_TEXT: dict[int | str, dict[str, object]] = {
    200: {"description": "plain text", "content": {"text/plain": {"schema": {"type": "string"}}}}
}


@router.get("/healthz", responses=_TEXT, response_model=None)
async def get_health() -> PlainTextResponse:
    """Answers while the process lives."""
    return PlainTextResponse("ok")


@router.get("/readyz", responses=_TEXT, response_model=None)
def get_readiness(hub: HubOf) -> PlainTextResponse:
    """Answers 200 when a batch could be acknowledged now, 503 otherwise."""
    hub.progress.require_ready()
    return PlainTextResponse("ready")


@router.get("/metrics", responses=_TEXT, response_model=None)
def get_metrics(hub: HubOf) -> Response:
    """The server's own figures in Prometheus' text format."""
    text, media_type = hub.telemetry.exposition()
    return Response(text, media_type=media_type)
