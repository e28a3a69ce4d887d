"""Sources: where rows are fetched from."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Query

from watchkeeper.server.api.dependencies import Admin, HubOf, Limit, Reader
from watchkeeper.server.wire.envelope import Envelope
from watchkeeper.server.wire.sources import SourceApplied, SourceFileWire, SourceWire

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/sources", tags=["sources"])


@router.get("")
def list_sources(hub: HubOf, _: Reader) -> Envelope[list[SourceWire]]:
    """Every source with its counts and how it fares, in the order of their names."""
    return Envelope(data=hub.sources.all())


@router.get("/{source}")
def get_source(hub: HubOf, _: Reader, source: str) -> Envelope[SourceWire]:
    """One source."""
    return Envelope(data=hub.sources.get(source))


@router.get("/{source}/files")
def list_source_files(
    hub: HubOf, _: Reader, source: str, limit: Limit = 100
) -> Envelope[list[SourceFileWire]]:
    """The files that a source looked into last, the newest first."""
    return Envelope(data=hub.sources.files(source, limit=limit))


@router.put("/{source}")
def put_source(
    hub: HubOf,
    caller: Admin,
    source: str,
    definition: Annotated[dict[str, object], Body(description="a `kind: Source` document")],
    plan: Annotated[bool, Query(description="only say what would change")] = False,  # noqa: FBT002
) -> Envelope[SourceApplied]:
    """Apply a source; applying the same one again changes nothing."""
    applied = hub.sources.apply(source, definition, by=caller.name, only_plan=plan)
    return Envelope(data=applied)
