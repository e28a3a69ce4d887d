"""Alert routes: which incidents go to whom."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Query

from watchkeeper.server.api.dependencies import Admin, HubOf, Operator, Reader
from watchkeeper.server.wire.envelope import Envelope
from watchkeeper.server.wire.routes import RouteApplied, RouteWire, SinkOutcome

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/routes", tags=["routes"])


@router.get("")
def list_routes(hub: HubOf, _: Reader) -> Envelope[list[RouteWire]]:
    """Every route, in the order of their names. Without any, incidents are logged."""
    return Envelope(data=hub.routes.all())


@router.get("/{route}")
def get_route(hub: HubOf, _: Reader, route: str) -> Envelope[RouteWire]:
    """One route."""
    return Envelope(data=hub.routes.get(route))


@router.post("/{route}/test")
def send_test_notice(hub: HubOf, _: Operator, route: str) -> Envelope[list[SinkOutcome]]:
    """Send a test notice through every sink of a route, now, and say what became of each."""
    return Envelope(data=hub.routes.test(route))


@router.put("/{route}")
def put_route(
    hub: HubOf,
    caller: Admin,
    route: str,
    definition: Annotated[dict[str, object], Body(description="a `kind: AlertRoute` document")],
    plan: Annotated[bool, Query(description="only say what would change")] = False,  # noqa: FBT002
) -> Envelope[RouteApplied]:
    """Apply a route; applying the same one again changes nothing."""
    return Envelope(data=hub.routes.apply(route, definition, by=caller.name, only_plan=plan))
