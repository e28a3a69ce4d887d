"""How far the worker is: for whoever waits until rows are judged."""

from __future__ import annotations

from fastapi import APIRouter

from watchkeeper.server.api.dependencies import HubOf, Reader
from watchkeeper.server.wire.clock import Clock
from watchkeeper.server.wire.envelope import Envelope

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/clock", tags=["clock"])


@router.get("")
def get_clock(hub: HubOf, _: Reader) -> Envelope[Clock]:
    """The worker's progress; ``settled`` when nothing is left to be done."""
    return Envelope(data=hub.progress.clock())
