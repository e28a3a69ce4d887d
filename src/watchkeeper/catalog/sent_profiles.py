"""Profiles that clients sent in the place of rows: durable, each batch once, added to its windows.

No rows stand behind them, so they are never derived again: they stay until their window is no
longer kept. A window takes them as it takes moved rows: it changes, and is judged anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from watchkeeper.catalog.accounting import BatchAccount, count_days
from watchkeeper.catalog.clients import follow
from watchkeeper.catalog.database import Database, insert_into
from watchkeeper.catalog.inbox import BatchKey
from watchkeeper.catalog.partials import PartialRows
from watchkeeper.catalog.schema import column_notes, sent_batches, sent_profiles, windows
from watchkeeper.domain.window import Window

__all__ = ["SentBatch", "SentPart", "SentProfiles"]


@dataclass(frozen=True, slots=True)
class SentPart:
    """The profiles of ``rows`` rows of a window, packed; ``rejected`` rows are not in them.

    ``whole``: they add up in every slice. ``missing`` are columns that no row had. ``known_at``
    and ``position`` are those of a stored one.
    """

    window: Window
    rows: int
    rejected: int
    whole: bool
    body: bytes
    missing: tuple[str, ...] = ()
    known_at: datetime | None = None
    position: int = 0


@dataclass(frozen=True, slots=True)
class SentBatch:
    """A batch of a model's windows. ``account`` says what its client says of itself."""

    name: BatchKey
    known_at: datetime
    parts: tuple[SentPart, ...]
    account: BatchAccount

    @property
    def rows(self) -> int:
        """The rows that its profiles count."""
        return sum(part.rows for part in self.parts)

    @property
    def rejected(self) -> int:
        """The rows that they do not."""
        return sum(part.rejected for part in self.parts)


class SentProfiles:
    """The profiles of all models that came from clients."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, batch: SentBatch) -> bool:
        """Make a batch durable and mark its windows; False, and nothing happens, where it was
        taken before.
        """
        named = {
            "model": batch.name.model,
            "key": batch.name.sender,
            "batch": batch.name.batch,
        }
        with self._database.write() as connection:
            insert = insert_into(connection, sent_batches).values(
                **named, known_at=batch.known_at, rows=batch.rows, rejected=batch.rejected
            )
            fresh = insert.on_conflict_do_nothing().returning(sent_batches.c.batch)
            if connection.execute(fresh).first() is None:
                return False
            for part in batch.parts:
                _mark(connection, batch, part)
                _note(connection, batch.name.model, part)
            held = [part for part in batch.parts if part.rows]
            _insert(connection, batch.name.model, held, batch.known_at)
            count_days(connection, batch.name.model, [batch.account])
            follow(connection, batch.name.model, [batch.account], known_at=batch.known_at)
        return True

    def of(self, model: str, window: Window) -> tuple[SentPart, ...]:
        """What was sent for a window, in the order in which it came."""
        held = sent_profiles.c
        asked = sa.select(sent_profiles).where(
            held.model == model, held.start == window.start, held.end == window.end
        )
        with self._database.read() as connection:
            return tuple(map(_part, connection.execute(asked.order_by(held.position))))

    def rows(self, model: str, since: datetime | None) -> Mapping[Window, tuple[PartialRows, ...]]:
        """How many rows were sent for each window that ends after a moment, by when."""
        held = sent_profiles.c
        asked = sa.select(
            held.start,
            held.end,
            held.known_at,
            sa.func.sum(held.rows).label("rows"),
            sa.func.count().label("parts"),
        ).where(held.model == model)
        if since is not None:
            asked = asked.where(held.end > since)
        asked = asked.group_by(held.start, held.end, held.known_at)
        found: dict[Window, tuple[PartialRows, ...]] = {}
        with self._database.read() as connection:
            for row in connection.execute(asked):
                window = Window(row.start, row.end)
                told = PartialRows(row.known_at, int(row.rows), int(row.parts))
                found[window] = (*found.get(window, ()), told)
        return found

    def merge(self, model: str, parts: Sequence[SentPart], whole: SentPart) -> bool:
        """Put their sum in the place of some stored parts; False, and nothing happens, where one of
        them is gone.
        """
        positions = [part.position for part in parts]
        known_at = max(part.known_at for part in parts if part.known_at is not None)
        stored = sent_profiles.c.position.in_(positions)
        with self._database.write() as connection:
            count = sa.select(sa.func.count()).select_from(sent_profiles).where(stored)
            if connection.execute(count).scalar() != len(positions):
                return False
            connection.execute(sa.delete(sent_profiles).where(stored))
            _insert(connection, model, [whole], known_at)
        return True

    def let_go(self, model: str, before: datetime) -> int:
        """Delete the profiles of windows that ended, and that came to be known, before a moment,
        and forget the names of batches that came before it; returns how many profiles went.

        They stand for rows, and are kept as long as these.
        """
        held, named = sent_profiles.c, sent_batches.c
        old = (held.end < before) & (held.known_at < before)
        with self._database.write() as connection:
            gone = connection.execute(sa.delete(sent_profiles).where(held.model == model, old))
            connection.execute(
                sa.delete(sent_batches).where(named.model == model, named.known_at < before)
            )
        return int(gone.rowcount)


def _mark(connection: sa.Connection, batch: SentBatch, part: SentPart) -> None:
    """Count a part in its window, which is made where it is the first."""
    held, known_at = windows.c, batch.known_at
    change = insert_into(connection, windows).values(
        model=batch.name.model,
        start=part.window.start,
        end=part.window.end,
        changed=1,
        known_at=known_at,
        first_known_at=known_at,
        sent_accepted=part.rows,
        sent_rejected=part.rejected,
    )
    later = sa.literal(known_at, held.known_at.type)
    connection.execute(
        change.on_conflict_do_update(
            index_elements=[column.name for column in windows.primary_key],
            set_={
                "changed": held.changed + 1,
                "known_at": sa.case((held.known_at > known_at, held.known_at), else_=later),
                "sent_accepted": held.sent_accepted + part.rows,
                "sent_rejected": held.sent_rejected + part.rejected,
            },
        )
    )


def _note(connection: sa.Connection, model: str, part: SentPart) -> None:
    for name in part.missing:
        change = insert_into(connection, column_notes).values(
            model=model, start=part.window.start, column=name, note="missing", rows=part.rows
        )
        connection.execute(
            change.on_conflict_do_update(
                index_elements=[column.name for column in column_notes.primary_key],
                set_={"rows": column_notes.c.rows + part.rows},
            )
        )


def _insert(
    connection: sa.Connection, model: str, parts: Sequence[SentPart], known_at: datetime
) -> None:
    if parts:
        rows = [
            {
                "model": model,
                "start": part.window.start,
                "end": part.window.end,
                "known_at": known_at,
                "rows": part.rows,
                "whole": part.whole,
                "body": part.body,
            }
            for part in parts
        ]
        connection.execute(sa.insert(sent_profiles), rows)


def _part(row: sa.Row[tuple[object, ...]]) -> SentPart:
    return SentPart(
        window=Window(row.start, row.end),
        rows=row.rows,
        rejected=0,
        whole=row.whole,
        body=row.body,
        known_at=row.known_at,
        position=row.position,
    )
