"""The records of an installation as they were at one moment, and copies of them.

A move goes from the inbox to the lake, is recorded in the catalog, and leaves the inbox. Records
and inbox of one moment therefore agree: a claim that has left the inbox is recorded, and none is
recorded that was not made.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from watchkeeper.catalog.database import Database
from watchkeeper.catalog.migrate import GROUPS, is_newest, migrate
from watchkeeper.catalog.schema import claims, documents, inbox, inbox_identity, moves
from watchkeeper.errors import Conflict, Unavailable

__all__ = ["Frozen", "copy_records", "frozen"]

_TRIES = 100
_AT_ONCE = 5_000
_PAGES = 20_000


@dataclass(frozen=True, slots=True)
class Frozen:
    """Records and inbox at one moment; valid within the block of `frozen`.

    ``claimed`` tells for each model how many claims were made, ``identity`` is the inbox's own,
    ``models`` are all that were ever defined.
    """

    identity: str
    claimed: Mapping[str, int]
    models: tuple[str, ...]
    _records: sa.Connection
    _inbox: sa.Connection

    def save(self, records: Path, inbox_file: Path) -> None:
        """Write both to SQLite files, which must not exist yet."""
        for group, connection, path in (
            ("catalog", self._records, records),
            ("inbox", self._inbox, inbox_file),
        ):
            if connection.dialect.name == "sqlite":
                _copy_file(connection, path)
            else:
                target = Database(f"sqlite:///{path}")
                try:
                    migrate(target, group)
                    with target.write() as writing:
                        _copy_rows(connection, writing, group)
                finally:
                    target.close()


@contextmanager
def frozen(records: Database, inbox_database: Database) -> Iterator[Frozen]:
    """Both databases as they are at one moment, while others go on writing.

    Conflict where one of them is not at the newest schema.
    """
    for group, database in (("catalog", records), ("inbox", inbox_database)):
        if not is_newest(database, group):
            raise Conflict(
                f"the {group} must be at the newest schema before it is copied: start the server "
                "once with this version"
            )
    for _ in range(_TRIES):
        with ExitStack() as stack:
            reading = stack.enter_context(_steady(records))
            second = records is inbox_database or not records.is_sqlite
            waiting = reading if second else stack.enter_context(_steady(inbox_database))
            found = _read(reading, waiting)
            if found is not None:
                yield found
                return
    raise Unavailable(
        f"records and inbox did not agree in {_TRIES} looks at them: a mover died in between and "
        "did not come back; run `watchkeeper doctor --repair`"
    )


def copy_records(records: Path, inbox_file: Path, target: tuple[Database, Database]) -> None:
    """Fill empty databases, at the newest schema, from the files that `Frozen.save` wrote.

    Conflict where a table holds rows already.
    """
    for group, path, database in zip(GROUPS, (records, inbox_file), target, strict=True):
        source = Database(f"sqlite:///{path}")
        try:
            migrate(source, group)
            migrate(database, group)
            with source.read() as reading, database.write() as writing:
                _refuse_full(writing, group)
                _copy_rows(reading, writing, group)
        finally:
            source.close()


@contextmanager
def _steady(database: Database) -> Iterator[sa.Connection]:
    if database.is_sqlite:
        with database.read() as connection:
            yield connection
        return
    with database.engine.connect() as plain:
        connection = plain.execution_options(isolation_level="REPEATABLE READ")
        with connection.begin():
            yield connection


def _read(records: sa.Connection, waiting: sa.Connection) -> Frozen | None:
    """What both say now; None where a move was between its steps of leaving both."""
    identity = waiting.execute(sa.select(inbox_identity.c.id)).scalar_one()
    claimed = _pairs(waiting, sa.select(claims.c.model, claims.c.number))
    asked = sa.select(inbox.c.model, inbox.c.claim).where(inbox.c.claim.is_not(None)).distinct()
    open_claims = _pairs(waiting, asked)
    told = sa.select(moves.c.model, moves.c.number).where(moves.c.inbox == identity)
    recorded = _pairs(records, told)
    for model in claimed.keys() | recorded.keys():
        made, known = claimed.get(model, 0), recorded.get(model, 0)
        if known not in ({made - 1, made} if model in open_claims else {made}):
            return None
    names = sa.select(documents.c.name).where(documents.c.kind == "Model").distinct()
    models = {*records.execute(names).scalars(), *claimed}
    return Frozen(identity, claimed, tuple(sorted(models)), records, waiting)


def _pairs(connection: sa.Connection, asked: sa.Select[str, int]) -> dict[str, int]:
    return {model: number for model, number in connection.execute(asked)}  # noqa: C416  rows are typed one by one


def _copy_file(connection: sa.Connection, path: Path) -> None:
    # The connection is within its transaction, so what it copies is the moment it has seen.
    source = connection.connection.driver_connection
    if not isinstance(source, sqlite3.Connection):
        raise TypeError("SQLite must be read by the driver of the standard library")
    target = sqlite3.connect(path)
    try:
        source.backup(target, pages=_PAGES)
        target.execute("PRAGMA journal_mode=DELETE")  # one file, not three
    finally:
        target.close()


def _copy_rows(source: sa.Connection, target: sa.Connection, group: str) -> None:
    for table in GROUPS[group].sorted_tables:
        target.execute(sa.delete(table))  # a new inbox has given itself an identity
        found = source.execution_options(yield_per=_AT_ONCE).execute(sa.select(table))
        for rows in found.partitions():
            target.execute(sa.insert(table), [dict(row._mapping) for row in rows])  # noqa: SLF001
        if target.dialect.name == "postgresql":
            _go_on_counting(target, table)


def _go_on_counting(target: sa.Connection, table: sa.Table) -> None:
    """Let a numbered column go on after the highest number that was copied."""
    column = table.autoincrement_column
    if column is None:
        return
    named = sa.func.pg_get_serial_sequence(table.name, column.name)
    highest = sa.select(sa.func.max(column)).scalar_subquery()
    if target.execute(sa.select(named)).scalar() is not None:
        target.execute(sa.select(sa.func.setval(named, sa.func.coalesce(highest, 1))))


def _refuse_full(target: sa.Connection, group: str) -> None:
    for table in GROUPS[group].sorted_tables:
        if table is inbox_identity:
            continue
        if target.execute(sa.select(sa.literal(1)).select_from(table).limit(1)).first():
            raise Conflict(
                f"a database must be empty to be restored into, the table {table.name} holds rows: "
                "choose an empty one"
            )
