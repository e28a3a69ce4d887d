"""Incidents: what is wrong, and what people do about it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from watchkeeper.domain.alert import AlertState
from watchkeeper.server.api.dependencies import Cursor, HubOf, Limit, Operator, Reader
from watchkeeper.server.wire.envelope import Envelope
from watchkeeper.server.wire.incidents import (
    IncidentAct,
    IncidentAssignment,
    IncidentDetail,
    IncidentWire,
)

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/incidents", tags=["incidents"])


@router.get("")
def list_incidents(
    hub: HubOf,
    _: Reader,
    model: str | None = None,
    state: Annotated[
        AlertState | None, Query(description="without it: open and resolved alike")
    ] = None,
    *,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Envelope[list[IncidentWire]]:
    """Incidents, the latest opened first."""
    found, following = hub.incidents.page(model, state, cursor=cursor, limit=limit)
    return Envelope(data=found, next_cursor=following)


@router.get("/{incident}")
def get_incident(hub: HubOf, _: Reader, incident: str) -> Envelope[IncidentDetail]:
    """One incident with its alerts, its timeline and its facts."""
    return Envelope(data=hub.incidents.detail(incident))


@router.post("/{incident}/acknowledge")
def acknowledge_incident(
    hub: HubOf, caller: Operator, incident: str, act: IncidentAct
) -> Envelope[IncidentDetail]:
    """Say that somebody looks after it: nothing more is sent unless it gets worse."""
    return Envelope(data=hub.incidents.acknowledge(incident, by=caller.name, note=act.note))


@router.post("/{incident}/assign")
def assign_incident(
    hub: HubOf, caller: Operator, incident: str, act: IncidentAssignment
) -> Envelope[IncidentDetail]:
    """Say who is to look after it."""
    found = hub.incidents.assign(incident, to=act.to.strip(), by=caller.name, note=act.note)
    return Envelope(data=found)


@router.post("/{incident}/note")
def note_on_incident(
    hub: HubOf, caller: Operator, incident: str, act: IncidentAct
) -> Envelope[IncidentDetail]:
    """Keep a note in its timeline."""
    return Envelope(data=hub.incidents.note(incident, by=caller.name, note=act.note))


@router.post("/{incident}/resolve")
def resolve_incident(
    hub: HubOf, caller: Operator, incident: str, act: IncidentAct
) -> Envelope[IncidentDetail]:
    """Say that it is over. Should its series still fire, they open anew."""
    return Envelope(data=hub.incidents.resolve(incident, by=caller.name, note=act.note))


@router.post("/{incident}/accept")
def accept_incident(
    hub: HubOf, caller: Operator, incident: str, act: IncidentAct
) -> Envelope[IncidentDetail]:
    """Accept a lasting change: its columns are judged against the changed data from now on."""
    return Envelope(data=hub.incidents.accept(incident, by=caller.name, note=act.note))
