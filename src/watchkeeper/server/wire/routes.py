"""Alert routes on the wire."""

from __future__ import annotations

from datetime import datetime

from watchkeeper.server.wire.envelope import Wire
from watchkeeper.server.wire.models import ChangeWire

__all__ = ["RouteApplied", "RouteWire", "SinkOutcome"]


class RouteWire(Wire):
    """A route with its definition document (`kind: AlertRoute`); secrets are references."""

    name: str
    definition: dict[str, object]
    updated_at: datetime


class SinkOutcome(Wire):
    """What became of a test notice; ``problem`` is null where the receiver took it."""

    sink: int
    type: str
    problem: str | None


class RouteApplied(Wire):
    """What applying a route did, or, with ``plan``, would do."""

    name: str
    created: bool
    applied: bool
    changes: list[ChangeWire]
