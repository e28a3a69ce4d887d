"""Silences, kept for as long as somebody may want to know who muted what."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from watchkeeper.catalog.database import Database, insert_into
from watchkeeper.catalog.schema import silences
from watchkeeper.domain.matcher import Matcher, MatchOp
from watchkeeper.domain.silence import Silence, SilenceState
from watchkeeper.errors import Conflict, NotFound

__all__ = ["Silences"]

_KEPT = timedelta(days=120)


class Silences:
    """The silences of everybody."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, silence: Silence) -> None:
        """Store it, in place of one of its id; those that ended long ago are forgotten."""
        values = {
            "id": silence.id,
            "starts_at": silence.starts_at,
            "ends_at": silence.ends_at,
            "body": _body(silence),
        }
        with self._database.write() as connection:
            change = insert_into(connection, silences).values(**values)
            connection.execute(change.on_conflict_do_update(index_elements=["id"], set_=values))
            long_ago = silence.updated_at - _KEPT
            connection.execute(sa.delete(silences).where(silences.c.ends_at < long_ago))

    def get(self, identity: str) -> Silence:
        """One silence; NotFound where there is none."""
        asked = sa.select(silences).where(silences.c.id == identity)
        with self._database.read() as connection:
            row = connection.execute(asked).first()
        if row is None:
            raise NotFound(f"there is no silence {identity!r}")
        return _silence(row)

    def expire(self, identity: str, *, now: datetime) -> Silence:
        """End it now; Conflict where it has ended. One that has not begun never will."""
        found = self.get(identity)
        if found.state(now) is SilenceState.EXPIRED:
            raise Conflict(f"silence {identity!r} has ended already, at {found.ends_at}")
        starts = min(found.starts_at, now)
        ended = replace(found, starts_at=starts, ends_at=now, updated_at=now)
        self.put(ended)
        return ended

    def ending_after(self, moment: datetime) -> tuple[Silence, ...]:
        """Those that are active at the moment or later, by when they end."""
        return self._found(silences.c.ends_at > moment)

    def all(self) -> tuple[Silence, ...]:
        """All that are kept, by when they end."""
        return self._found()

    def _found(self, *conditions: sa.ColumnElement[bool]) -> tuple[Silence, ...]:
        asked = sa.select(silences).where(*conditions).order_by(silences.c.ends_at, silences.c.id)
        with self._database.read() as connection:
            return tuple(_silence(row) for row in connection.execute(asked))


def _body(silence: Silence) -> str:
    return json.dumps(
        {
            "matchers": [[each.name, str(each.op), each.value] for each in silence.matchers],
            "created_by": silence.created_by,
            "comment": silence.comment,
            "updated_at": silence.updated_at.isoformat(),
        }
    )


def _silence(row: sa.Row[tuple[object, ...]]) -> Silence:
    body = json.loads(row.body)
    return Silence(
        id=row.id,
        matchers=tuple(Matcher(name, MatchOp(op), value) for name, op, value in body["matchers"]),
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        created_by=body["created_by"],
        comment=body["comment"],
        updated_at=datetime.fromisoformat(body["updated_at"]),
    )
