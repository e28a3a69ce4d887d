"""Alerts as Prometheus and Alertmanager know them: labels, annotations, fingerprints, groups.

An alert is one series; what is one incident to us is one group there (label ``incident``). Labels
say what it is and never how much, so that they stay the same while it fires: its severity is that
of the incident.

References
----------
Alertmanager's API v2 (``openapi.yaml``) and the webhook's data (version 4).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from watchkeeper.alerts.figures import big, series
from watchkeeper.alerts.labels import fingerprint
from watchkeeper.alerts.transport.cutting import cut, plain
from watchkeeper.domain.alert import Alert, AlertState, Incident, Notice, NoticeKind

__all__ = ["NEVER", "PromAlert", "group_of", "prom_alerts", "rfc3339"]

NEVER = "0001-01-01T00:00:00Z"  # the end of what has not ended
_NAME = re.compile(r"[^a-zA-Z0-9_]")
_LONGEST = 250


@dataclass(frozen=True, slots=True)
class PromAlert:
    """One alert of theirs; ``ends_at`` is None while it fires."""

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    starts_at: datetime
    ends_at: datetime | None
    link: str

    def form(self) -> dict[str, object]:
        """As the webhook carries it."""
        return {
            "status": "firing" if self.ends_at is None else "resolved",
            "labels": dict(self.labels),
            "annotations": dict(self.annotations),
            "startsAt": rfc3339(self.starts_at),
            "endsAt": NEVER if self.ends_at is None else rfc3339(self.ends_at),
            "generatorURL": self.link,
            "fingerprint": fingerprint(self.labels),
        }


def prom_alerts(notice: Notice) -> list[PromAlert]:
    """The alerts of a notice; where it names none (a digest, a test) one for each incident."""
    told = notice.incidents or (notice.incident,)
    by_id = {incident.id: incident for incident in (*told, notice.incident)}
    if notice.alerts:
        return [
            _of_alert(alert, by_id.get(alert.incident or "", notice.incident), notice)
            for alert in notice.alerts
        ]
    return [_of_incident(incident, notice) for incident in told]


def group_of(notice: Notice, shown: Sequence[PromAlert], omitted: int) -> dict[str, object]:
    """The document that a webhook of Alertmanager posts for a group."""
    labels = dict(notice.labels) or {"incident": notice.incident.id}
    written = ", ".join(f'{name}="{value}"' for name, value in sorted(labels.items()))
    firing = any(alert.ends_at is None for alert in shown)
    return {
        "receiver": notice.route,
        "status": "firing" if firing else "resolved",
        "alerts": [alert.form() for alert in shown],
        "groupLabels": labels,
        "commonLabels": _common([alert.labels for alert in shown]),
        "commonAnnotations": _common([alert.annotations for alert in shown]),
        "externalURL": (notice.link or "").partition("/incidents/")[0],
        "version": "4",
        "groupKey": f'{{}}/{{route="{notice.route}"}}:{{{written}}}',
        "truncatedAlerts": notice.omitted + omitted,
    }


def rfc3339(at: datetime) -> str:
    """A moment to the millisecond, in UTC, as Go writes it: without zeros at the end.

    >>> rfc3339(datetime(2026, 11, 21, 8, 58, 48, 180000, UTC))
    '2026-11-21T08:58:48.18Z'
    """
    text = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
    return text.rstrip("0").rstrip(".") + "Z"


def _of_alert(alert: Alert, incident: Incident, notice: Notice) -> PromAlert:
    severity = str(incident.severity)
    labels = {**_own(alert), **alert.labels, "severity": severity, "incident": incident.id}
    size = big(alert)
    annotations = {
        "summary": f"{alert.model}: {series(alert)}{' ' + size if size else ''}",
        "description": alert.message,
        "likely_cause": incident.cause,
        **({"runbook_url": alert.runbook} if alert.runbook else {}),
    }
    ended = alert.resolved_at if alert.state is AlertState.RESOLVED else incident.resolved_at
    over = AlertState.RESOLVED in (alert.state, incident.state)
    return PromAlert(
        labels=_clean(labels),
        annotations={name: cut(plain(text), 1_000) for name, text in annotations.items()},
        starts_at=alert.opened_at,
        ends_at=_end(alert.opened_at, ended or notice.created_at) if over else None,
        link=notice.link or "",
    )


def _of_incident(incident: Incident, notice: Notice) -> PromAlert:
    name = "WatchkeeperTest" if notice.kind is NoticeKind.TEST else "WatchkeeperIncident"
    over = incident.state is AlertState.RESOLVED
    labels = {
        "alertname": name,
        "model": incident.model,
        "severity": str(incident.severity),
        "incident": incident.id,
    }
    texts = {"summary": f"{incident.model}: {incident.title}", "description": incident.cause}
    ended = _end(incident.opened_at, incident.resolved_at or notice.created_at)
    return PromAlert(
        labels=_clean(labels),
        annotations={key: cut(plain(text), 1_000) for key, text in texts.items()},
        starts_at=incident.opened_at,
        ends_at=ended if over else None,
        link=notice.link or "",
    )


def _end(start: datetime, end: datetime) -> datetime:
    return max(start, end)


def _clean(labels: Mapping[str, str]) -> dict[str, str]:
    """Names as Prometheus allows them; an empty value is no label there."""
    found = {_NAME.sub("_", name): cut(plain(value), _LONGEST) for name, value in labels.items()}
    return {name: value for name, value in found.items() if value and not name[:1].isdigit()}


def _common(of: Sequence[Mapping[str, str]]) -> dict[str, str]:
    first = of[0] if of else {}
    return {
        name: value for name, value in first.items() if all(m.get(name) == value for m in of[1:])
    }


def _own(alert: Alert) -> dict[str, str]:
    """What an alert is called where nobody has labelled it."""
    named = {
        "alertname": alert.monitor,
        "figure": alert.what,
        "model": alert.model,
        "model_version": alert.version,
        "arm": alert.arm,
        "column": alert.column,
        "segment": alert.segment,
    }
    return {name: value for name, value in named.items() if value}
