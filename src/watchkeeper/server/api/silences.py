"""Silences: what is not told for a while."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Query

from watchkeeper.domain.silence import SilenceState
from watchkeeper.server.api.dependencies import HubOf, Operator, Reader
from watchkeeper.server.wire.envelope import Envelope
from watchkeeper.server.wire.routes import RouteApplied
from watchkeeper.server.wire.silences import Muting, SilenceAsked, SilencePreview, SilenceWire

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/silences", tags=["silences"])


@router.get("")
def list_silences(
    hub: HubOf,
    _: Reader,
    state: Annotated[
        SilenceState | None, Query(description="without it: all that are kept")
    ] = None,
) -> Envelope[list[SilenceWire]]:
    """Silences: active ones first, then those to come, then those that have ended."""
    return Envelope(data=hub.silences.all(state))


@router.post("/preview")
def preview_silence(hub: HubOf, _: Operator, muting: Muting) -> Envelope[SilencePreview]:
    """Say what fires now and would be muted. Nothing is stored."""
    return Envelope(data=hub.silences.preview(muting.matchers))


@router.post("")
def create_silence(hub: HubOf, caller: Operator, asked: SilenceAsked) -> Envelope[SilenceWire]:
    """Make a silence: what all its matchers match is not told until it ends."""
    return Envelope(data=hub.silences.create(asked, by=caller.name))


@router.get("/{silence}")
def get_silence(hub: HubOf, _: Reader, silence: str) -> Envelope[SilenceWire]:
    """One silence."""
    return Envelope(data=hub.silences.get(silence))


@router.put("/{silence}")
def put_silence(
    hub: HubOf,
    _: Operator,
    silence: str,
    definition: Annotated[dict[str, object], Body(description="a `kind: Silence` document")],
    plan: Annotated[bool, Query(description="only say what would change")] = False,  # noqa: FBT002
) -> Envelope[RouteApplied]:
    """Apply a silence; applying the same one again changes nothing."""
    return Envelope(data=hub.silences.apply(silence, definition, only_plan=plan))


@router.delete("/{silence}")
def expire_silence(hub: HubOf, _: Operator, silence: str) -> Envelope[SilenceWire]:
    """End a silence now. It is kept, so that it is known who muted what."""
    return Envelope(data=hub.silences.expire(silence))
