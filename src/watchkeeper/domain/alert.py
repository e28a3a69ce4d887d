"""Alerts and incidents: one series firing, and one cause with its alerts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from watchkeeper.domain.verdict import Severity

__all__ = [
    "Alert",
    "AlertState",
    "Incident",
    "Notice",
    "NoticeKind",
    "Tick",
    "alert_from_dict",
    "incident_from_dict",
    "notice_from_dict",
    "to_dict",
]

_T = TypeVar("_T")


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

    ``opened_at`` is the start of the first window that fired, ``confirmed_at`` when it was known
    that it is more than a passing one (None while pending). ``recent`` holds its last windows,
    oldest first, from which the lifecycle tells when it opens and resolves. ``facts`` holds what
    the message is made of: figure, interval, n, p-value. ``labels`` is what routes, silences and
    inhibitions match; ``fault`` names what is news about it: series that began together share it,
    a new kind of fault in an open incident has one of its own.
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
    confirmed_at: datetime | None = None
    resolved_at: datetime | None = None
    acknowledged_by: str | None = None
    incident: str | None = None
    verdicts: tuple[str, ...] = ()
    recent: tuple[Tick, ...] = ()
    facts: Mapping[str, object] = field(default_factory=dict)
    runbook: str | None = None  # where it says what to do; set in notices, kept nowhere
    labels: Mapping[str, str] = field(default_factory=dict)
    fault: str = ""
    held_back: str = ""  # why it is not told for now: the upstream failure that explains it


@dataclass(frozen=True, slots=True)
class Incident:
    """One cause, with its alerts. ``facts`` holds what the message is made of; in notices also
    ``changes``: what was changed shortly before, the nearest first, each a mapping of ``at``,
    ``kind``, ``title``, ``by``, ``link`` and ``when`` (in words: how long before). ``assignee`` is
    who looks after it, where somebody was named.
    """

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
    assignee: str | None = None


class NoticeKind(StrEnum):
    """Why a notice is sent."""

    OPENED = "opened"
    UPDATED = "updated"
    ACKNOWLEDGED = "acknowledged"
    REMINDED = "reminded"  # it lasts, and nothing was said for a while
    ESCALATED = "escalated"  # nobody has acknowledged it in time
    RESOLVED = "resolved"
    DIGEST = "digest"  # several incidents in one notice
    TEST = "test"


@dataclass(frozen=True, slots=True)
class Notice:
    """What one sink of one route is to send of one group of alerts.

    ``key`` is the same at every retry, so that a receiver can tell a repeat; ``thread`` is the
    same for all notices of the group at that sink, from the first to the resolve: the key where a
    service updates and closes. ``route`` is the path of a route (``on-call/critical``) or a person
    of a rota (``rota:primary/ada``), ``sink`` the place of the sink there. ``group`` is the group's
    key and ``labels`` the labels that it is grouped by. ``incident`` is the worst of the group,
    ``incidents`` are all of it, the worst first; ``alerts`` theirs, as many as fit, and ``omitted``
    how many did not. ``note`` says why it is sent where the kind alone does not: what is new, who
    is told next. ``feedback`` holds the links under which its reader can say ``useful`` or
    ``noise`` without a login.
    """

    key: str
    kind: NoticeKind
    route: str
    sink: int
    incident: Incident
    alerts: tuple[Alert, ...]
    created_at: datetime
    link: str | None = None
    feedback: Mapping[str, str] = field(default_factory=dict)
    group: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    incidents: tuple[Incident, ...] = ()
    thread: str = ""
    omitted: int = 0
    note: str = ""


def to_dict(value: Alert | Incident | Notice) -> dict[str, object]:
    """The value as JSON-ready text, numbers, lists and mappings; `from_dict` is its twin."""
    return {item.name: _plain(getattr(value, item.name)) for item in fields(value)}


def alert_from_dict(document: Mapping[str, object]) -> Alert:
    """The alert that `to_dict` wrote."""
    return _from_dict(Alert, document)


def incident_from_dict(document: Mapping[str, object]) -> Incident:
    """The incident that `to_dict` wrote."""
    return _from_dict(Incident, document)


def notice_from_dict(document: Mapping[str, object]) -> Notice:
    """The notice that `to_dict` wrote."""
    return _from_dict(Notice, document)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, StrEnum):
        return str(value)
    if isinstance(value, Alert | Incident | Notice | Tick):
        return {item.name: _plain(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    return value


_READERS: Mapping[str, Callable[[Any], object]] = {
    "state": AlertState,
    "severity": Severity,
    "kind": NoticeKind,
    "opened_at": datetime.fromisoformat,
    "updated_at": datetime.fromisoformat,
    "created_at": datetime.fromisoformat,
    "resolved_at": lambda text: text and datetime.fromisoformat(text),
    "confirmed_at": lambda text: text and datetime.fromisoformat(text),
    "start": datetime.fromisoformat,
    "verdicts": tuple,
    "recent": lambda ticks: tuple(_from_dict(Tick, tick) for tick in ticks),
    "incident": lambda found: _from_dict(Incident, found) if isinstance(found, Mapping) else found,
    "incidents": lambda found: tuple(_from_dict(Incident, each) for each in found),
    "alerts": lambda found: tuple(
        _from_dict(Alert, item) if isinstance(item, Mapping) else item for item in found
    ),
}


def _from_dict(kind: type[_T], document: Mapping[str, object]) -> _T:
    return kind(**{key: _READERS.get(key, _as_is)(item) for key, item in document.items()})


def _as_is(value: object) -> object:
    return value
