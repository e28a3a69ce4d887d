"""What was found in the year, as data: read back from the API, as any user could.

An incident is *injected* where one of its alerts began during an injected fault, on a column of
that fault; every other one stands outside and must be a real change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from watchkeeper.demo.faults import FAULTS, Fault
from watchkeeper.demo.replay import MODEL
from watchkeeper.errors import InvalidInput
from watchkeeper.sdk.http import Http, model_path

__all__ = ["Caught", "Chapter", "Month", "Story", "read_story"]

_METRIC = "roc_auc"


@dataclass(frozen=True, slots=True)
class Chapter:
    """One incident. ``injected`` names the fault that it is, None for what really happened."""

    id: str
    title: str
    cause: str
    severity: str
    opened_at: datetime
    resolved_at: datetime | None
    alerts: int
    injected: str | None


@dataclass(frozen=True, slots=True)
class Caught:
    """How an injected fault fared: ``days`` from its start to the confirmed alert, None: missed."""

    fault: Fault
    days: float | None
    message: str | None

    @property
    def in_time(self) -> bool:
        """Whether the promise was kept: a day's window is judged minutes after the day ends."""
        return self.days is not None and self.days < self.fault.caught_within_days + 0.05


@dataclass(frozen=True, slots=True)
class Month:
    """A month's mean ROC AUC over its days, and its least mature day."""

    name: str
    roc_auc: float
    days: int


@dataclass(frozen=True, slots=True)
class Story:
    """The year in figures."""

    predictions: int
    labels: int
    windows: int
    alert_windows: int
    chapters: tuple[Chapter, ...]
    caught: tuple[Caught, ...]
    months: tuple[Month, ...]

    @property
    def outside(self) -> tuple[Chapter, ...]:
        """The incidents that were not injected."""
        return tuple(chapter for chapter in self.chapters if chapter.injected is None)


def read_story(http: Http) -> Story:
    """Read the year back from the API of the demo's server."""
    windows = _pages(http, model_path(MODEL, "windows"))
    details = [
        _mapping(http.get(f"/api/v1/incidents/{found['id']}").data)
        for found in _pages(http, "/api/v1/incidents", model=MODEL)
    ]
    alerts = [alert for detail in details for alert in _list(detail["alerts"])]
    return Story(
        predictions=sum(_whole(window["accepted"]) for window in windows),
        labels=sum(_whole(window["joined"]) for window in windows),
        windows=len(windows),
        alert_windows=sum(_whole(window["alerts"]) > 0 for window in windows),
        chapters=tuple(sorted(map(_chapter, details), key=lambda chapter: chapter.opened_at)),
        caught=tuple(_caught(fault, alerts) for fault in FAULTS),
        months=_months(http),
    )


def _chapter(detail: Mapping[str, object]) -> Chapter:
    incident, alerts = _mapping(detail["incident"]), _list(detail["alerts"])
    injected = [fault.name for fault in FAULTS if any(_is_of(fault, alert) for alert in alerts)]
    resolved = incident["resolved_at"]
    return Chapter(
        id=str(incident["id"]),
        title=str(incident["title"]),
        cause=str(incident["cause"]),
        severity=str(incident["severity"]),
        opened_at=_moment(incident["opened_at"]),
        resolved_at=_moment(resolved) if resolved else None,
        alerts=len(alerts),
        injected=injected[0] if injected else None,
    )


def _is_of(fault: Fault, alert: Mapping[str, object]) -> bool:
    if alert["column"] not in fault.columns or not alert["confirmed_at"]:
        return False
    if alert["what"] == "creep":  # of the weeks before: no sign of what began in these days
        return False
    return fault.start <= _moment(alert["opened_at"]) < fault.end


def _caught(fault: Fault, alerts: Sequence[Mapping[str, object]]) -> Caught:
    found = [alert for alert in alerts if _is_of(fault, alert)]
    if not found:
        return Caught(fault, None, None)
    first = min(found, key=lambda alert: _moment(alert["confirmed_at"]))
    waited = _moment(first["confirmed_at"]) - fault.start
    return Caught(fault, waited.total_seconds() / 86_400, str(first["message"]))


def _months(http: Http) -> tuple[Month, ...]:
    data = _mapping(http.get(model_path(MODEL, "performance"), metric=_METRIC).data)
    months: dict[str, list[float]] = {}
    for series in _list(data["series"]):
        for point in _list(series["points"]):
            if isinstance(point["value"], float):
                start = _moment(_mapping(point["window"])["start"])
                months.setdefault(f"{start:%B}", []).append(point["value"])
    return tuple(
        Month(name, sum(values) / len(values), len(values)) for name, values in months.items()
    )


def _pages(http: Http, path: str, **query: object) -> list[Mapping[str, object]]:
    found: list[Mapping[str, object]] = []
    cursor: str | None = None
    while True:
        answer = http.get(path, cursor=cursor, limit=200, **query)
        found += _list(answer.data)
        cursor = answer.next_cursor
        if cursor is None:
            return found


def _list(value: object) -> list[Mapping[str, object]]:
    if not isinstance(value, list):
        raise InvalidInput(f"the server's answer must be a list, got {type(value).__name__}")
    return value


def _mapping(value: object) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise InvalidInput(f"the server's answer must be a mapping, got {type(value).__name__}")
    return value


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0


def _moment(value: object) -> datetime:
    return datetime.fromisoformat(str(value))
