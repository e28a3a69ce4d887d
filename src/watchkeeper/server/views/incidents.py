"""Incidents: what is wrong, what happened to it, and what people do about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from watchkeeper.alerts.labels import fingerprint
from watchkeeper.alerts.service import Alerting
from watchkeeper.catalog.alerts import NoticeFate
from watchkeeper.catalog.catalog import Catalog
from watchkeeper.domain.alert import Alert, AlertState, Incident
from watchkeeper.errors import InvalidInput
from watchkeeper.server.accepting import Accepting
from watchkeeper.server.alerting.context import Context
from watchkeeper.server.views.feedback import FeedbackView
from watchkeeper.server.views.silences import SilenceView
from watchkeeper.server.wire.changes import CandidateWire
from watchkeeper.server.wire.incidents import (
    AlertWire,
    IncidentDetail,
    IncidentWire,
    TimelineEntry,
)

__all__ = ["IncidentView"]

_ACTS = "acts"  # what people did, kept among the incident's facts
Act = Literal["acknowledged", "assigned", "noted", "resolved", "accepted"]


@dataclass(frozen=True, slots=True)
class IncidentView:
    """Reads incidents and acts on them. Times are those of the model's clock."""

    catalog: Catalog
    alerting: Alerting
    accepting: Accepting
    context: Context
    feedback: FeedbackView
    silences: SilenceView
    now: Callable[[str], datetime]  # of a model

    def page(
        self, model: str | None, state: AlertState | None, *, cursor: str | None, limit: int
    ) -> tuple[list[IncidentWire], str | None]:
        """A page of incidents, the latest opened first, and the cursor of the next."""
        found = self.catalog.alerts.page(
            model=model, states=() if state is None else (state,), cursor=cursor, limit=limit
        )
        return [_incident(item) for item in found.items], found.next_cursor

    def detail(self, incident_id: str) -> IncidentDetail:
        """One incident with its alerts and its timeline."""
        incident = self.catalog.alerts.incident(incident_id)
        alerts = self.catalog.alerts.alerts_of(incident_id)
        notices = self.catalog.alerts.notices_of(incident_id)
        return IncidentDetail(
            incident=_incident(incident),
            alerts=[_alert(self.context.guided(alert)) for alert in alerts],
            timeline=_timeline(incident, alerts, notices),
            changes=[
                CandidateWire.model_validate(found) for found in self.context.changes(incident)
            ],
            feedback=self.feedback.of(incident_id),
            silences=self.silences.of(
                [alert.labels for alert in alerts if alert.state is AlertState.OPEN]
            ),
        )

    def acknowledge(self, incident_id: str, *, by: str, note: str) -> IncidentDetail:
        """Somebody looks after it; Conflict where it is resolved."""
        now = self._now_of(incident_id)
        changed = self.alerting.acknowledge(incident_id, by=by, now=now)
        return self._acted(changed, "acknowledged", by=by, note=note)

    def assign(self, incident_id: str, *, to: str, by: str, note: str) -> IncidentDetail:
        """Somebody is to look after it (nobody any more, where ``to`` is empty); Conflict where it
        is resolved.
        """
        now = self._now_of(incident_id)
        changed = self.alerting.assign(incident_id, to=to or None, now=now)
        text = f"to {to}" if to else "to nobody"
        return self._acted(changed, "assigned", by=by, note=f"{text}: {note}" if note else text)

    def note(self, incident_id: str, *, by: str, note: str) -> IncidentDetail:
        """Keep what somebody has to say, of a resolved incident too."""
        if not note.strip():
            raise InvalidInput("a note must say something, got an empty one")
        incident = self.catalog.alerts.incident(incident_id)
        noted = replace(incident, updated_at=self.now(incident.model))
        return self._acted(noted, "noted", by=by, note=note)

    def resolve(self, incident_id: str, *, by: str, note: str) -> IncidentDetail:
        """It is over; Conflict where it is resolved already."""
        changed = self.alerting.resolve(incident_id, now=self._now_of(incident_id))
        return self._acted(changed, "resolved", by=by, note=note)

    def accept(self, incident_id: str, *, by: str, note: str) -> IncidentDetail:
        """The change is here to stay: it becomes the baseline, and the incident is resolved."""
        incident = self.catalog.alerts.incident(incident_id)
        now = self.now(incident.model)
        self.accepting.accept(incident, self.catalog.alerts.alerts_of(incident_id), by=by, now=now)
        changed = self.alerting.resolve(incident_id, now=now)
        return self._acted(changed, "accepted", by=by, note=note)

    def _now_of(self, incident_id: str) -> datetime:
        return self.now(self.catalog.alerts.incident(incident_id).model)

    def _acted(self, incident: Incident, kind: Act, *, by: str, note: str) -> IncidentDetail:
        act = {"at": incident.updated_at.isoformat(), "kind": kind, "by": by, "note": note}

        def with_act(found: Incident) -> Incident:
            acts = found.facts.get(_ACTS, [])
            held = [*acts, act] if isinstance(acts, list) else [act]
            return replace(found, facts={**found.facts, _ACTS: held})

        self.catalog.alerts.amend(incident.id, with_act)
        return self.detail(incident.id)


def _incident(incident: Incident) -> IncidentWire:
    return IncidentWire(
        id=incident.id,
        model=incident.model,
        state=incident.state,
        severity=incident.severity,
        title=incident.title,
        cause=incident.cause,
        opened_at=incident.opened_at,
        updated_at=incident.updated_at,
        resolved_at=incident.resolved_at,
        acknowledged_by=incident.acknowledged_by,
        assignee=incident.assignee,
        alerts=len(incident.alerts),
        facts={name: fact for name, fact in incident.facts.items() if name != _ACTS},
    )


def _alert(alert: Alert) -> AlertWire:
    return AlertWire(
        id=alert.id,
        model=alert.model,
        monitor=alert.monitor,
        column=alert.column,
        segment=alert.segment,
        version=alert.version,
        arm=alert.arm,
        state=alert.state,
        severity=alert.severity,
        what=alert.what,
        message=alert.message,
        opened_at=alert.opened_at,
        updated_at=alert.updated_at,
        confirmed_at=alert.confirmed_at,
        resolved_at=alert.resolved_at,
        verdicts=list(alert.verdicts),
        facts=dict(alert.facts),
        runbook=alert.runbook,
        held_back=alert.held_back,
        labels=dict(alert.labels),
        fingerprint=fingerprint(alert.labels),
    )


def _timeline(
    incident: Incident, alerts: Sequence[Alert], notices: Sequence[NoticeFate]
) -> list[TimelineEntry]:
    entries = [
        TimelineEntry(at=incident.opened_at, kind="opened", text=incident.title, by=None),
        *(
            TimelineEntry(at=alert.opened_at, kind="joined", text=alert.message, by=None)
            for alert in alerts
        ),
        *_acts(incident),
        *_told(notices),
    ]
    if incident.resolved_at is not None:
        entries.append(
            TimelineEntry(
                at=incident.resolved_at, kind="resolved", text="every alert is over", by=None
            )
        )
    return sorted(entries, key=lambda entry: entry.at)


def _acts(incident: Incident) -> list[TimelineEntry]:
    acts = incident.facts.get(_ACTS, [])
    return [
        TimelineEntry(
            at=datetime.fromisoformat(str(act["at"])),
            kind=act["kind"],
            text=str(act["note"]) or str(act["kind"]),
            by=str(act["by"]),
        )
        for act in (acts if isinstance(acts, list) else [])
        if isinstance(act, Mapping)
    ]


def _told(notices: Sequence[NoticeFate]) -> list[TimelineEntry]:
    return [
        TimelineEntry(
            at=fate.notice.created_at,
            kind="told",
            text=f"{fate.notice.kind.value} to {fate.notice.route}: {_fate(fate)}",
            by=None,
        )
        for fate in notices
    ]


def _fate(fate: NoticeFate) -> str:
    if fate.sent_at is not None:
        return "sent"
    if fate.refused_at is not None:
        return f"refused, {fate.reason}"
    return (
        "waiting" if fate.reason is None else f"waiting after {fate.attempts} tries, {fate.reason}"
    )
