"""Alerts and incidents: one series firing, and one cause with its alerts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from watchkeeper.domain.verdict import Severity

__all__ = ["Alert", "AlertState", "Incident", "Notice", "NoticeKind", "Tick"]


class AlertState(StrEnum):
    """Where an alert, or an incident, stands."""

    PENDING = "pending"
    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Tick:
    """One window of an alert's series: did it fire. A restated window replaces its tick."""

    start: datetime
    fired: bool


@dataclass(frozen=True, slots=True)
class Alert:
    """One series (``key`` = model, monitor, figure, column, segment, version, arm) that is firing.

    ``recent`` holds its last windows, oldest first, from which the lifecycle tells when it opens
    and resolves. ``facts`` holds what the message is made of: figure, interval, n, p-value.
    """

    id: str
    key: str
    model: str
    monitor: str
    state: AlertState
    severity: Severity
    what: str
    message: str
    opened_at: datetime
    updated_at: datetime
    column: str | None = None
    segment: str | None = None
    version: str | None = None
    arm: str | None = None
    resolved_at: datetime | None = None
    acknowledged_by: str | None = None
    incident: str | None = None
    verdicts: tuple[str, ...] = ()
    recent: tuple[Tick, ...] = ()
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Incident:
    """One cause, with its alerts. ``facts`` holds what the message is made of."""

    id: str
    model: str
    state: AlertState
    severity: Severity
    title: str
    cause: str  # in words, or "unknown"
    opened_at: datetime
    updated_at: datetime
    resolved_at: datetime | None = None
    acknowledged_by: str | None = None
    alerts: tuple[str, ...] = ()
    facts: Mapping[str, object] = field(default_factory=dict)


class NoticeKind(StrEnum):
    """Why a notice is sent."""

    OPENED = "opened"
    UPDATED = "updated"
    RESOLVED = "resolved"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class Notice:
    """What one sink is to send of one incident. ``key`` is the same at every retry."""

    key: str
    kind: NoticeKind
    incident: Incident
    alerts: tuple[Alert, ...]
    link: str | None = None
