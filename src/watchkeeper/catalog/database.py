"""One database: SQLite in a file, or PostgreSQL; the same SQL for both.

SQLite: WAL, so that readers never wait; every write begins with ``BEGIN IMMEDIATE`` and is one at
a time; a commit is on disk when it returns, because a commit is an acknowledgement.
"""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import OperationalError

from watchkeeper.errors import InvalidInput, Unavailable

__all__ = ["AutoKey", "Database", "UtcTime", "from_micros", "insert_into", "to_micros", "within"]

_BUSY_MS = 30_000
# Copying the log into the file is the worker's business, so that a commit waits for the disk once;
# beyond this (64 MiB) whoever commits does it, for a worker that is away.
_WAL_PAGES = 16_384
_LEAST_FREE = 16 * 2**20
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

# SQLite numbers rows by itself only where the type is exactly INTEGER.
AutoKey = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def to_micros(moment: datetime) -> int:
    """Microseconds since 1970 of an aware moment: exact, sortable, the same in every database."""
    if moment.tzinfo is None:
        raise InvalidInput(f"a moment needs a time zone, got {moment!r}: make it aware")
    return (moment - _EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """The moment in UTC that `to_micros` wrote."""
    return _EPOCH + micros * _MICROSECOND


class UtcTime(sa.types.TypeDecorator[datetime]):
    """An aware moment, stored as microseconds since 1970."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: sa.Dialect) -> int | None:
        """Moment to microseconds."""
        return None if value is None else to_micros(value)

    def process_result_value(self, value: int | None, _dialect: sa.Dialect) -> datetime | None:
        """Microseconds to moment."""
        return None if value is None else from_micros(value)


def _unobserved(_mode: str, _seconds: float) -> None:
    """Nobody wants to know."""


class Database:
    """An engine with the two ways to use it: `read` and `write`.

    ``observe`` is told of each transaction its mode, ``read`` or ``write``, and how many seconds it
    took, with what it waited for its turn.
    """

    def __init__(self, url: str) -> None:
        self.observe: Callable[[str, float], None] = _unobserved
        self.url = _supported(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        if self.is_sqlite:
            Path(str(self.url.database)).parent.mkdir(parents=True, exist_ok=True)
        self.engine = sa.create_engine(self.url, pool_pre_ping=not self.is_sqlite)
        self._writing: AbstractContextManager[object] = (
            threading.Lock() if self.is_sqlite else nullcontext()
        )
        if self.is_sqlite:
            sa.event.listen(self.engine, "connect", _prepare_sqlite)
            sa.event.listen(self.engine, "begin", _begin_sqlite)

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A connection that sees one consistent snapshot and never waits for writers (SQLite)."""
        with self._timed("read"), self._open(write=False) as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """A transaction: committed, and durable, when the block ends; rolled back if it raises."""
        # Waiting here is fair and wakes at once; SQLite's own waiting sleeps and polls.
        with self._timed("write"), self._writing, self._open(write=True) as connection:
            yield connection

    @contextmanager
    def _timed(self, mode: str) -> Iterator[None]:
        began = time.perf_counter()
        try:
            yield
        finally:
            self.observe(mode, time.perf_counter() - began)

    @contextmanager
    def _open(self, *, write: bool) -> Iterator[sa.Connection]:
        try:
            with self.engine.connect() as plain:
                connection = plain.execution_options(wk_write=write)
                with connection.begin():
                    yield connection
        except OperationalError as error:
            raise Unavailable(
                f"the database {self.url.render_as_string(hide_password=True)} does not answer: "
                f"{error.orig}"
            ) from error

    def require_space(self) -> None:
        """Unavailable where SQLite's disk is all but full: what is left is for moving on what is
        there. A server of databases looks after its own disk.
        """
        if not self.is_sqlite:
            return
        folder = Path(str(self.url.database)).parent
        free = shutil.disk_usage(folder).free
        if free < _LEAST_FREE:
            raise Unavailable(
                f"the disk of {folder} must have {_LEAST_FREE} bytes free, and it has {free}: "
                "make room, nothing has to be restarted"
            )

    def checkpoint(self) -> None:
        """Copy what SQLite's log holds into the file, without holding up anybody."""
        if self.is_sqlite:
            connection = self.engine.raw_connection()
            try:
                connection.cursor().execute("PRAGMA wal_checkpoint(PASSIVE)").close()
            finally:
                connection.close()

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def _supported(url: str) -> sa.URL:
    try:
        parsed = sa.make_url(url)
        backend = parsed.get_backend_name()
    except sa.exc.ArgumentError:
        parsed, backend = None, "no URL"
    if parsed is None or backend not in {"sqlite", "postgresql"}:
        raise InvalidInput(
            f"the database must be SQLite or PostgreSQL, got {backend}: "
            "use for example postgresql+psycopg://user@host/name"
        )
    if backend == "sqlite" and parsed.database in {None, "", ":memory:"}:
        raise InvalidInput(
            f"a SQLite database must be a file, got {url!r}: give sqlite:///path/to/file.db"
        )
    return parsed


def _prepare_sqlite(connection: object, _record: object) -> None:
    # The driver must not open transactions by itself: `_begin_sqlite` does, and says which kind.
    connection.isolation_level = None  # type: ignore[attr-defined]  # a sqlite3.Connection
    cursor = connection.cursor()  # type: ignore[attr-defined]  # a sqlite3.Connection
    for pragma in (
        f"busy_timeout={_BUSY_MS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"wal_autocheckpoint={_WAL_PAGES}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: sa.Connection) -> None:
    write = connection.get_execution_options().get("wk_write", True)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def insert_into(connection: sa.Connection, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that can say what happens ON CONFLICT, which both databases spell alike."""
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table)
    return postgresql.insert(table)


def within(
    connection: sa.Connection, column: sa.ColumnElement[int], values: Sequence[int]
) -> sa.ColumnElement[bool]:
    """``column IN values`` for thousands of integers, as one parameter."""
    if connection.dialect.name == "sqlite":
        each = sa.func.json_each(json.dumps(list(values))).table_valued("value")
        return column.in_(sa.select(each.c.value))
    return column == sa.any_(sa.cast(list(values), postgresql.ARRAY(sa.BigInteger)))
