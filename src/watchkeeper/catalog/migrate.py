"""Bring a database to the newest schema, in one transaction, at every start."""

from __future__ import annotations

import threading
from pathlib import Path

import sqlalchemy as sa

from watchkeeper.catalog.database import Database
from watchkeeper.catalog.schema import CATALOG, INBOX

__all__ = ["GROUPS", "migrate"]

GROUPS = {"catalog": CATALOG, "inbox": INBOX}
_SCRIPTS = Path(__file__).parent / "migrations"
# Any fixed number: PostgreSQL lets one starting replica at a time hold it.
_LOCK = 0x77617463
_ONE_AT_A_TIME = threading.Lock()  # Alembic keeps what it is at in global variables


def migrate(database: Database, group: str) -> None:
    """Apply what is missing of one group of tables (``catalog`` or ``inbox``).

    Replicas that start at once wait for each other. Nothing is applied where one step fails.
    """
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", _escaped(_SCRIPTS))
    config.set_main_option("version_locations", _escaped(_SCRIPTS / group))
    config.set_main_option("path_separator", "newline")
    with _ONE_AT_A_TIME, database.write() as connection:
        if not database.is_sqlite:
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        config.attributes.update(connection=connection, group=group)
        command.upgrade(config, "head")


def _escaped(path: Path) -> str:
    return str(path).replace("%", "%%")
