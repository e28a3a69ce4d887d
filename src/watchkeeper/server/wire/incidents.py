"""Incidents and alerts on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from watchkeeper.domain.alert import AlertState
from watchkeeper.domain.verdict import Severity
from watchkeeper.server.wire.changes import CandidateWire
from watchkeeper.server.wire.envelope import Wire
from watchkeeper.server.wire.feedback import FeedbackWire
from watchkeeper.server.wire.silences import SilenceWire

__all__ = [
    "AlertWire",
    "IncidentAct",
    "IncidentAssignment",
    "IncidentDetail",
    "IncidentWire",
    "TimelineEntry",
]


class IncidentWire(Wire):
    """One cause. ``cause`` is in words, or "unknown"; ``alerts`` counts its series."""

    id: str
    model: str
    state: AlertState
    severity: Severity
    title: str
    cause: str
    opened_at: datetime
    updated_at: datetime
    resolved_at: datetime | None
    acknowledged_by: str | None
    assignee: str | None
    alerts: int
    facts: dict[str, object]


class AlertWire(Wire):
    """One series that fires or fired. ``held_back`` is why it is not told for now: the upstream
    failure that explains it; empty where it is told.
    """

    id: str
    model: str
    monitor: str
    column: str | None
    segment: str | None
    version: str | None
    arm: str | None
    state: AlertState
    severity: Severity
    what: str
    message: str
    opened_at: datetime
    updated_at: datetime
    confirmed_at: datetime | None
    resolved_at: datetime | None
    verdicts: list[str]
    facts: dict[str, object]
    runbook: str | None
    held_back: str
    labels: dict[str, str]
    fingerprint: str


class TimelineEntry(Wire):
    """One thing that happened to the incident; ``by`` names a person or a service."""

    at: datetime
    kind: Literal[
        "opened",
        "joined",
        "updated",
        "acknowledged",
        "assigned",
        "noted",
        "resolved",
        "accepted",
        "told",
    ]
    text: str
    by: str | None


class IncidentDetail(Wire):
    """An incident with its alerts and what happened, oldest first; ``changes`` are what was changed
    shortly before it began, the nearest first: candidates for its cause, never more. ``silences``
    are those that mute any of it now.
    """

    incident: IncidentWire
    alerts: list[AlertWire]
    timeline: list[TimelineEntry]
    changes: list[CandidateWire]
    feedback: list[FeedbackWire]
    silences: list[SilenceWire]


class IncidentAssignment(Wire):
    """Who is to look after it (nobody, where it is empty), and why."""

    to: str = Field(default="", max_length=200)
    note: str = ""


class IncidentAct(Wire):
    """Why a person acts on an incident: kept in its timeline."""

    note: str = ""
