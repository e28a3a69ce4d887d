"""Models on the wire: the fleet at a glance, one model, an applied definition."""

from __future__ import annotations

from datetime import datetime

from watchkeeper.server.wire.envelope import Health, WindowWire, Wire

__all__ = [
    "ChangeWire",
    "ModelApplied",
    "ModelDetail",
    "ModelSummary",
    "NewColumn",
    "Proposal",
    "ReferenceWire",
    "VolumePoint",
]


class VolumePoint(Wire):
    """How many predictions a window holds."""

    start: datetime
    rows: int


class ModelSummary(Wire):
    """One model of the fleet at a glance.

    ``maturity`` is the share (0 to 1) of the last window's labels that have arrived; null where
    the model has no label or no window yet. ``volume`` holds the last 30 windows, oldest first.
    """

    name: str
    task: str
    owner: str
    tier: str
    granularity: str
    health: Health
    open_incidents: int
    last_window: WindowWire | None
    rows_last_window: int | None
    maturity: float | None
    updated_at: datetime
    volume: list[VolumePoint]


class ReferenceWire(Wire):
    """What windows are compared against. ``timed`` is false where the reference has no time
    column; ``windows`` then counts random blocks.
    """

    rows: int
    windows: int
    timed: bool
    start: datetime | None
    end: datetime | None
    uploaded_at: datetime


class ModelDetail(Wire):
    """A model with its definition document (`kind: Model`) and its reference."""

    name: str
    summary: ModelSummary
    definition: dict[str, object]
    reference: ReferenceWire | None


class ChangeWire(Wire):
    """One difference between the stored definition and the wanted one; ``effect`` says in words
    what it brings with it, empty where nothing beyond itself.
    """

    path: str
    before: object | None
    after: object | None
    effect: str


class ModelApplied(Wire):
    """What applying a definition did, or, with ``plan``, would do."""

    name: str
    created: bool
    applied: bool
    changes: list[ChangeWire]


class NewColumn(Wire):
    """A column that rows hold and the definition does not know, as its values look."""

    name: str
    type: str
    role: str
    rows: int


class Proposal(Wire):
    """A definition that would know the new columns of the last week; ``looked_at`` counts the rows
    that hold any.
    """

    columns: list[NewColumn]
    looked_at: int
    definition: dict[str, object]
