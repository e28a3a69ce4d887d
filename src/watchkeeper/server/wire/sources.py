"""Sources on the wire."""

from __future__ import annotations

from datetime import datetime

from watchkeeper.server.wire.envelope import Wire
from watchkeeper.server.wire.models import ChangeWire

__all__ = ["SourceApplied", "SourceCountsWire", "SourceFileWire", "SourceWire"]


class SourceCountsWire(Wire):
    """What came from a source. ``events`` counts messages, files or payloads, and ``ignored``
    those of them that are none of its; the others count rows, and ``received`` is the sum of
    ``accepted``, ``duplicate`` and ``rejected``. ``unpaired`` rows are among the rejected.
    """

    events: int
    ignored: int
    received: int
    accepted: int
    duplicate: int
    rejected: int
    unpaired: int


class SourceWire(Wire):
    """A source with its definition document (`kind: Source`) and how it fares. ``state`` is
    ``running``, ``waiting`` (for the lake), ``failing``, ``stopped``, or null where no worker has
    begun it; ``detail`` says why. ``lag`` counts files or messages that are there and not taken,
    and of payload logs the exchanges that wait for their other side.
    """

    name: str
    model: str
    type: str
    rows: str
    enabled: bool
    definition: dict[str, object]
    updated_at: datetime
    state: str | None
    detail: str | None
    lag: int | None
    state_at: datetime | None
    counts: SourceCountsWire
    last_at: datetime | None


class SourceFileWire(Wire):
    """A file that was looked into: ``taking``, ``taken``, ``repeated`` (another one held the
    same) or ``refused``.
    """

    path: str
    size: int
    state: str
    rows: int
    detail: str | None
    at: datetime


class SourceApplied(Wire):
    """What applying a source did, or, with ``plan``, would do."""

    name: str
    created: bool
    applied: bool
    changes: list[ChangeWire]
