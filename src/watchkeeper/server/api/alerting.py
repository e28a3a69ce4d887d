"""What people lay down about telling: inhibitions, time intervals, rotas and escalations."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Body, Query
from pydantic import AwareDatetime

from watchkeeper.server.api.dependencies import Admin, HubOf, Reader
from watchkeeper.server.wire.envelope import Envelope
from watchkeeper.server.wire.routes import RouteApplied, RouteWire
from watchkeeper.server.wire.silences import OnCallWire

__all__ = ["router"]

router = APIRouter(prefix="/api/v1", tags=["alerting"])


class AlertingKind(StrEnum):
    """The kinds of definitions beside routes, as they stand in addresses."""

    INHIBIT_RULES = "inhibit-rules"
    TIME_INTERVALS = "time-intervals"
    ROTAS = "rotas"
    ESCALATIONS = "escalations"


@router.get("/alerting/{kind}")
def list_alerting(hub: HubOf, _: Reader, kind: AlertingKind) -> Envelope[list[RouteWire]]:
    """Every definition of the kind, in the order of their names."""
    return Envelope(data=hub.alerting[kind].all())


@router.get("/alerting/{kind}/{name}")
def get_alerting(hub: HubOf, _: Reader, kind: AlertingKind, name: str) -> Envelope[RouteWire]:
    """One definition."""
    return Envelope(data=hub.alerting[kind].get(name))


@router.put("/alerting/{kind}/{name}")
def put_alerting(
    hub: HubOf,
    caller: Admin,
    kind: AlertingKind,
    name: str,
    definition: Annotated[dict[str, object], Body(description="a document of the kind")],
    *,
    plan: Annotated[bool, Query(description="only say what would change")] = False,
) -> Envelope[RouteApplied]:
    """Apply a definition; applying the same one again changes nothing."""
    found = hub.alerting[kind].apply(name, definition, by=caller.name, only_plan=plan)
    return Envelope(data=found)


@router.get("/on-call")
def list_on_call(
    hub: HubOf,
    _: Reader,
    rota: str | None = None,
    at: Annotated[AwareDatetime | None, Query(description="without it: now")] = None,
    days: Annotated[int, Query(ge=1, le=92, description="how far to look ahead")] = 14,
) -> Envelope[list[OnCallWire]]:
    """Who is on call of each rota, and who is afterwards."""
    return Envelope(data=hub.on_call.all(rota, at, days=days))
