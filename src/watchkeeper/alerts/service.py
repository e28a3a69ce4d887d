"""The alerts of all models: verdicts in, recorded alerts and incidents out, and people told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from watchkeeper.alerts.engine import COOLDOWN_WINDOWS, Live, step
from watchkeeper.alerts.telling import Telling
from watchkeeper.alerts.upstream import Upstream
from watchkeeper.domain.alert import AlertState, Incident
from watchkeeper.domain.model import Model
from watchkeeper.domain.ports import AlertStore
from watchkeeper.domain.verdict import Verdict
from watchkeeper.errors import Conflict

__all__ = ["Alerting"]


def _nothing(_model: Model, _now: datetime) -> Sequence[Upstream]:
    return ()


def _unheard(_incident: Incident) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Alerting:
    """Follows every model's alerts in ``store`` and has ``telling`` tell of them.

    Alerts live by their model's clock (a replay of 2013 happens in 2013), people by ``wall``: by it
    it is decided whom to tell and when. ``upstream`` says what fails that a model depends on;
    ``heard`` hears of what people did with an incident.
    """

    store: AlertStore
    telling: Telling
    wall: Callable[[], datetime]
    upstream: Callable[[Model, datetime], Sequence[Upstream]] = _nothing
    heard: Callable[[Incident], None] = _unheard

    def on_verdicts(
        self, model: Model, verdicts: Sequence[Verdict], now: datetime
    ) -> tuple[Incident, ...]:
        """Record what the verdicts change, in one transaction, tell what is due, and return the
        changed incidents. After a crash between the two the next look tells it.
        """
        if not verdicts:
            return ()
        cooldown = COOLDOWN_WINDOWS * model.granularity.length
        live = Live(
            alerts=tuple(self.store.live_alerts(model.name)),
            incidents=tuple(self.store.incidents_since(model.name, now - cooldown)),
            resolved=tuple(self.store.resolved_alerts_since(model.name, now - cooldown)),
            upstream=tuple(self.upstream(model, now)),
        )
        change = step(model, live, verdicts, now)
        if change.alerts or change.forgotten or change.incidents:
            self.store.record(
                alerts=change.alerts, forgotten=change.forgotten, incidents=change.incidents
            )
            self.telling.look(self.wall())
        return change.incidents

    def acknowledge(self, incident_id: str, *, by: str, now: datetime) -> Incident:
        """Say that somebody has seen it; Conflict where it is resolved already."""
        return self._amended(
            incident_id,
            lambda found: replace(
                _unresolved(found),
                state=AlertState.ACKNOWLEDGED,
                acknowledged_by=by,
                updated_at=now,
            ),
        )

    def assign(self, incident_id: str, *, to: str | None, now: datetime) -> Incident:
        """Say who looks after it (None: nobody any more); Conflict where it is resolved already."""
        return self._amended(
            incident_id,
            lambda found: replace(_unresolved(found), assignee=to, updated_at=now),
        )

    def resolve(self, incident_id: str, *, now: datetime) -> Incident:
        """Close it and its alerts by hand; they open again if the series still fires."""
        incident = _unresolved(self.store.incident(incident_id))
        closed = tuple(
            replace(alert, state=AlertState.RESOLVED, resolved_at=now, updated_at=now)
            for alert in self.store.alerts_of(incident_id)
            if alert.state is not AlertState.RESOLVED
        )
        changed = replace(incident, state=AlertState.RESOLVED, resolved_at=now, updated_at=now)
        self.store.record(alerts=closed, forgotten=(), incidents=(changed,))
        self.heard(changed)
        return changed

    def _amended(self, incident_id: str, change: Callable[[Incident], Incident]) -> Incident:
        changed = self.store.amend(incident_id, change)
        self.heard(changed)
        return changed


def _unresolved(incident: Incident) -> Incident:
    if incident.state is AlertState.RESOLVED:
        raise Conflict(f"incident {incident.id} is resolved already, since {incident.resolved_at}")
    return incident
