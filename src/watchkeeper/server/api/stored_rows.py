"""Rows out: what is stored of a model, as JSON page by page or as one Arrow stream."""

from __future__ import annotations

import math
from datetime import date, datetime
from typing import Annotated

import pyarrow as pa
from fastapi import APIRouter, Query, Request, Response

from watchkeeper.errors import InvalidInput
from watchkeeper.server.api.body import ARROW_STREAM
from watchkeeper.server.api.dependencies import Cursor, HubOf, Limit, Reader
from watchkeeper.server.views.rows import RowsAsked, RowTable
from watchkeeper.server.wire.envelope import Envelope

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/models/{model}", tags=["rows"])

AsOf = Annotated[
    str | None,
    Query(
        max_length=60,
        description="as stored then: a version of the table, or a moment of the last week",
    ),
]
_ARROW = {"content": {ARROW_STREAM: {"schema": {"type": "string", "format": "binary"}}}}


@router.get("/rows", response_model=Envelope[list[dict[str, object]]], responses={200: _ARROW})
def list_rows(  # noqa: PLR0913  one parameter a query field is how FastAPI documents them
    hub: HubOf,
    _: Reader,
    request: Request,
    model: str,
    *,
    start: Annotated[datetime, Query(description="rows that happened then or later")],
    end: Annotated[datetime, Query(description="rows that happened before")],
    table: RowTable = RowTable.JOINED,
    known_at: Annotated[datetime | None, Query(description="as known then")] = None,
    as_of: AsOf = None,
    cursor: Cursor = None,
    limit: Limit = 200,
) -> Envelope[list[dict[str, object]]] | Response:
    """The rows of a time, as known or as stored now or then. JSON has no NaN: it is null there."""
    for name, moment in (("start", start), ("end", end), ("known_at", known_at)):
        if moment is not None and moment.tzinfo is None:
            raise InvalidInput(
                f"{name} must carry a time zone, got {moment.isoformat()!r}: write for example "
                "2013-03-01T00:00:00Z"
            )
    rows = hub.rows.of(model, RowsAsked(table, start, end, known_at, as_of))
    if ARROW_STREAM in request.headers.get("accept", ""):
        return Response(_stream(rows), media_type=ARROW_STREAM)
    first = _place(cursor)
    # Where no table is there are no columns either, and a slice of none has rows all the same.
    shown = rows.slice(first, limit).to_pylist() if rows.num_rows else []
    following = str(first + limit) if first + limit < rows.num_rows else None
    data = [{name: _plain(value) for name, value in row.items()} for row in shown]
    return Envelope(data=data, next_cursor=following)


def _stream(rows: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema) as writer:
        writer.write_table(rows)
    return bytes(sink.getvalue())


def _place(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not (cursor.isascii() and cursor.isdigit()):
        raise InvalidInput(
            f"cursor must be one that a page gave, got {cursor[:40]!r}: leave it out"
        )
    return int(cursor)


def _plain(value: object) -> object:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value
