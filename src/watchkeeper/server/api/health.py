"""Is it alive, is it ready, and its own figures: for probes and scrapers, without a key."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Query, Response
from fastapi.responses import PlainTextResponse

from watchkeeper.errors import Unavailable
from watchkeeper.server.api.dependencies import HubOf, Scraper

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
    """Answers 200 when a batch could be acknowledged now, 503 otherwise, and where it is ending."""
    if hub.draining.is_set():
        raise Unavailable("this server is ending: ask another")
    hub.progress.require_ready()
    return PlainTextResponse("ready")


@router.get("/metrics", responses=_TEXT, response_model=None)
def get_metrics(
    hub: HubOf,
    _: Scraper,
    accept: Annotated[str | None, Header()] = None,
    name: Annotated[
        list[str], Query(alias="name[]", description="only these metrics or families")
    ] = [],  # noqa: B006  FastAPI copies it
    model: Annotated[str | None, Query(description="only this model's figures")] = None,
) -> Response:
    """The figures of this installation, as Prometheus' text or, where asked for, OpenMetrics.

    Without a key where the server listens on the loopback address; else with one that may read,
    unless `WATCHKEEPER_METRICS_ACCESS` says otherwise.
    """
    text, media_type = hub.exposing.exposition(accept, name, model)
    return Response(text, media_type=media_type, headers={"Vary": "Accept"})
