"""Chores: what is done again and again, when it was done last and how far it came.

What is due follows from these records and from what is stored; a crash in the middle of a chore
leaves the record of the time before, and the chore is done again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from watchkeeper.catalog.database import Database, insert_into
from watchkeeper.catalog.schema import chores

__all__ = ["Chore", "ChoreKey", "Chores"]


@dataclass(frozen=True, slots=True)
class ChoreKey:
    """A chore on one table (``name``) of one model; of the installation itself where empty."""

    task: str
    model: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Chore:
    """When a chore was done last, None: never to its end; ``mark`` is how far it came (a version,
    a number), and what happened ``before`` a moment is let go; None where it has none.
    """

    done_at: datetime | None = None
    mark: int | None = None
    before: datetime | None = None


class Chores:
    """The chores of an installation."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> Mapping[ChoreKey, Chore]:
        """Every chore that was ever done."""
        with self._database.read() as connection:
            rows = connection.execute(sa.select(chores)).all()
        return {
            ChoreKey(row.task, row.model, row.name): Chore(row.done_at, row.mark, row.before)
            for row in rows
        }

    def record(self, key: ChoreKey, chore: Chore) -> None:
        """Record how a chore stands."""
        keys = {"task": key.task, "model": key.model, "name": key.name}
        told = {"done_at": chore.done_at, "mark": chore.mark, "before": chore.before}
        with self._database.write() as connection:
            change = insert_into(connection, chores).values(**keys, **told)
            connection.execute(change.on_conflict_do_update(index_elements=list(keys), set_=told))
