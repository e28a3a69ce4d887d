"""Rows in: predictions, labels and the reference, as JSON, Arrow or Parquet."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from starlette.concurrency import run_in_threadpool

from watchkeeper.domain.sending import SENDING_HEADER, decode_sending
from watchkeeper.ingest.rows import RowKind
from watchkeeper.server.api.body import ARROW_STREAM, NDJSON, PARQUET, read_body
from watchkeeper.server.api.dependencies import Admin, HubOf, Ingester
from watchkeeper.server.intake import Arrival
from watchkeeper.server.wire.envelope import Envelope
from watchkeeper.server.wire.ingest import Acknowledged, ReferenceStored, RowsIn

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/models/{model}", tags=["rows"])

_BINARY = {"schema": {"type": "string", "format": "binary"}}
_ROWS_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": RowsIn.model_json_schema()},
            NDJSON: {"schema": {"type": "string", "description": "one row as JSON a line"}},
            ARROW_STREAM: _BINARY,
            PARQUET: _BINARY,
        },
    }
}
_TABLE_BODY = {
    "requestBody": {"required": True, "content": {PARQUET: _BINARY, ARROW_STREAM: _BINARY}}
}

BatchId = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        max_length=200,
        description="the batch's id: sending it again changes nothing",
    ),
]
KnownAt = Annotated[
    datetime | None,
    Query(description="when the rows were known (scope backfill); it drives the model's clock"),
]
Client = Annotated[
    str | None,
    Header(
        alias=SENDING_HEADER,
        max_length=4_000,
        description="what the client says of itself, as JSON: its id, the numbers of the rows, its "
        "clock and counts; see the how-to on accounting for every row",
    ),
]


@router.post("/predictions", openapi_extra=_ROWS_BODY)
async def post_predictions(  # noqa: PLR0913  one parameter a header is how FastAPI documents them
    hub: HubOf,
    caller: Ingester,
    request: Request,
    model: str,
    *,
    batch: BatchId = None,
    known_at: KnownAt = None,
    client: Client = None,
) -> Envelope[Acknowledged]:
    """Take in predictions; the answer comes when they are durable."""
    said = None if client is None else decode_sending(client)
    arrival = Arrival(model, RowKind.PREDICTIONS, batch, known_at, caller, said)
    return await _take(hub, request, arrival)


@router.post("/labels", openapi_extra=_ROWS_BODY)
async def post_labels(  # noqa: PLR0913  as above
    hub: HubOf,
    caller: Ingester,
    request: Request,
    model: str,
    *,
    batch: BatchId = None,
    known_at: KnownAt = None,
    client: Client = None,
) -> Envelope[Acknowledged]:
    """Take in labels: before, with or long after their predictions."""
    said = None if client is None else decode_sending(client)
    arrival = Arrival(model, RowKind.LABELS, batch, known_at, caller, said)
    return await _take(hub, request, arrival)


@router.post("/reference", openapi_extra=_TABLE_BODY)
async def post_reference(
    hub: HubOf, caller: Admin, request: Request, model: str
) -> Envelope[ReferenceStored]:
    """Store what windows are compared against: training or validation data with labels."""
    limits, room = hub.intake.limits, hub.intake.room
    async with read_body(request, limit=limits.reference_bytes, room=room) as body:
        stored = await run_in_threadpool(hub.intake.store_reference, model, body, by=caller.name)
    return Envelope(data=stored)


async def _take(hub: HubOf, request: Request, arrival: Arrival) -> Envelope[Acknowledged]:
    intake = hub.intake
    if intake.knows_room():
        intake.require_room(arrival.caller)
    else:
        await run_in_threadpool(intake.require_room, arrival.caller)
    async with read_body(request, limit=intake.limits.batch_bytes, room=intake.room) as body:
        return Envelope(data=await run_in_threadpool(intake.take, arrival, body))
