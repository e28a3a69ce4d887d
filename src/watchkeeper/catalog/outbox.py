"""The outbox: notices from the transaction that decided on them until their receiver has them.

Any number of senders may work on it, on any number of machines. A sender *claims* a notice before
it sends it, for a while, which it prolongs as long as it is sending; so nobody else sends it, and
when its sender dies, another takes it up once that while is over. Notices of one thread are sent
one after the other, in the order they were written: a resolve never overtakes what it resolves.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from watchkeeper.catalog.database import Database
from watchkeeper.catalog.schema import notices
from watchkeeper.domain.alert import Notice, notice_from_dict
from watchkeeper.domain.outbox import Claim, Settled
from watchkeeper.errors import NotFound

__all__ = ["NoticeOutbox"]

_held = notices.c


@dataclass(frozen=True, slots=True)
class _Lane:
    route: str
    sink: int


class NoticeOutbox:
    """Notices that wait for their receiver; an `Outbox` of `domain.ports`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def due(
        self, now: datetime, *, limit: int, without: Collection[tuple[str, int]] = ()
    ) -> tuple[Notice, ...]:
        """Notices that may be sent now, the longest due first: of each thread the first that is
        not settled. Those of the sinks (route, place) in ``without`` are left out.
        """
        asked = (
            sa.select(_held.body)
            .where(_may_be_sent(now), *(~_of_lane(_Lane(*lane)) for lane in without))
            .order_by(_held.next_attempt_at, _held.position)
            .limit(limit)
        )
        with self._database.read() as connection:
            return tuple(notice_from_dict(json.loads(r.body)) for r in connection.execute(asked))

    def claim(self, key: str, now: datetime, *, until: datetime) -> Claim | None:
        """Take a notice, for nobody else to send it before ``until``; None where it is not due any
        more. The attempt counts from here on.
        """
        token = uuid.uuid4().hex
        change = (
            sa.update(notices)
            .where(_held.key == key, _may_be_sent(now))
            .values(next_attempt_at=until, claim=token, attempts=_held.attempts + 1)
        )
        with self._database.write() as connection:
            if not connection.execute(change).rowcount:
                return None
            row = connection.execute(
                sa.select(_held.attempts, _held.thread, _held.position).where(_held.key == key)
            ).one()
            return Claim(key, token, row.attempts, _earlier(connection, row.thread, row.position))

    def prolong(self, claim: Claim, *, until: datetime) -> None:
        """Keep a claim until then; nothing happens where it is lost."""
        change = sa.update(notices).where(*_claimed(claim)).values(next_attempt_at=until)
        with self._database.write() as connection:
            connection.execute(change)

    def sent(self, claim: Claim, settled: Settled) -> None:
        """The receiver accepted it, whoever has claimed it meanwhile."""
        values = {
            "sent_at": settled.at,
            "next_attempt_at": None,
            "claim": None,
            "reason": None,
            "answer": settled.answer,
            "remember": settled.remember,
            "refresh_at": settled.refresh_at,
        }
        with self._database.write() as connection:
            change = sa.update(notices).where(_held.key == claim.key).values(**values)
            if not connection.execute(change).rowcount:
                raise NotFound(f"the outbox holds no notice {claim.key!r}")
            _forget_refreshing(connection, claim.key)

    def delayed(self, claim: Claim, *, reason: str, next_attempt_at: datetime) -> None:
        """The attempt failed; it is tried again then. Nothing happens where the claim is lost."""
        self._give_up(claim, reason=reason, next_attempt_at=next_attempt_at)

    def refused(self, claim: Claim, *, reason: str, at: datetime) -> None:
        """It will never be taken; kept with the reason."""
        self._give_up(claim, refused_at=at, reason=reason, next_attempt_at=None)

    def to_refresh(self, now: datetime, *, until: datetime) -> tuple[tuple[Notice, Claim], ...]:
        """Sent notices of which the receiver is to be told again now; they are not given out anew
        before ``until``.
        """
        asked = sa.select(_held.key, _held.refresh_at).where(_held.refresh_at <= now)
        with self._database.read() as connection:
            found = connection.execute(asked).all()
        return tuple(
            taken
            for row in found
            if (taken := self._take_refresh(row.key, row.refresh_at, until)) is not None
        )

    def refreshed(self, claim: Claim, settled: Settled) -> None:
        """The receiver was told again; where it is to be told once more, and what to remember."""
        change = (
            sa.update(notices)
            .where(_held.key == claim.key, _held.refresh_at.is_not(None))
            .values(refresh_at=settled.refresh_at, remember=settled.remember)
        )
        with self._database.write() as connection:
            connection.execute(change)

    def _take_refresh(
        self, key: str, seen: datetime, until: datetime
    ) -> tuple[Notice, Claim] | None:
        change = (
            sa.update(notices)
            .where(_held.key == key, _held.refresh_at == seen)
            .values(refresh_at=until)
        )
        with self._database.write() as connection:
            if not connection.execute(change).rowcount:
                return None
            row = connection.execute(
                sa.select(_held.body, _held.remember, _held.attempts).where(_held.key == key)
            ).one()
            notice = notice_from_dict(json.loads(row.body))
            return notice, Claim(key, "", row.attempts, row.remember)

    def _give_up(self, claim: Claim, **values: datetime | str | None) -> None:
        change = sa.update(notices).where(*_claimed(claim)).values(claim=None, **values)
        with self._database.write() as connection:
            connection.execute(change)


def _may_be_sent(now: datetime) -> sa.ColumnElement[bool]:
    before = notices.alias()
    waiting = sa.exists().where(
        before.c.thread == _held.thread,
        before.c.position < _held.position,
        before.c.next_attempt_at.is_not(None),
    )
    return sa.and_(_held.next_attempt_at <= now, ~waiting)


def _claimed(claim: Claim) -> tuple[sa.ColumnElement[bool], ...]:
    return _held.key == claim.key, _held.claim == claim.token


def _of_lane(lane: _Lane) -> sa.ColumnElement[bool]:
    return sa.and_(_held.route == lane.route, _held.sink == lane.sink)


def _earlier(connection: sa.Connection, thread: str, position: int) -> str | None:
    """What the thread's last sent notice asked to be remembered."""
    asked = (
        sa.select(_held.remember)
        .where(_held.thread == thread, _held.position < position, _held.remember.is_not(None))
        .order_by(_held.position.desc())
        .limit(1)
    )
    found: str | None = connection.execute(asked).scalar()
    return found


def _forget_refreshing(connection: sa.Connection, key: str) -> None:
    """What a later notice of the thread says replaces what earlier ones repeated."""
    this = sa.select(_held.thread, _held.position).where(_held.key == key).subquery()
    thread = sa.select(this.c.thread).scalar_subquery()
    position = sa.select(this.c.position).scalar_subquery()
    connection.execute(
        sa.update(notices)
        .where(_held.thread == thread, _held.position < position, _held.refresh_at.is_not(None))
        .values(refresh_at=None)
    )
