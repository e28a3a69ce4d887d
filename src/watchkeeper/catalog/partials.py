"""Partials: the profiles of moved rows that no judgement has seen yet, as their writers packed them.

They are derived from the lake and may be lost: `Mark` says up to which move of a model they are
complete, and is written with them in one transaction. Who finds that the model has moved further
than its mark makes them anew from the lake.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from watchkeeper.catalog.database import Database, insert_into
from watchkeeper.catalog.schema import moves, partial_marks, partials
from watchkeeper.domain.window import Window

__all__ = ["Lateness", "Mark", "PartialRows", "Partials", "StoredPartial"]

Lateness = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """How far the partials of a model go: to the move ``number`` of an ``inbox``, counted as the
    ``basis`` says (which definition, which reference). ``lateness`` counts rows by how late they
    came, by the bins of whoever writes it, older rows for less; ``latest`` is the latest event.
    """

    model: str
    inbox: str
    number: int
    basis: str
    lateness: Lateness = ()
    latest: datetime | None = None


@dataclass(frozen=True, slots=True)
class StoredPartial:
    """The profiles of ``rows`` rows of a window that came to be known by ``known_until``; looked at
    from that moment on. ``whole``: partials of the window add up in every slice.
    """

    window: Window
    known_until: datetime
    rows: int
    whole: bool
    body: bytes
    position: int = 0


@dataclass(frozen=True, slots=True)
class PartialRows:
    """How many rows the ``parts`` partials of a window hold that were known by a moment."""

    known_until: datetime
    rows: int
    parts: int


class Partials:
    """The partials of all models."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def mark(self, model: str) -> Mark | None:
        """How far a model's partials go; None where there are none."""
        asked = sa.select(partial_marks).where(partial_marks.c.model == model)
        with self._database.read() as connection:
            row = connection.execute(asked).first()
        return None if row is None else _mark(row)

    def behind(self) -> tuple[str, ...]:
        """The models whose rows were moved further than their partials go."""
        joined = moves.outerjoin(partial_marks, moves.c.model == partial_marks.c.model)
        same = (partial_marks.c.inbox == moves.c.inbox) & (partial_marks.c.number >= moves.c.number)
        asked = sa.select(moves.c.model).select_from(joined).where(~sa.func.coalesce(same, False))
        with self._database.read() as connection:
            return tuple(sorted(set(connection.execute(asked).scalars())))

    def moved(self, model: str, inbox: str) -> int:
        """The number of the model's latest move; 0 before the first."""
        asked = sa.select(moves.c.number).where(moves.c.model == model, moves.c.inbox == inbox)
        with self._database.read() as connection:
            return int(connection.execute(asked).scalar() or 0)

    def add(self, mark: Mark, added: Sequence[StoredPartial]) -> bool:
        """Add the partials of the move after the stored mark; False, and nothing happens, where
        the mark is not exactly one before, or of another basis.
        """
        before = (
            partial_marks.c.inbox == mark.inbox,
            partial_marks.c.basis == mark.basis,
            partial_marks.c.number == mark.number - 1,
        )
        change = sa.update(partial_marks).where(partial_marks.c.model == mark.model, *before)
        with self._database.write() as connection:
            done = connection.execute(
                change.values(number=mark.number, lateness=_told(mark.lateness), latest=mark.latest)
            )
            if done.rowcount:
                _insert(connection, mark.model, added)
        return bool(done.rowcount)

    def replace(self, mark: Mark, made: Sequence[StoredPartial]) -> None:
        """Forget the model's partials, and keep these instead."""
        values = {
            "inbox": mark.inbox,
            "number": mark.number,
            "basis": mark.basis,
            "lateness": _told(mark.lateness),
            "latest": mark.latest,
        }
        with self._database.write() as connection:
            connection.execute(sa.delete(partials).where(partials.c.model == mark.model))
            change = insert_into(connection, partial_marks).values(model=mark.model, **values)
            connection.execute(change.on_conflict_do_update(index_elements=["model"], set_=values))
            _insert(connection, mark.model, made)

    def of(self, model: str, window: Window) -> tuple[StoredPartial, ...]:
        """The partials of one window, in the order in which they were added."""
        asked = (
            sa.select(partials)
            .where(
                partials.c.model == model,
                partials.c.start == window.start,
                partials.c.end == window.end,
            )
            .order_by(partials.c.position)
        )
        with self._database.read() as connection:
            return tuple(_partial(row) for row in connection.execute(asked))

    def merge(self, model: str, parts: Sequence[StoredPartial], whole: StoredPartial) -> bool:
        """Put their sum in the place of some partials; False, and nothing happens, where one of
        them is gone.
        """
        positions = [part.position for part in parts]
        with self._database.write() as connection:
            held = sa.select(sa.func.count()).where(partials.c.position.in_(positions))
            if connection.execute(held).scalar() != len(positions):
                return False
            connection.execute(sa.delete(partials).where(partials.c.position.in_(positions)))
            _insert(connection, model, [whole])
        return True

    def rows(self, model: str) -> Mapping[Window, tuple[PartialRows, ...]]:
        """How many rows the partials of each window hold, by when they were known."""
        held = partials.c
        asked = (
            sa.select(
                held.start,
                held.end,
                held.known_until,
                sa.func.sum(held.rows).label("rows"),
                sa.func.count().label("parts"),
            )
            .where(held.model == model)
            .group_by(held.start, held.end, held.known_until)
        )
        found: dict[Window, tuple[PartialRows, ...]] = {}
        with self._database.read() as connection:
            for row in connection.execute(asked):
                window = Window(row.start, row.end)
                told = PartialRows(row.known_until, int(row.rows), int(row.parts))
                found[window] = (*found.get(window, ()), told)
        return found

    def lateness(self) -> Mapping[str, Lateness]:
        """How late the rows of every model came."""
        asked = sa.select(partial_marks.c.model, partial_marks.c.lateness)
        with self._database.read() as connection:
            return {name: _read(text) for name, text in connection.execute(asked)}


def _insert(connection: sa.Connection, model: str, added: Sequence[StoredPartial]) -> None:
    if added:
        rows = [
            {
                "model": model,
                "start": part.window.start,
                "end": part.window.end,
                "known_until": part.known_until,
                "rows": part.rows,
                "whole": part.whole,
                "body": part.body,
            }
            for part in added
        ]
        connection.execute(sa.insert(partials), rows)


def _mark(row: sa.Row[tuple[object, ...]]) -> Mark:
    return Mark(row.model, row.inbox, row.number, row.basis, _read(row.lateness), row.latest)


def _partial(row: sa.Row[tuple[object, ...]]) -> StoredPartial:
    return StoredPartial(
        window=Window(row.start, row.end),
        known_until=row.known_until,
        rows=row.rows,
        whole=row.whole,
        body=row.body,
        position=row.position,
    )


def _told(lateness: Lateness) -> str:
    return " ".join(f"{count:g}" for count in lateness)


def _read(text: str) -> Lateness:
    return tuple(float(count) for count in text.split())
