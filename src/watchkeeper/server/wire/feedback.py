"""What people say of incidents, and how right each rule is by it, on the wire."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from watchkeeper.domain.feedback import Worth
from watchkeeper.server.wire.envelope import Wire

__all__ = ["FeedbackDraft", "FeedbackWire", "RulePrecision"]


class FeedbackDraft(Wire):
    """Whether it was good to be told, and why."""

    worth: Worth
    note: str = Field(default="", max_length=2_000)


class FeedbackWire(Wire):
    """What one person says of an incident; ``by`` is a key's name, or the route of the message."""

    by: str
    worth: Worth
    at: datetime
    note: str


class RulePrecision(Wire):
    """How often a rule was worth it: of its ``rated`` incidents ``useful`` were.

    ``precision`` is their share with its 95 % interval; all three are null where none was rated.
    ``incidents`` counts rated and unrated ones alike: what nobody rated is not known to be noise.
    """

    model: str
    monitor: str
    incidents: int
    rated: int
    useful: int
    noise: int
    precision: float | None
    low: float | None
    high: float | None
