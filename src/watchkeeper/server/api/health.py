"""Is it alive, is it ready, and its own figures: for probes and scrapers, without a key."""

from __future__ import annotations

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse

from watchkeeper.server.api.dependencies import HubOf

__all__ = ["router"]

router = APIRouter(tags=["health"])


@router.get("/healthz", response_class=PlainTextResponse)
async def get_health() -> str:
    """Answers while the process lives."""
    return "ok"


@router.get("/readyz", response_class=PlainTextResponse)
def get_readiness(hub: HubOf) -> str:
    """Answers 200 when a batch could be acknowledged now, 503 otherwise."""
    hub.progress.require_ready()
    return "ready"


@router.get("/metrics", response_class=PlainTextResponse)
def get_metrics(hub: HubOf) -> Response:
    """The server's own figures in Prometheus' text format."""
    text, media_type = hub.telemetry.exposition()
    return Response(text, media_type=media_type)
