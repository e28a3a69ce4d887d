"""What became of every row of a model, and who sent them."""

from __future__ import annotations

from fastapi import APIRouter

from watchkeeper.server.api.dependencies import Cursor, End, HubOf, Limit, Reader, Start
from watchkeeper.server.views.asked import Range
from watchkeeper.server.wire.accounting import ClientRow, ModelAccount
from watchkeeper.server.wire.envelope import Envelope

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/models/{model}", tags=["accounting"])


@router.get("/accounting")
def get_accounting(
    hub: HubOf, _: Reader, model: str, start: Start = None, end: End = None
) -> Envelope[ModelAccount]:
    """What became of the rows of every window and day."""
    return Envelope(data=hub.accounting.of(model, Range(start, end)))


@router.get("/clients")
def list_clients(
    hub: HubOf, _: Reader, model: str, *, cursor: Cursor = None, limit: Limit = 100
) -> Envelope[list[ClientRow]]:
    """The clients that sent rows, the last heard of first: gaps, counts, clocks."""
    found, following = hub.accounting.clients(model, cursor=cursor, limit=limit)
    return Envelope(data=found, next_cursor=following)
