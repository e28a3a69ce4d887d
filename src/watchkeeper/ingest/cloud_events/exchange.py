"""One side of an exchange as it waits for the other, and both as rows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import cast

from watchkeeper.catalog.halves import Half
from watchkeeper.domain.model import Model, Policy
from watchkeeper.domain.source import Source
from watchkeeper.ingest.cloud_events.columns import Row, answers, features
from watchkeeper.ingest.cloud_events.event import CloudEvent, Side
from watchkeeper.ingest.cloud_events.payload import read_payload
from watchkeeper.ingest.pull.mapping import gives
from watchkeeper.ingest.reasons import Reason, Refused

__all__ = ["packed", "rows_of", "unpaired"]


def packed(event: CloudEvent, model: Model, source: Source) -> bytes:
    """What one event says, in the model's columns, without those that are never stored.

    InvalidInput where its payload cannot be read.
    """
    payload = read_payload(event.data)
    read = features if event.side is Side.REQUEST else answers
    dropped = {column.name for column in model.columns if column.policy is Policy.DROP}
    rows = [
        {name: value for name, value in row.items() if name not in dropped}
        for row in read(payload.blocks, model, source)
    ]
    endpoint = event.attribute("endpoint")
    said = {
        "rows": rows,
        "at": None if event.time is None else event.time.isoformat(),
        "error": payload.error,
        "version": payload.version,
        "arm": endpoint if endpoint != "default" else None,
    }
    return json.dumps(said).encode()


def rows_of(half: Half, model: Model) -> list[Row | Refused]:
    """The rows of an exchange: what was asked beside what was answered. An id follows from the
    event's: alone where it has one row, else with the row's number, from 0.
    """
    asked, answered = _said(half.request), _said(half.response)
    rows, given = _rows(asked), _rows(answered)
    if asked and answered and not answered.get("error") and len(rows) != len(given):
        detail = (
            f"a response must have a row for each of the request's {len(rows)}, got {len(given)}"
        )
        return [Refused(Reason.UNREADABLE, detail, {"event": half.event})]
    count = max(len(rows), len(given))
    found: list[Row | Refused] = []
    for place in range(count):
        row = {**(rows[place] if rows else {}), **(given[place] if given else {})}
        found.append(
            _completed(row, half.event, place if count > 1 else None, asked, answered, model)
        )
    return found


def unpaired(half: Half, model: Model, waited: str) -> list[Refused]:
    """What is left of an exchange whose other side never came, row by row."""
    missing = "response" if half.request is not None else "request"
    detail = f"a {missing} must come within {waited}, and none of {half.event!r} did"
    return [
        Refused(Reason.UNPAIRED, detail, row.content if isinstance(row, Refused) else row)
        for row in rows_of(half, model) or [{"_wk_id": half.event}]
    ]


def _completed(
    row: Row,
    event: str,
    place: int | None,
    asked: Mapping[str, object],
    answered: Mapping[str, object],
    model: Model,
) -> Row:
    begun, ended = _moment(asked), _moment(answered)
    system: Row = {
        "_wk_id": event if place is None else f"{event}:{place}",
        "_wk_time": begun or ended,
        "_wk_version": answered.get("version") or asked.get("version"),
        "_wk_arm": asked.get("arm") or answered.get("arm"),
        "_wk_error": answered.get("error"),
    }
    if begun is not None and ended is not None and ended >= begun:
        system["_wk_latency_ms"] = (ended - begun).total_seconds() * 1000
    if gives(row, "id", model):
        del system["_wk_id"]
    if gives(row, "time", model):
        del system["_wk_time"]
    return {**row, **{name: value for name, value in system.items() if value is not None}}


def _said(half: bytes | None) -> Mapping[str, object]:
    return {} if half is None else cast("Mapping[str, object]", json.loads(half))


def _rows(said: Mapping[str, object]) -> list[Row]:
    return cast("list[Row]", said.get("rows", []))


def _moment(said: Mapping[str, object]) -> datetime | None:
    text = said.get("at")
    return datetime.fromisoformat(text) if isinstance(text, str) else None
