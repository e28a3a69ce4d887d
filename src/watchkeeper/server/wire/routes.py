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
    """What became of a test notice: where it was sent, and what the other side answered;
    ``problem`` is null where it was taken.
    """

    route: str
    sink: int
    type: str
    target: str
    answer: str | None
    problem: str | None


class RouteApplied(Wire):
    """What applying a route did, or, with ``plan``, would do."""

    name: str
    created: bool
    applied: bool
    changes: list[ChangeWire]
