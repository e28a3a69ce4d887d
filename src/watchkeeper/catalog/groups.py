"""What was told of which group, and the notices about it: saved together."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from watchkeeper.catalog.alerts import post
from watchkeeper.catalog.database import Database, insert_into
from watchkeeper.catalog.schema import alert_groups, alerts, incidents
from watchkeeper.domain.alert import AlertState, Notice
from watchkeeper.domain.group import Group, Signal
from watchkeeper.domain.verdict import Severity

__all__ = ["Groups"]

_MOMENTS = ("opened_at", "due_at", "fired_at", "told_at", "escalated_at")
_TUPLES = ("said", "faults", "incidents", "receivers")


class Groups:
    """The groups of all routes; a `GroupStore` of `domain.ports`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def standing(self) -> tuple[tuple[Signal, ...], tuple[Group, ...]]:
        """All that fires, and all groups, as of one moment."""
        firing = (
            sa.select(
                alerts.c.id,
                alerts.c.incident,
                alerts.c.labels,
                alerts.c.fault,
                incidents.c.severity,
                incidents.c.state,
                incidents.c.certainty,
            )
            .join(incidents, incidents.c.id == alerts.c.incident)
            .where(alerts.c.state == sa.literal_column("'open'"))
            .where(incidents.c.state != AlertState.RESOLVED.value)
            .order_by(alerts.c.id)
        )
        with self._database.read() as connection:
            found = tuple(_signal(row) for row in connection.execute(firing))
            held = connection.execute(sa.select(alert_groups).order_by(alert_groups.c.id))
            return found, tuple(_group(row) for row in held)

    def record(
        self, *, groups: Sequence[Group], ended: Sequence[Group], notices: Sequence[Notice]
    ) -> bool:
        """Save, forget and put into the outbox, all in one transaction; or nothing of it, and False,
        where another process has changed one of the groups since it was read.
        """
        try:
            with self._database.write() as connection:
                for group in groups:
                    _save(connection, group)
                for group in ended:
                    _forget(connection, group)
                for notice in notices:
                    post(connection, notice)
        except _ChangedMeanwhile:
            return False
        return True


class _ChangedMeanwhile(Exception):
    """Undoes the transaction."""


def _save(connection: sa.Connection, group: Group) -> None:
    values = {"revision": group.revision + 1, "body": _body(group)}
    if group.revision:
        _change_one(connection, sa.update(alert_groups).where(*_same(group)).values(**values))
        return
    made = insert_into(connection, alert_groups).values(id=_identity(group), **values)
    once = made.on_conflict_do_nothing(index_elements=["id"]).returning(alert_groups.c.id)
    if connection.execute(once).first() is None:
        raise _ChangedMeanwhile


def _forget(connection: sa.Connection, group: Group) -> None:
    _change_one(connection, sa.delete(alert_groups).where(*_same(group)))


def _change_one(connection: sa.Connection, change: sa.Executable) -> None:
    if not connection.execute(change).rowcount:
        raise _ChangedMeanwhile


def _same(group: Group) -> tuple[sa.ColumnElement[bool], ...]:
    return alert_groups.c.id == _identity(group), alert_groups.c.revision == group.revision


def _identity(group: Group) -> str:
    return hashlib.sha256(group.key.encode("utf-8", "surrogatepass")).hexdigest()


def _body(group: Group) -> str:
    found = {item.name: getattr(group, item.name) for item in fields(group)}
    del found["revision"]
    moments = {name: found[name] and found[name].isoformat() for name in _MOMENTS}
    return json.dumps({**found, **moments, "labels": dict(group.labels)})


def _group(row: sa.Row[tuple[object, ...]]) -> Group:
    found = json.loads(row.body)
    for name in _MOMENTS:
        found[name] = found[name] and datetime.fromisoformat(found[name])
    for name in _TUPLES:
        found[name] = tuple(found[name])
    return Group(**found, revision=row.revision)


def _signal(row: Any) -> Signal:
    return Signal(
        id=row.id,
        incident=row.incident,
        labels=json.loads(row.labels),
        fault=row.fault or row.incident,
        severity=Severity(row.severity),
        certainty=row.certainty,
        acknowledged=row.state == AlertState.ACKNOWLEDGED.value,
    )
