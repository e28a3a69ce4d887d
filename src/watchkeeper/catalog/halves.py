"""Requests that wait for their responses, and the other way round, whichever came first.

What became rows is kept for a while, empty, so that a side that is sent again is known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from watchkeeper.catalog.database import Database
from watchkeeper.catalog.inbox import InboxWrite
from watchkeeper.catalog.schema import halves
from watchkeeper.errors import Conflict

__all__ = ["Half", "Halves", "finish_halves", "keep_half"]

_HALF, _WHOLE, _DONE = "half", "whole", "done"


@dataclass(frozen=True, slots=True)
class Half:
    """What is there of one exchange. ``event`` is what request and response have in common."""

    event: str
    model: str
    request: bytes | None
    response: bytes | None
    at: datetime  # when the first half came


_COLUMNS = (halves.c.event, halves.c.model, halves.c.request, halves.c.response, halves.c.at)


class Halves:
    """What waits, of all sources."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def waiting(self) -> tuple[int, int]:
        """How many exchanges are kept, of all sources together, and how many bytes they have."""
        sides = (halves.c.request, halves.c.response)
        size = sum(sa.func.coalesce(sa.func.length(side), 0) for side in sides)
        asked = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(size), 0))
        with self._database.read() as connection:
            number, total = connection.execute(asked.where(halves.c.state != _DONE)).one()
        return int(number), int(total)

    def by_source(self) -> Mapping[str, int]:
        """How many exchanges are kept of each source of which any is."""
        asked = (
            sa.select(halves.c.source, sa.func.count())
            .where(halves.c.state != _DONE)
            .group_by(halves.c.source)
        )
        with self._database.read() as connection:
            return {source: int(number) for source, number in connection.execute(asked)}

    def sources(self) -> tuple[str, ...]:
        """The sources of which something is kept."""
        asked = sa.select(halves.c.source).distinct().order_by(halves.c.source)
        with self._database.read() as connection:
            return tuple(connection.execute(asked).scalars())

    def whole(self, source: str, *, limit: int) -> tuple[Half, ...]:
        """The oldest exchanges of which nothing is missing."""
        return self._some(source, halves.c.state == _WHOLE, limit=limit)

    def expired(self, source: str, before: datetime, *, limit: int) -> tuple[Half, ...]:
        """The oldest exchanges that began before then and are not whole."""
        return self._some(source, halves.c.state == _HALF, halves.c.at < before, limit=limit)

    def forget(self, source: str, before: datetime) -> int:
        """Forget exchanges that began before then and became rows; returns how many."""
        gone = sa.delete(halves).where(
            halves.c.source == source, halves.c.state == _DONE, halves.c.at < before
        )
        with self._database.write() as connection:
            return connection.execute(gone).rowcount

    def _some(self, source: str, *where: sa.ColumnElement[bool], limit: int) -> tuple[Half, ...]:
        asked = (
            sa.select(*_COLUMNS)
            .where(halves.c.source == source, *where)
            .order_by(halves.c.at, halves.c.event)
            .limit(limit)
        )
        with self._database.read() as connection:
            return tuple(Half(*row) for row in connection.execute(asked))


def keep_half(write: InboxWrite, source: str, half: Half, *, alone: bool) -> bool:
    """Keep one side of an exchange; False, and nothing happens, where that side was there.

    ``alone``: the other side is not waited for. Call `count` first, which holds up other writers
    of the source: of two sides that come at once, the later must see the earlier.
    """
    of_event = (halves.c.source == source, halves.c.event == half.event)
    asked = sa.select(halves.c.state, halves.c.request.is_not(None), halves.c.response.is_not(None))
    there = write.connection.execute(asked.where(*of_event)).first()
    if there is None:
        write.connection.execute(
            sa.insert(halves).values(
                source=source,
                event=half.event,
                model=half.model,
                request=half.request,
                response=half.response,
                state=_WHOLE if alone else _HALF,
                at=half.at,
            )
        )
        return True
    state, has_request, has_response = there
    side = "request" if half.request is not None else "response"
    if state != _HALF or (has_request if side == "request" else has_response):
        return False
    change = sa.update(halves).where(*of_event)
    write.connection.execute(change.values({side: getattr(half, side), "state": _WHOLE}))
    return True


def finish_halves(write: InboxWrite, source: str, events: Sequence[str]) -> None:
    """Say that exchanges became rows; Conflict where another did it meanwhile."""
    change = (
        sa.update(halves)
        .where(halves.c.source == source, halves.c.event.in_(events), halves.c.state != _DONE)
        .values(state=_DONE, request=None, response=None)
    )
    if write.connection.execute(change).rowcount != len(events):
        raise Conflict("exchanges became rows in another process meanwhile: nothing is left to do")
