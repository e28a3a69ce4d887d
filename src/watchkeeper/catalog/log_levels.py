"""At which level is logged otherwise than configured: wanted by whom, and until when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from watchkeeper.catalog.database import Database, insert_into
from watchkeeper.catalog.schema import log_levels

__all__ = ["LogLevel", "LogLevelStore"]


@dataclass(frozen=True, slots=True)
class LogLevel:
    """The level of one logger and all below it, ``""`` being all; ``until`` None: for good."""

    logger: str
    level: str
    until: datetime | None = None
    by: str = ""
    at: datetime | None = None


class LogLevelStore:
    """The levels that somebody wanted."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> tuple[LogLevel, ...]:
        """Every one that was kept, over or not, by logger."""
        with self._database.read() as connection:
            rows = connection.execute(sa.select(log_levels).order_by(log_levels.c.logger)).all()
        return tuple(LogLevel(row.logger, row.level, row.until, row.by, row.at) for row in rows)

    def keep(self, wanted: LogLevel) -> None:
        """Keep a level, in the place of the logger's before; those that are over are forgotten."""
        told = {"level": wanted.level, "until": wanted.until, "by": wanted.by, "at": wanted.at}
        with self._database.write() as connection:
            change = insert_into(connection, log_levels).values(logger=wanted.logger, **told)
            connection.execute(change.on_conflict_do_update(index_elements=["logger"], set_=told))
            if wanted.at is not None:
                connection.execute(sa.delete(log_levels).where(log_levels.c.until < wanted.at))

    def forget(self, logger: str) -> bool:
        """Back to the configured level; whether there was another."""
        with self._database.write() as connection:
            found = connection.execute(sa.delete(log_levels).where(log_levels.c.logger == logger))
        return bool(found.rowcount)
