"""Rows that were not accepted, with the reason."""

from __future__ import annotations

from fastapi import APIRouter

from watchkeeper.server.api.dependencies import Cursor, HubOf, Limit, Reader
from watchkeeper.server.wire.envelope import Envelope
from watchkeeper.server.wire.quarantine import QuarantinedRow

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/quarantine", tags=["quarantine"])


@router.get("")
def list_quarantine(
    hub: HubOf, _: Reader, model: str, cursor: Cursor = None, limit: Limit = 100
) -> Envelope[list[QuarantinedRow]]:
    """A model's rejected rows, the latest first."""
    found, following = hub.quarantine.page(model, cursor=cursor, limit=limit)
    return Envelope(data=found, next_cursor=following)
