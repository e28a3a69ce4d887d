"""From verdicts to notices: a pure step over the live alerts and incidents of one model."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from watchkeeper.alerts.cause import UNKNOWN, certainty_of, likely_cause, title
from watchkeeper.alerts.grouping import family_of, find_incident
from watchkeeper.alerts.lifecycle import advance, series_key, started_at
from watchkeeper.domain.alert import Alert, AlertState, Incident, NoticeKind
from watchkeeper.domain.model import Model
from watchkeeper.domain.verdict import Severity, Verdict

__all__ = ["COOLDOWN_WINDOWS", "Change", "Live", "step"]

COOLDOWN_WINDOWS = 14
_RANK = {Severity.INFO: 0, Severity.WARNING: 1, Severity.CRITICAL: 2}


@dataclass(frozen=True, slots=True)
class Live:
    """What is known of one model before a step.

    ``alerts`` are the unresolved ones, pending ones too; ``incidents`` the open ones and those
    resolved within the cooldown (`COOLDOWN_WINDOWS`), which the same cause reopens; ``resolved``
    the resolved alerts of those incidents.
    """

    alerts: tuple[Alert, ...] = ()
    incidents: tuple[Incident, ...] = ()
    resolved: tuple[Alert, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """What a step changed: values to save, ids to forget, and why people are to be told."""

    alerts: tuple[Alert, ...] = ()
    forgotten: tuple[str, ...] = ()  # pending alerts that came to nothing
    incidents: tuple[Incident, ...] = ()
    tell: tuple[tuple[Incident, NoticeKind], ...] = ()


def step(model: Model, live: Live, verdicts: Sequence[Verdict], now: datetime) -> Change:
    """What the verdicts change.

    Every alert follows its own lifecycle; opening alerts join the incident of their cause or open
    one; an incident resolves when all its alerts have. One notice a step and incident at most: it
    opened, it became worse or its cause became known, or it resolved.
    """
    before = {alert.key: alert for alert in live.alerts}
    after, forgotten = _advance_all(before, verdicts, now)
    incidents = {incident.id: incident for incident in live.incidents}
    for alert in [found for found in after.values() if _opens(found)]:
        joined = _join(alert, incidents, [*after.values(), *live.resolved], model)
        incidents[joined.id] = joined
        after[alert.key] = replace(alert, incident=joined.id)
    told = []
    for incident in list(incidents.values()):
        members = [
            alert for alert in (*after.values(), *live.resolved) if alert.incident == incident.id
        ]
        refreshed = _refresh(incident, members, now)
        incidents[incident.id] = refreshed
        kind = _why_tell(_by_id(live.incidents, incident.id), refreshed)
        if kind is not None:
            told.append((refreshed, kind))
    return Change(
        alerts=tuple(alert for alert in after.values() if alert != before.get(alert.key)),
        forgotten=tuple(forgotten),
        incidents=tuple(
            incident
            for incident in incidents.values()
            if incident != _by_id(live.incidents, incident.id)
        ),
        tell=tuple(told),
    )


def _advance_all(
    before: dict[str, Alert], verdicts: Sequence[Verdict], now: datetime
) -> tuple[dict[str, Alert], list[str]]:
    after, forgotten = dict(before), []
    for verdict in sorted(verdicts, key=started_at):
        key = series_key(verdict)
        known = after.get(key)
        if known is not None and known.state is AlertState.RESOLVED:
            known = None
        moved = advance(known, verdict, now)
        if moved is not None:
            after[key] = moved
        elif known is not None:
            del after[key]
            forgotten.append(known.id)
    return after, forgotten


def _opens(alert: Alert) -> bool:
    return alert.state is AlertState.OPEN and alert.incident is None


def _join(
    alert: Alert, incidents: Mapping[str, Incident], alerts: list[Alert], model: Model
) -> Incident:
    members = {
        identity: [other for other in alerts if other.incident == identity]
        for identity in incidents
    }
    found = find_incident(
        alert, list(incidents.values()), members, window_length=model.granularity.length
    )
    if found is not None:
        state = AlertState.OPEN if found.state is AlertState.RESOLVED else found.state
        return replace(found, alerts=(*found.alerts, alert.id), state=state, resolved_at=None)
    return Incident(
        id=hashlib.sha256(f"incident|{alert.id}".encode()).hexdigest()[:20],
        model=alert.model,
        state=AlertState.OPEN,
        severity=alert.severity,
        title=title([alert]),
        cause=UNKNOWN,
        opened_at=alert.opened_at,
        updated_at=alert.updated_at,
        alerts=(alert.id,),
        facts={"family": family_of(alert)},
    )


def _refresh(incident: Incident, members: list[Alert], now: datetime) -> Incident:
    """The incident as its alerts now say it is."""
    if not members or incident.state is AlertState.RESOLVED:
        return incident
    cause = likely_cause(members)
    refreshed = replace(
        incident,
        title=title(members),
        cause=cause if certainty_of(cause) >= certainty_of(incident.cause) else incident.cause,
        severity=max([incident.severity, *(a.severity for a in members)], key=_RANK.__getitem__),
        opened_at=min([incident.opened_at, *(alert.opened_at for alert in members)]),
    )
    if all(alert.state is AlertState.RESOLVED for alert in members):
        refreshed = replace(refreshed, state=AlertState.RESOLVED, resolved_at=now)
    return refreshed if refreshed == incident else replace(refreshed, updated_at=now)


def _why_tell(before: Incident | None, after: Incident) -> NoticeKind | None:
    if before is None or _resolved(before) > _resolved(after):
        return NoticeKind.OPENED
    if _resolved(after) > _resolved(before):
        return NoticeKind.RESOLVED
    worse = _RANK[after.severity] > _RANK[before.severity]
    explained = certainty_of(after.cause) > certainty_of(before.cause)
    return NoticeKind.UPDATED if worse or explained else None


def _resolved(incident: Incident) -> bool:
    return incident.state is AlertState.RESOLVED


def _by_id(incidents: Sequence[Incident], identity: str) -> Incident | None:
    return next((incident for incident in incidents if incident.id == identity), None)
