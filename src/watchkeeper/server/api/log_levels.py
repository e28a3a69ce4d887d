"""Levels of logs: what is told, changed while everything runs."""

from __future__ import annotations

from fastapi import APIRouter

from watchkeeper.server.api.dependencies import Admin, HubOf
from watchkeeper.server.wire.envelope import Envelope
from watchkeeper.server.wire.log_levels import LogLevelsWire, LogLevelWanted

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/log-levels", tags=["log levels"])


@router.get("")
def get_log_levels(hub: HubOf, _: Admin) -> Envelope[LogLevelsWire]:
    """At which level is logged, and what was wanted otherwise."""
    return Envelope(data=hub.log_levels.all())


@router.put("/{logger}")
def put_log_level(
    hub: HubOf, caller: Admin, logger: str, wanted: LogLevelWanted
) -> Envelope[LogLevelsWire]:
    """Log at another level, of one logger or of all (`root`), in every process, within seconds."""
    return Envelope(data=hub.log_levels.want(logger, wanted, by=caller.name))


@router.delete("/{logger}")
def delete_log_level(hub: HubOf, caller: Admin, logger: str) -> Envelope[LogLevelsWire]:
    """Back to the configured level."""
    return Envelope(data=hub.log_levels.forget(logger, by=caller.name))
