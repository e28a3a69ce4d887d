"""From verdicts to incidents: a pure step over the live alerts and incidents of one model.

Whom to tell what of it is decided in `watchkeeper.alerts.deciding`.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from watchkeeper.alerts.cause import UNKNOWN, certainty_of, likely_cause, title
from watchkeeper.alerts.grouping import (
    HELD_BACK,
    Members,
    family_of,
    fault_of,
    find_incident,
)
from watchkeeper.alerts.labels import labels_of
from watchkeeper.alerts.lifecycle import Pace, advance, series_key, started_at
from watchkeeper.alerts.upstream import Explaining, Upstream, faults_of, in_sentences
from watchkeeper.domain.alert import Alert, AlertState, Incident
from watchkeeper.domain.model import Model
from watchkeeper.domain.verdict import Severity, Verdict

__all__ = ["COOLDOWN_WINDOWS", "Change", "Live", "paces_of", "step"]

COOLDOWN_WINDOWS = 14
_RANK = {Severity.INFO: 0, Severity.WARNING: 1, Severity.CRITICAL: 2}


@dataclass(frozen=True, slots=True)
class Live:
    """What is known of one model before a step.

    ``alerts`` are the unresolved ones, pending ones too; ``incidents`` the open ones and those
    resolved within the cooldown (`COOLDOWN_WINDOWS`), which the same cause reopens; ``resolved``
    the resolved alerts of those incidents; ``upstream`` what fails that the model depends on.
    """

    alerts: tuple[Alert, ...] = ()
    incidents: tuple[Incident, ...] = ()
    resolved: tuple[Alert, ...] = ()
    upstream: tuple[Upstream, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """What a step changed: values to save, and ids to forget."""

    alerts: tuple[Alert, ...] = ()
    forgotten: tuple[str, ...] = ()  # pending alerts that came to nothing
    incidents: tuple[Incident, ...] = ()


def step(model: Model, live: Live, verdicts: Sequence[Verdict], now: datetime) -> Change:
    """What the verdicts change.

    Every alert follows its own lifecycle; opening alerts join the incident of their cause or open
    one; an incident resolves when all its alerts have.
    """
    before = {alert.key: alert for alert in live.alerts}
    after, forgotten = _advance_all(before, verdicts, now, paces_of(model))
    explaining = Explaining.of([*faults_of(after.values(), model), *live.upstream], model)
    after = {key: explaining.hold_back(alert) for key, alert in after.items()}
    incidents = {incident.id: incident for incident in live.incidents}
    _join_all(after, incidents, live, explaining)
    members = _by_incident([*after.values(), *live.resolved])
    for identity, incident in incidents.items():
        incidents[identity] = _refresh(incident, members.get(identity, []), now)
    known = {incident.id: incident for incident in live.incidents}
    return Change(
        alerts=tuple(
            replace(alert, labels=labels_of(alert, model))
            for alert in after.values()
            if alert != before.get(alert.key)
        ),
        forgotten=tuple(forgotten),
        incidents=tuple(
            incident for incident in incidents.values() if incident != known.get(incident.id)
        ),
    )


def paces_of(model: Model) -> dict[str, Pace]:
    """What the model's monitors say about opening and resolving, by their names."""
    return {
        spec.name: Pace(spec.opens_after, spec.keeps_for)
        for spec in model.monitors
        if spec.opens_after is not None or spec.keeps_for is not None
    }


def _advance_all(
    before: dict[str, Alert],
    verdicts: Sequence[Verdict],
    now: datetime,
    paces: Mapping[str, Pace],
) -> tuple[dict[str, Alert], list[str]]:
    after, forgotten = dict(before), []
    for verdict in sorted(verdicts, key=started_at):
        key = series_key(verdict)
        known = after.get(key)
        if known is not None and known.state is AlertState.RESOLVED:
            known = None
        moved = advance(known, verdict, now, paces.get(verdict.monitor, Pace()))
        if moved is not None:
            after[key] = moved
        elif known is not None:
            del after[key]
            forgotten.append(known.id)
    return after, forgotten


def _opens(alert: Alert) -> bool:
    return alert.state is AlertState.OPEN and alert.incident is None


def _join_all(
    after: dict[str, Alert], incidents: dict[str, Incident], live: Live, explaining: Explaining
) -> None:
    """Every alert that opens joins the incident of its cause, or opens one."""
    length = explaining.length
    members = {identity: Members() for identity in incidents}
    for other in (*after.values(), *live.resolved):
        if other.incident in members:
            members[other.incident].add(other)
    joined: dict[str, list[str]] = defaultdict(list)
    # Faults first: what they explain joins the incident that tells of them.
    for alert in sorted((a for a in after.values() if _opens(a)), key=lambda a: bool(a.held_back)):
        fault = explaining.fault_of(alert) if alert.held_back else None
        told = None if fault is None or fault.key is None else after[fault.key].incident
        found = incidents.get(told or "") or find_incident(
            alert, list(incidents.values()), members, window_length=length
        )
        incident = _new(alert) if found is None else _reopened(found)
        incidents[incident.id] = incident
        held = members.setdefault(incident.id, Members())
        news = fault_of(alert, incident, held, window_length=length)
        after[alert.key] = replace(alert, incident=incident.id, fault=news)
        held.add(after[alert.key])
        joined[incident.id].append(alert.id)
    for identity, alerts in joined.items():
        incident = incidents[identity]
        incidents[identity] = replace(incident, alerts=(*incident.alerts, *alerts))


def _by_incident(alerts: Sequence[Alert]) -> dict[str, list[Alert]]:
    found: dict[str, list[Alert]] = defaultdict(list)
    for alert in alerts:
        if alert.incident is not None:
            found[alert.incident].append(alert)
    return found


def _reopened(incident: Incident) -> Incident:
    """Of one that was over: it is back, and nobody looks after it yet."""
    if incident.state is not AlertState.RESOLVED:
        return incident
    return replace(incident, state=AlertState.OPEN, resolved_at=None, acknowledged_by=None)


def _new(alert: Alert) -> Incident:
    return Incident(
        id=hashlib.sha256(f"incident|{alert.id}".encode()).hexdigest()[:20],
        model=alert.model,
        state=AlertState.OPEN,
        severity=alert.severity,
        title=title([alert]),
        cause=UNKNOWN,
        opened_at=alert.opened_at,
        updated_at=alert.updated_at,
        facts={"family": family_of(alert)},
    )


def _refresh(incident: Incident, members: list[Alert], now: datetime) -> Incident:
    """The incident as its alerts now say it is."""
    if not members or incident.state is AlertState.RESOLVED:
        return incident
    cause = likely_cause(members)
    if certainty_of(cause) < certainty_of(incident.cause):
        cause = incident.cause
    refreshed = replace(
        incident,
        title=title(members),
        cause=cause,
        facts={**_held_facts(incident, members), "certainty": certainty_of(cause)},
        severity=max([incident.severity, *(a.severity for a in members)], key=_RANK.__getitem__),
        opened_at=min([incident.opened_at, *(alert.opened_at for alert in members)]),
    )
    if all(alert.state is AlertState.RESOLVED for alert in members):
        refreshed = replace(refreshed, state=AlertState.RESOLVED, resolved_at=now)
    return refreshed if refreshed == incident else replace(refreshed, updated_at=now)


def _held_facts(incident: Incident, members: Sequence[Alert]) -> dict[str, object]:
    """The facts of an incident with what is held back and why; and, once the fault is over, that
    what is left is told.
    """
    facts = {name: fact for name, fact in incident.facts.items() if name != "held_back"}
    held = in_sentences(members)
    if held:
        return {**facts, "held_back": held}
    before = incident.facts.get("held_back")
    if before and any(_is_let_go(alert) for alert in members):
        was = (
            str(before)
            .replace(" is held ", " was held ", 1)
            .replace(" are held ", " were held ", 1)
        )
        return {**facts, "let_go": f"{was}; that is over, and this stays"}
    return facts


def _is_let_go(alert: Alert) -> bool:
    return alert.state is not AlertState.RESOLVED and alert.fault.endswith(HELD_BACK)
