"""Bring a database to the newest schema, in one transaction, at every start."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from watchkeeper.catalog.database import Database
from watchkeeper.catalog.schema import CATALOG, INBOX

if TYPE_CHECKING:
    from alembic.config import Config

__all__ = ["GROUPS", "is_newest", "migrate", "revisions"]

GROUPS = {"catalog": CATALOG, "inbox": INBOX}
_SCRIPTS = Path(__file__).parent / "migrations"
# Any fixed number: PostgreSQL lets one starting replica at a time hold it.
_LOCK = 0x77617463
_ONE_AT_A_TIME = threading.Lock()  # Alembic keeps what it is at in global variables


def migrate(database: Database, group: str) -> None:
    """Apply what is missing of one group of tables (``catalog`` or ``inbox``).

    Replicas that start at once wait for each other. Nothing is applied where one step fails.
    """
    if _held(database, group) == _newest(group):  # known without Alembic, at every other start
        return
    from alembic import command

    config = _config(group)
    with _ONE_AT_A_TIME, database.write() as connection:
        if not database.is_sqlite:
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        config.attributes.update(connection=connection, group=group)
        command.upgrade(config, "head")


def revisions(database: Database, group: str) -> tuple[str | None, str]:
    """The schema that a database is at (None: empty) and the newest one."""
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    newest = ScriptDirectory.from_config(_config(group)).get_current_head()
    with database.read() as connection:
        context = MigrationContext.configure(
            connection, opts={"version_table": f"{group}_migration"}
        )
        return context.get_current_revision(), str(newest)


def is_newest(database: Database, group: str) -> bool:
    """Whether a database is at the newest schema."""
    held, newest = revisions(database, group)
    return held == newest


def _held(database: Database, group: str) -> str | None:
    """The schema that a database is at; None where it has none."""
    table = sa.table(f"{group}_migration", sa.column("version_num"))
    with database.read() as connection:
        if not sa.inspect(connection).has_table(table.name):
            return None
        return connection.execute(sa.select(table.c.version_num)).scalar()


def _newest(group: str) -> str:
    """The newest schema, by the numbers in the names of its files."""
    last = max(path.name for path in (_SCRIPTS / group).glob("[0-9]*.py"))
    return f"{group}_{last.partition('_')[0]}"


def _config(group: str) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", _escaped(_SCRIPTS))
    config.set_main_option("version_locations", _escaped(_SCRIPTS / group))
    config.set_main_option("path_separator", "newline")
    return config


def _escaped(path: Path) -> str:
    return str(path).replace("%", "%%")
