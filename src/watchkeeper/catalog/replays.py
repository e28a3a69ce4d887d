"""Which rejected rows were sent again: written in the transaction that acknowledged them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa

from watchkeeper.catalog.database import Database, within
from watchkeeper.catalog.inbox import InboxWrite
from watchkeeper.catalog.schema import replays
from watchkeeper.errors import Conflict

__all__ = ["Replays", "mark_replayed"]


def mark_replayed(
    inbox: InboxWrite, model: str, rows: Sequence[int], *, batch: str, at: datetime
) -> None:
    """Say that rows of the quarantine, by their place there, were sent again in a batch.

    Conflict where one of them was meanwhile: then none of the batch is taken.
    """
    if _marked(inbox.connection, model, rows):
        raise Conflict("these rows are being replayed by another request: look again")
    values = [{"model": model, "row": row, "batch": batch, "at": at} for row in rows]
    inbox.connection.execute(sa.insert(replays), values)


class Replays:
    """The marks of all models."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, model: str, rows: Sequence[int]) -> Mapping[int, datetime]:
        """When which of these rows were replayed; the others are left out."""
        with self._database.read() as connection:
            return _marked(connection, model, rows)

    def count(self, model: str) -> int:
        """How many rows of a model were ever replayed."""
        asked = sa.select(sa.func.count()).where(replays.c.model == model)
        with self._database.read() as connection:
            return int(connection.execute(asked).scalar_one())


def _marked(connection: sa.Connection, model: str, rows: Sequence[int]) -> Mapping[int, datetime]:
    asked = sa.select(replays.c.row, replays.c.at).where(
        replays.c.model == model, within(connection, replays.c.row, rows)
    )
    return {row.row: row.at for row in connection.execute(asked)}
