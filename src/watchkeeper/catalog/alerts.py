"""Alerts, incidents, and what became of the notices about them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa

from watchkeeper.catalog.database import Database, insert_into, to_micros
from watchkeeper.catalog.paging import Page, page_of, read_cursor
from watchkeeper.catalog.schema import alerts, incidents, notices
from watchkeeper.domain.alert import (
    Alert,
    AlertState,
    Incident,
    Notice,
    alert_from_dict,
    incident_from_dict,
    notice_from_dict,
    to_dict,
)
from watchkeeper.errors import NotFound

__all__ = ["Alerts", "NoticeFate"]


_MOST_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class NoticeFate:
    """A notice and what became of it so far."""

    notice: Notice
    attempts: int
    next_attempt_at: datetime | None
    sent_at: datetime | None
    refused_at: datetime | None
    reason: str | None
    answer: str | None = None


class Alerts:
    """The alerts and incidents of all models; an `AlertStore` of `domain.ports`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def live_alerts(self, model: str) -> tuple[Alert, ...]:
        """The alerts of the model that are pending, open or acknowledged, oldest first."""
        return self._alerts(alerts.c.model == model, alerts.c.state != AlertState.RESOLVED.value)

    def resolved_alerts_since(self, model: str, moment: datetime) -> tuple[Alert, ...]:
        """The resolved alerts of the incidents that `incidents_since` gives."""
        recent = sa.select(incidents.c.id).where(*_since(model, moment))
        return self._alerts(
            alerts.c.model == model,
            alerts.c.state == AlertState.RESOLVED.value,
            alerts.c.incident.in_(recent),
        )

    def alerts_of(self, incident_id: str) -> tuple[Alert, ...]:
        """The alerts of one incident, resolved ones too, oldest first."""
        return self._alerts(alerts.c.incident == incident_id)

    def incidents_since(self, model: str, moment: datetime) -> tuple[Incident, ...]:
        """The model's incidents that are not resolved, or were resolved after ``moment``."""
        asked = (
            sa.select(incidents.c.body)
            .where(*_since(model, moment))
            .order_by(incidents.c.opened_at, incidents.c.id)
        )
        with self._database.read() as connection:
            return tuple(_incident(row) for row in connection.execute(asked))

    def incidents_of(self, identities: Sequence[str]) -> tuple[Incident, ...]:
        """The incidents of these ids; what is not there (any more) is left out."""
        found: dict[str, Incident] = {}
        with self._database.read() as connection:
            for some in _parts(identities):
                asked = sa.select(incidents.c.body).where(incidents.c.id.in_(some))
                found |= {item.id: item for item in map(_incident, connection.execute(asked))}
        return tuple(found[identity] for identity in identities if identity in found)

    def alerts_of_all(self, identities: Sequence[str], *, most: int) -> tuple[Alert, ...]:
        """The alerts of several incidents, resolved ones too; of each at most so many, the oldest."""
        place = sa.func.row_number().over(
            partition_by=alerts.c.incident, order_by=(alerts.c.opened_at, alerts.c.id)
        )
        found: list[Alert] = []
        with self._database.read() as connection:
            for some in _parts(identities):
                ranked = (
                    sa.select(alerts.c.body, place.label("place"))
                    .where(alerts.c.incident.in_(some))
                    .subquery()
                )
                asked = sa.select(ranked.c.body).where(ranked.c.place <= most)
                found += [
                    alert_from_dict(json.loads(row.body)) for row in connection.execute(asked)
                ]
        return tuple(found)

    def incident(self, incident_id: str) -> Incident:
        """One incident; NotFound where there is none."""
        asked = sa.select(incidents.c.body).where(incidents.c.id == incident_id)
        with self._database.read() as connection:
            row = connection.execute(asked).first()
        if row is None:
            raise NotFound(f"there is no incident {incident_id!r}")
        return _incident(row)

    def page(
        self,
        *,
        model: str | None = None,
        states: Sequence[AlertState] = (),
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[Incident]:
        """Incidents, the latest opened first."""
        before = read_cursor(cursor, 2)
        asked = sa.select(incidents)
        if model is not None:
            asked = asked.where(incidents.c.model == model)
        if states:
            asked = asked.where(incidents.c.state.in_([state.value for state in states]))
        opened = sa.type_coerce(incidents.c.opened_at, sa.BigInteger)
        if before is not None:
            asked = asked.where(
                (opened < before[0]) | ((opened == before[0]) & (incidents.c.id < before[1]))
            )
        asked = asked.order_by(opened.desc(), incidents.c.id.desc()).limit(limit + 1)
        with self._database.read() as connection:
            rows = connection.execute(asked).all()
        return page_of(
            rows, limit, build=_incident, place=lambda row: (to_micros(row.opened_at), row.id)
        )

    def rules(
        self, *, model: str | None = None, since: datetime | None = None
    ) -> tuple[tuple[str, str, str], ...]:
        """Model, monitor and incident of every alert that is part of an incident: of every model
        or of one, of incidents that opened at ``since`` or later.
        """
        asked = sa.select(alerts.c.body).join(incidents, incidents.c.id == alerts.c.incident)
        if model is not None:
            asked = asked.where(incidents.c.model == model)
        if since is not None:
            asked = asked.where(incidents.c.opened_at >= since)
        with self._database.read() as connection:
            bodies = [json.loads(row.body) for row in connection.execute(asked)]
        return tuple((body["model"], body["monitor"], body["incident"]) for body in bodies)

    def open_counts(self) -> Mapping[str, int]:
        """How many incidents of each model are open or acknowledged; none: left out."""
        asked = (
            sa.select(incidents.c.model, sa.func.count())
            .where(incidents.c.state != AlertState.RESOLVED.value)
            .group_by(incidents.c.model)
        )
        with self._database.read() as connection:
            return {row[0]: row[1] for row in connection.execute(asked)}

    def notices_of(self, incident_id: str) -> tuple[NoticeFate, ...]:
        """Who was told of an incident, or is still to be, oldest first."""
        asked = (
            sa.select(notices).where(notices.c.incident == incident_id).order_by(notices.c.position)
        )
        with self._database.read() as connection:
            return tuple(_fate(row) for row in connection.execute(asked))

    def record(
        self,
        *,
        alerts: Sequence[Alert],
        forgotten: Sequence[str],
        incidents: Sequence[Incident],
        notices: Sequence[Notice] = (),
    ) -> None:
        """Save, forget and put into the outbox, all in one transaction.

        A notice whose key is in the outbox already is not put there again.
        """
        with self._database.write() as connection:
            _forget(connection, forgotten)
            for alert in alerts:
                _save_alert(connection, alert)
            for incident in incidents:
                stored = _stored(connection, incident.id)
                _save_incident(connection, _with_what_people_did(incident, stored))
            for notice in notices:
                post(connection, notice)

    def amend(self, incident_id: str, change: Callable[[Incident], Incident]) -> Incident:
        """Change an incident as it stands, in one transaction; NotFound where there is none."""
        with self._database.write() as connection:
            stored = _stored(connection, incident_id)
            if stored is None:
                raise NotFound(f"there is no incident {incident_id!r}")
            changed = change(stored)
            _save_incident(connection, changed)
            return changed

    def _alerts(self, *conditions: sa.ColumnElement[bool]) -> tuple[Alert, ...]:
        asked = (
            sa.select(alerts.c.body).where(*conditions).order_by(alerts.c.opened_at, alerts.c.id)
        )
        with self._database.read() as connection:
            return tuple(alert_from_dict(json.loads(row.body)) for row in connection.execute(asked))


def _parts(identities: Sequence[str]) -> Iterator[Sequence[str]]:
    """The ids in parts that are small enough for one statement."""
    for start in range(0, len(identities), _MOST_AT_ONCE):
        yield identities[start : start + _MOST_AT_ONCE]


def _since(model: str, moment: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    live = incidents.c.state != AlertState.RESOLVED.value
    return incidents.c.model == model, live | (incidents.c.resolved_at > moment)


def _forget(connection: sa.Connection, forgotten: Sequence[str]) -> None:
    if forgotten:
        connection.execute(sa.delete(alerts).where(alerts.c.id.in_(forgotten)))


def _save_alert(connection: sa.Connection, alert: Alert) -> None:
    values = {
        "id": alert.id,
        "model": alert.model,
        "state": alert.state.value,
        "incident": alert.incident,
        "opened_at": alert.opened_at,
        "labels": json.dumps(dict(alert.labels)),
        "fault": alert.fault,
        "body": json.dumps(to_dict(alert)),
    }
    change = insert_into(connection, alerts).values(**values)
    connection.execute(change.on_conflict_do_update(index_elements=["id"], set_=values))


def _stored(connection: sa.Connection, incident_id: str) -> Incident | None:
    asked = sa.select(incidents.c.body).where(incidents.c.id == incident_id).with_for_update()
    row = connection.execute(asked).first()
    return None if row is None else _incident(row)


def _with_what_people_did(incident: Incident, stored: Incident | None) -> Incident:
    """The incident, with what people did to it since whoever changes it now had read it."""
    if stored is None or stored.state is AlertState.RESOLVED:
        return incident
    found = replace(incident, assignee=stored.assignee)
    if "acts" in stored.facts:
        found = replace(found, facts={**found.facts, "acts": stored.facts["acts"]})
    if stored.state is AlertState.ACKNOWLEDGED and incident.state is AlertState.OPEN:
        by = stored.acknowledged_by
        found = replace(found, state=AlertState.ACKNOWLEDGED, acknowledged_by=by)
    return found


def _save_incident(connection: sa.Connection, incident: Incident) -> None:
    values = {
        "id": incident.id,
        "model": incident.model,
        "state": incident.state.value,
        "severity": incident.severity.value,
        "opened_at": incident.opened_at,
        "updated_at": incident.updated_at,
        "resolved_at": incident.resolved_at,
        "certainty": incident.facts.get("certainty", 0),
        "body": json.dumps(to_dict(incident)),
    }
    change = insert_into(connection, incidents).values(**values)
    connection.execute(change.on_conflict_do_update(index_elements=["id"], set_=values))


def post(connection: sa.Connection, notice: Notice) -> None:
    """Put a notice into the outbox, unless one of its key is there already."""
    change = insert_into(connection, notices).values(
        key=notice.key,
        incident=notice.incident.id,
        route=notice.route,
        sink=notice.sink,
        thread=notice.thread or f"{notice.incident.id}|{notice.route}|{notice.sink}"[:200],
        created_at=notice.created_at,
        next_attempt_at=notice.created_at,
        body=json.dumps(to_dict(notice)),
    )
    connection.execute(change.on_conflict_do_nothing(index_elements=["key"]))


def _incident(row: sa.Row[tuple[object, ...]]) -> Incident:
    return incident_from_dict(json.loads(row.body))


def _fate(row: sa.Row[tuple[object, ...]]) -> NoticeFate:
    return NoticeFate(
        notice_from_dict(json.loads(row.body)),
        row.attempts,
        row.next_attempt_at,
        row.sent_at,
        row.refused_at,
        row.reason,
        row.answer,
    )
