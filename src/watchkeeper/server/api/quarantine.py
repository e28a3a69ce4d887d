"""Rows that were not accepted, with the reason."""

from __future__ import annotations

from fastapi import APIRouter

from watchkeeper.ingest.reasons import Reason
from watchkeeper.server.api.dependencies import Cursor, HubOf, Limit, Operator, Reader
from watchkeeper.server.wire.envelope import Envelope
from watchkeeper.server.wire.quarantine import (
    QuarantinedRow,
    QuarantineReason,
    ReplayDone,
    ReplayRequest,
)

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/quarantine", tags=["quarantine"])


@router.get("")
def list_quarantine(
    hub: HubOf,
    _: Reader,
    model: str,
    reason: Reason | None = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Envelope[list[QuarantinedRow]]:
    """A model's rejected rows, the latest first."""
    found, following = hub.quarantine.page(model, reason, cursor=cursor, limit=limit)
    return Envelope(data=found, next_cursor=following)


@router.post("/replay")
def replay_quarantine(hub: HubOf, _: Operator, wanted: ReplayRequest) -> Envelope[ReplayDone]:
    """Send rejected rows again, fixed or as they are; each is taken at most once."""
    return Envelope(data=hub.replaying.run(wanted))


@router.get("/reasons")
def list_reasons(hub: HubOf, _: Reader, model: str) -> Envelope[list[QuarantineReason]]:
    """Why a model's rows were rejected and how many, the most frequent reason first."""
    return Envelope(data=hub.quarantine.reasons(model))


@router.get("/rows/{row}")
def get_quarantined_row(hub: HubOf, _: Reader, row: str, model: str) -> Envelope[QuarantinedRow]:
    """One rejected row of a model."""
    return Envelope(data=hub.quarantine.get(model, row))
