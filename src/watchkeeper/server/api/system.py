"""The installation itself: how it is, and where Prometheus finds it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse

from watchkeeper.server.api.dependencies import HubOf, Reader
from watchkeeper.server.wire.envelope import Envelope
from watchkeeper.server.wire.system import System

__all__ = ["router"]

router = APIRouter(prefix="/api/v1", tags=["system"])
_TARGETS: dict[int | str, dict[str, object]] = {
    200: {
        "description": "a list of targets, as Prometheus' HTTP service discovery reads it",
        "content": {"application/json": {"schema": {"type": "array", "items": {"type": "object"}}}},
    }
}


@router.get("/system")
def get_system(hub: HubOf, _: Reader) -> Envelope[System]:
    """Processes, loops, queues, latencies and disk: the figures of `/metrics`, for people."""
    return Envelope(data=hub.system.system())


@router.get("/prometheus/targets", responses=_TARGETS, response_model=None)
def list_targets(
    hub: HubOf,
    _: Reader,
    request: Request,
    by: Annotated[
        Literal["process", "model"],
        Query(description="`model`: each model is a target of its own, and none is left out"),
    ] = "process",
) -> JSONResponse:
    """Who can be scraped, for `http_sd_configs`: a plain list, because Prometheus reads no other."""
    found = hub.system.targets(request.url.netloc, by_model=by == "model")
    return JSONResponse([asdict(target) for target in found])
