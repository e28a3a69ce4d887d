"""The alerts of all models: verdicts in, recorded alerts, incidents and notices out."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from watchkeeper.alerts.engine import COOLDOWN_WINDOWS, Change, Live, step
from watchkeeper.domain.alert import Alert, AlertState, Incident, Notice, NoticeKind
from watchkeeper.domain.model import Model
from watchkeeper.domain.ports import AlertStore, NoticeContext
from watchkeeper.domain.route import AlertRoute
from watchkeeper.domain.verdict import Verdict
from watchkeeper.errors import Conflict

__all__ = ["Alerting"]


@dataclass(frozen=True, slots=True)
class Alerting:
    """Follows every model's alerts in ``store`` and writes notices for the ``routes``.

    ``base_url`` is where people reach the page, for the links; None leaves them out.
    """

    store: AlertStore
    routes: Callable[[], Sequence[AlertRoute]]
    base_url: str | None = None
    context: NoticeContext | None = None

    def on_verdicts(
        self, model: Model, verdicts: Sequence[Verdict], now: datetime
    ) -> tuple[Incident, ...]:
        """Record what the verdicts change, in one transaction, and return the changed incidents."""
        if not verdicts:
            return ()
        cooldown = COOLDOWN_WINDOWS * model.granularity.length
        live = Live(
            alerts=tuple(self.store.live_alerts(model.name)),
            incidents=tuple(self.store.incidents_since(model.name, now - cooldown)),
            resolved=tuple(self.store.resolved_alerts_since(model.name, now - cooldown)),
        )
        change = step(model, live, verdicts, now)
        if change.alerts or change.forgotten or change.incidents:
            notices = self._notices(model, live, change, now)
            self.store.record(
                alerts=change.alerts,
                forgotten=change.forgotten,
                incidents=change.incidents,
                notices=notices,
            )
        return change.incidents

    def acknowledge(self, incident_id: str, *, by: str, now: datetime) -> Incident:
        """Say that somebody has seen it; Conflict where it is resolved already."""
        incident = self._open(incident_id)
        changed = replace(
            incident, state=AlertState.ACKNOWLEDGED, acknowledged_by=by, updated_at=now
        )
        self.store.record(alerts=(), forgotten=(), incidents=(changed,), notices=())
        return changed

    def resolve(self, incident_id: str, *, now: datetime) -> Incident:
        """Close it and its alerts by hand; they open again if the series still fires."""
        incident = self._open(incident_id)
        members = self.store.alerts_of(incident_id)
        closed = tuple(
            replace(alert, state=AlertState.RESOLVED, resolved_at=now, updated_at=now)
            for alert in members
            if alert.state is not AlertState.RESOLVED
        )
        changed = replace(incident, state=AlertState.RESOLVED, resolved_at=now, updated_at=now)
        self.store.record(alerts=closed, forgotten=(), incidents=(changed,), notices=())
        return changed

    def _open(self, incident_id: str) -> Incident:
        incident = self.store.incident(incident_id)
        if incident.state is AlertState.RESOLVED:
            raise Conflict(
                f"incident {incident_id} is resolved already, since {incident.resolved_at}"
            )
        return incident

    def _notices(
        self, model: Model, live: Live, change: Change, now: datetime
    ) -> tuple[Notice, ...]:
        found = []
        for incident, kind in change.tell:
            members = _members(incident, live, change)
            for route in self.routes():
                if not route.match.takes(
                    model=model.name,
                    owner=model.owner,
                    tier=model.tier,
                    severity=incident.severity,
                ):
                    continue
                found += [
                    self._notice(incident, kind, members, (route.name, place), now)
                    for place in range(len(route.sinks))
                ]
        if self.context is not None:
            found = [self.context.complete(notice) for notice in found]
        return tuple(found)

    def _notice(
        self,
        incident: Incident,
        kind: NoticeKind,
        members: tuple[Alert, ...],
        address: tuple[str, int],
        now: datetime,
    ) -> Notice:
        route, sink = address
        identity = f"{incident.id}|{kind}|{incident.updated_at.isoformat()}|{route}|{sink}"
        return Notice(
            key=hashlib.sha256(identity.encode()).hexdigest()[:32],
            kind=kind,
            route=route,
            sink=sink,
            incident=incident,
            alerts=members,
            created_at=now,
            link=self.base_url and f"{self.base_url.rstrip('/')}/incidents/{incident.id}",
        )


def _members(incident: Incident, live: Live, change: Change) -> tuple[Alert, ...]:
    newest = {alert.id: alert for alert in (*live.resolved, *live.alerts, *change.alerts)}
    return tuple(newest[identity] for identity in incident.alerts if identity in newest)
