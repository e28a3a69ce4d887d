"""What is decided about telling people: firing alerts in short, and groups of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from watchkeeper.domain.verdict import Severity

__all__ = ["Group", "Signal"]


@dataclass(frozen=True, slots=True)
class Signal:
    """One firing alert, as much of it as decides whom it is told to.

    ``fault`` is what is news about it; ``severity`` and ``certainty`` (how much its cause explains,
    0 to 3) are its incident's, as is whether somebody has ``acknowledged`` it.
    """

    id: str
    incident: str
    labels: Mapping[str, str]
    fault: str
    severity: Severity = Severity.WARNING
    certainty: int = 0
    acknowledged: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """What one route was told of the alerts that it takes together.

    ``due_at`` is when what is new will be told, None while nothing is. ``said`` is what was told
    last as firing (faults, severities, causes), ``faults`` its faults and ``incidents`` those they
    belong to. ``fired_at`` is when it was told first, ``told_at`` when last; ``receivers`` are who
    was told since then. ``steps`` of its escalation were taken, the last at ``escalated_at``.
    ``count`` numbers what was told.
    """

    key: str
    route: str
    labels: Mapping[str, str]
    opened_at: datetime
    due_at: datetime | None = None
    fired_at: datetime | None = None
    told_at: datetime | None = None
    said: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    incidents: tuple[str, ...] = ()
    receivers: tuple[str, ...] = ()
    steps: int = 0
    escalated_at: datetime | None = None
    acknowledged: bool = False
    count: int = 0
    revision: int = field(default=0, compare=False)  # of its record; 0 where there is none yet
