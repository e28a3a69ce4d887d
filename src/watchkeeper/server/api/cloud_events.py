"""CloudEvents: what KServe's and Seldon's payload loggers send."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request, Security
from fastapi.security import (
    HTTPAuthorizationCredentials,
    HTTPBasic,
    HTTPBasicCredentials,
    HTTPBearer,
    SecurityScopes,
)
from starlette.concurrency import run_in_threadpool

from watchkeeper.domain.key import Scope
from watchkeeper.errors import Unauthorized
from watchkeeper.ingest.cloud_events.event import BATCH, STRUCTURED, read_events
from watchkeeper.server.access import Principal
from watchkeeper.server.api.body import read_body
from watchkeeper.server.api.dependencies import HubOf
from watchkeeper.server.wire.envelope import Envelope
from watchkeeper.server.wire.events import EventsTaken

__all__ = ["router"]

router = APIRouter(prefix="/api/v1", tags=["rows"])

_bearer = HTTPBearer(auto_error=False, description="a key, as `Authorization: Bearer <key>`")
_basic = HTTPBasic(auto_error=False, description="a key as the password; the name is not read")
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            media: {"schema": {}} for media in (STRUCTURED, BATCH, "application/json", "*/*")
        },
    }
}


def sender(
    needed: SecurityScopes,
    hub: HubOf,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
    basic: Annotated[HTTPBasicCredentials | None, Security(_basic)],
) -> Principal:
    """Who sends. A payload logger knows only an address, so the key may stand in that:
    ``https://any:KEY@host/…``.
    """
    secret = bearer.credentials if bearer is not None else basic.password if basic else None
    if secret is None:
        raise Unauthorized(
            "a key is needed: as `Authorization: Bearer <key>`, or as the password of the address"
        )
    found = hub.gate.by_secret(secret)
    for scope in needed.scopes:
        found.require(Scope(scope))
    return found


Sender = Annotated[Principal, Security(sender, scopes=[Scope.INGEST])]


@router.post("/cloudevents", openapi_extra=_BODY)
async def post_events(hub: HubOf, caller: Sender, request: Request) -> Envelope[EventsTaken]:
    """Take in events of any model, told by their inference service; the answer comes when they
    are durable.
    """
    return await _take(hub, request, caller, None)


@router.post("/models/{model}/cloudevents", openapi_extra=_BODY)
async def post_model_events(
    hub: HubOf, caller: Sender, request: Request, model: str
) -> Envelope[EventsTaken]:
    """Take in events of one model."""
    return await _take(hub, request, caller, model)


async def _take(
    hub: HubOf, request: Request, caller: Principal, model: str | None
) -> Envelope[EventsTaken]:
    intake = hub.intake
    await run_in_threadpool(intake.require_room, caller)
    async with read_body(request, limit=intake.limits.batch_bytes, room=intake.room) as body:
        events = await run_in_threadpool(read_events, request.headers, body.content)
        intake.flow.spend(caller.key, rows=len(events), size=body.sent)
        taken = await run_in_threadpool(hub.events.take, events, model=model)
    return Envelope(data=taken)
