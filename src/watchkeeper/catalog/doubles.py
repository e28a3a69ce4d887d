"""Rows that are stored twice: their ids came again after they had been forgotten."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa

from watchkeeper.catalog.database import Database, insert_into
from watchkeeper.catalog.schema import doubles, windows
from watchkeeper.domain.window import Window

__all__ = ["Doubles"]


class Doubles:
    """How many were found in each window, of all models."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def settle(self, model: str, found: Mapping[Window, int], *, at: datetime) -> int:
        """Count them as duplicates instead of accepted rows, and mark their windows; returns how
        many windows were. What was found before is not counted again. ``at`` is on the model's
        clock.
        """
        with self._database.write() as connection:
            return sum(
                _settle(connection, model, window, rows, at) for window, rows in found.items()
            )

    def of(self, model: str, start: datetime) -> int:
        """How many were found in the window that begins at ``start``."""
        with self._database.read() as connection:
            return _known(connection, model, start)

    def changed(
        self, model: str, *, before: datetime, since: datetime | None
    ) -> tuple[Window, ...]:
        """The windows that ended before a moment and of which more came to be known since another
        (None: ever), oldest first: where ids may have come again.
        """
        held = windows.c
        asked = sa.select(held.start, held.end).where(held.model == model, held.end <= before)
        if since is not None:
            asked = asked.where(held.known_at >= since)
        with self._database.read() as connection:
            rows = connection.execute(asked.order_by(held.start)).all()
        return tuple(Window(row.start, row.end) for row in rows)


def _known(connection: sa.Connection, model: str, start: datetime) -> int:
    asked = sa.select(doubles.c.rows).where(doubles.c.model == model, doubles.c.start == start)
    return int(connection.execute(asked).scalar() or 0)


def _settle(connection: sa.Connection, model: str, window: Window, rows: int, at: datetime) -> bool:
    more = rows - _known(connection, model, window.start)
    if more == 0:
        return False
    keys = {"model": model, "start": window.start}
    told = {"rows": rows, "found_at": at}
    insert = insert_into(connection, doubles).values(**keys, **told)
    connection.execute(insert.on_conflict_do_update(index_elements=list(keys), set_=told))
    held = windows.c
    change = (
        sa.update(windows)
        .where(held.model == model, held.start == window.start, held.end == window.end)
        .values(
            accepted=held.accepted - more,
            duplicate=held.duplicate + more,
            changed=held.changed + 1,
            known_at=sa.case(
                (held.known_at > at, held.known_at), else_=sa.literal(at, held.known_at.type)
            ),
        )
    )
    connection.execute(change)
    return True
