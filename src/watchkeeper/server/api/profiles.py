"""Profiles in: windows that clients counted themselves, in the place of their rows."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool

from watchkeeper.domain.sending import decode_sending
from watchkeeper.server.api.body import read_body
from watchkeeper.server.api.dependencies import HubOf, Ingester
from watchkeeper.server.api.rows import BatchId, Client
from watchkeeper.server.wire.envelope import Envelope
from watchkeeper.server.wire.ingest import Acknowledged
from watchkeeper.server.wire.profiles import BasisOut, profiles_schema

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/models/{model}", tags=["rows"])

_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": profiles_schema()}},
    }
}


@router.get("/basis")
async def get_basis(hub: HubOf, caller: Ingester, model: str) -> Envelope[BasisOut]:
    """What a client needs to count rows itself: the definition, and the reference's binnings."""
    del caller
    return Envelope(data=await run_in_threadpool(hub.profiles.basis, model))


@router.post("/profiles", openapi_extra=_BODY)
async def post_profiles(
    hub: HubOf,
    caller: Ingester,
    request: Request,
    model: str,
    *,
    batch: BatchId = None,
    client: Client = None,
) -> Envelope[Acknowledged]:
    """Take in profiles of windows; the answer comes when they are durable."""
    said = None if client is None else decode_sending(client)
    intake = hub.intake
    await run_in_threadpool(intake.require_room, caller)
    async with read_body(request, limit=intake.limits.batch_bytes, room=intake.room) as body:

        def take() -> Acknowledged:
            intake.flow.spend(caller.key, rows=0, size=body.sent)
            return hub.profiles.take(model, body.content, batch=batch, caller=caller, sending=said)

        return Envelope(data=await run_in_threadpool(take))
