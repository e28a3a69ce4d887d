"""The processes of an installation: who runs where, and the figures that each keeps of itself.

A process is known by its role and place: one that is started anew takes the place of the one
before. Figures are text that only who writes and who shows them understands.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime

import sqlalchemy as sa

from watchkeeper.catalog.database import Database, insert_into
from watchkeeper.catalog.schema import processes

__all__ = ["Processes", "StoredProcess"]


@dataclass(frozen=True, slots=True)
class StoredProcess:
    """One process. ``address`` is where it can be reached, empty where it listens nowhere."""

    role: str
    host: str
    address: str
    pid: int
    version: str
    started_at: datetime
    seen_at: datetime
    figures: str = "[]"

    @property
    def place(self) -> str:
        """What it is known by."""
        return f"{self.role}@{self.host}/{self.address}"


_NAMES = tuple(item.name for item in fields(StoredProcess))


class Processes:
    """All processes that were heard of lately."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def tell(self, process: StoredProcess, *, forget: datetime) -> None:
        """Say that a process lives; those last heard of before ``forget`` are forgotten."""
        values = {name: getattr(process, name) for name in _NAMES}
        with self._database.write() as connection:
            change = insert_into(connection, processes).values(place=process.place, **values)
            connection.execute(change.on_conflict_do_update(index_elements=["place"], set_=values))
            connection.execute(sa.delete(processes).where(processes.c.seen_at < forget))

    def seen(self, since: datetime) -> tuple[StoredProcess, ...]:
        """Those that were heard of since a moment, by role and place."""
        asked = sa.select(processes).where(processes.c.seen_at >= since)
        with self._database.read() as connection:
            rows = connection.execute(asked.order_by(processes.c.place)).all()
        return tuple(StoredProcess(**{n: getattr(row, n) for n in _NAMES}) for row in rows)
