"""The journal: what was changed when, for whoever looks for the cause of an incident."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from watchkeeper.server.api.dependencies import Cursor, End, HubOf, Limit, Operator, Reader, Start
from watchkeeper.server.views.asked import Range
from watchkeeper.server.wire.changes import JournalDraft, JournalEntry
from watchkeeper.server.wire.envelope import Envelope

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/changes", tags=["changes"])


@router.get("")
def list_changes(
    hub: HubOf,
    _: Reader,
    model: Annotated[
        str | None, Query(description="what this model may feel: its own, and those of all")
    ] = None,
    start: Start = None,
    end: End = None,
    *,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Envelope[list[JournalEntry]]:
    """Changes, the latest first: deploys, definitions, baselines, faults of data and hosts."""
    found, following = hub.changes.page(model, Range(start, end), cursor=cursor, limit=limit)
    return Envelope(data=found, next_cursor=following)


@router.post("")
def add_change(hub: HubOf, caller: Operator, draft: JournalDraft) -> Envelope[JournalEntry]:
    """Note a change, as a build or a person does: a deploy, another price list, a new feed."""
    return Envelope(data=hub.changes.add(draft, by=caller.name))
