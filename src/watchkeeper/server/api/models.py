"""Models: the fleet, one model's definition, and applying a definition."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Query

from watchkeeper.server.api.dependencies import Admin, HubOf, Reader
from watchkeeper.server.wire.envelope import Envelope
from watchkeeper.server.wire.models import ModelApplied, ModelDetail, ModelSummary, Proposal

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/models", tags=["models"])


@router.get("")
def list_models(hub: HubOf, _: Reader) -> Envelope[list[ModelSummary]]:
    """Every model, in the order of their names."""
    return Envelope(data=hub.fleet.summaries())


@router.get("/{model}")
def get_model(hub: HubOf, _: Reader, model: str) -> Envelope[ModelDetail]:
    """One model's definition and reference."""
    return Envelope(data=hub.fleet.detail(model))


@router.get("/{model}/proposal")
def get_proposal(hub: HubOf, _: Reader, model: str) -> Envelope[Proposal]:
    """The definition that would know what the model's latest rows hold beyond it."""
    return Envelope(data=hub.proposals.propose(model))


@router.put("/{model}")
def put_model(
    hub: HubOf,
    caller: Admin,
    model: str,
    definition: Annotated[dict[str, object], Body(description="a `kind: Model` document")],
    plan: Annotated[bool, Query(description="only say what would change")] = False,  # noqa: FBT002
) -> Envelope[ModelApplied]:
    """Apply a definition; applying the same one again changes nothing."""
    return Envelope(data=hub.fleet.apply(model, definition, by=caller.name, plan=plan))
