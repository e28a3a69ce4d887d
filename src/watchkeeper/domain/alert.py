"""Alerts and incidents: one series firing, and one cause with its alerts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from watchkeeper.domain.verdict import Severity

__all__ = ["Alert", "AlertState", "Incident", "Notice", "NoticeKind"]


class AlertState(StrEnum):
    """Where an alert, or an incident, stands."""

    PENDING = "pending"
    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Alert:
    """One series (``key`` = model, monitor, column, segment, version, arm) that is firing."""

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
    firing: int = 0  # windows in a row that fired
    quiet: int = 0  # windows in a row that did not


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
