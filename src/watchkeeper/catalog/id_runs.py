"""Runs of remembered ids as rows of the database: bytes in, bytes out.

A run is sorted and never changes. It is made live in the transaction that acknowledges its batch,
or, where several are merged into one, in the transaction that removes those. What its pages mean
is the business of `ingest.id_index`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from watchkeeper.catalog.database import Database, to_micros
from watchkeeper.catalog.schema import id_pages, id_runs

__all__ = ["FENCES", "FILTER", "IdRuns", "Run", "StoredRuns"]

FENCES, FILTER = -1, -2
_UNFINISHED = timedelta(hours=1)
_PAGES_AT_ONCE = 512
# Made once: to build a statement for every batch takes longer than to run it.
_MARK = sa.select(sa.func.count(), sa.func.max(id_runs.c.run)).where(id_runs.c.live)
_LIVE = (
    sa.select(
        id_runs.c.run,
        id_runs.c.timed,
        id_runs.c.level,
        id_runs.c.entries,
        id_runs.c.low,
        id_runs.c.high,
        id_runs.c.expires_at,
    )
    .where(id_runs.c.live)
    .order_by(id_runs.c.run)
)
_ADD = sa.insert(id_runs).returning(id_runs.c.run)
_ADD_PAGES = sa.insert(id_pages)
# Any fixed number: who writes ids on PostgreSQL holds it until the transaction ends.
_LOCK = 0x77696473


@dataclass(frozen=True, slots=True)
class Run:
    """What is known of a run without its pages.

    ``timed``: its ids carry a time, by which it is sorted; ``low`` and ``high`` bound its sort
    keys. ``level`` counts how often it was merged. ``expires_at`` is in microseconds since 1970.
    """

    run: int
    timed: bool
    level: int
    entries: int
    low: int
    high: int
    expires_at: int


class IdRuns:
    """The runs, within one transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def alone(self) -> None:
        """Let no other replica look or write until the transaction ends: between a look and the
        write that hangs on it nobody else may remember the same id. SQLite has one writer anyway.
        """
        if self._connection.dialect.name != "sqlite":
            self._connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))

    def mark(self) -> tuple[int, int]:
        """What is another whenever other runs count: how many do, and the last one's number. Runs
        come with a number of their own, which is never given again, and several at once become
        one.
        """
        number, last = self._connection.execute(_MARK).one()
        return number, last or 0

    def live(self) -> tuple[Run, ...]:
        """Every run that counts, oldest first."""
        return tuple(Run(*row) for row in self._connection.execute(_LIVE))

    def pages(self, run: int, numbers: Sequence[int]) -> Mapping[int, bytes]:
        """Pages of a run by their number; those that do not exist are left out."""
        held, found = id_pages.c, {}
        for start in range(0, len(numbers), _PAGES_AT_ONCE):
            some = numbers[start : start + _PAGES_AT_ONCE]
            asked = sa.select(held.page, held.data).where(held.run == run, held.page.in_(some))
            found.update({row.page: row.data for row in self._connection.execute(asked)})
        return found

    def add(self, run: Run, pages: Mapping[int, bytes], *, live: bool, now: datetime) -> int:
        """Write a run (its number is given here) and these of its pages; returns its number."""
        made = {
            "live": live,
            "timed": run.timed,
            "level": run.level,
            "entries": run.entries,
            "low": run.low,
            "high": run.high,
            "made_at": to_micros(now),
            "expires_at": run.expires_at,
        }
        number: int = self._connection.execute(_ADD, made).scalar_one()
        self.add_pages(number, pages)
        return number

    def add_pages(self, run: int, pages: Mapping[int, bytes]) -> None:
        """Write more pages of a run that is not live yet."""
        rows = [{"run": run, "page": page, "data": data} for page, data in pages.items()]
        if rows:
            self._connection.execute(_ADD_PAGES, rows)

    def replace(self, merged: int, parts: Iterable[int]) -> bool:
        """Make a merged run live in place of its parts; False, and nothing happens, where one of
        them is gone: somebody else merged it.
        """
        gone = sa.delete(id_runs).where(id_runs.c.run.in_(sorted(parts)), id_runs.c.live)
        with self._connection.begin_nested() as step:
            if self._connection.execute(gone).rowcount != len(list(parts)):
                step.rollback()
                return False
        self._connection.execute(
            sa.update(id_runs).where(id_runs.c.run == merged).values(live=True)
        )
        self._drop_pages(sorted(parts))
        return True

    def forget(self, now: datetime) -> int:
        """Delete what expired, and what was begun long ago and never made live; returns how many
        ids were forgotten.
        """
        held, moment = id_runs.c, to_micros(now)
        unfinished = ~held.live & (held.made_at < moment - to_micros_of(_UNFINISHED))
        over = sa.select(held.run, held.entries, held.live).where(
            (held.live & (held.expires_at <= moment)) | unfinished
        )
        rows = self._connection.execute(over).all()
        runs = [row.run for row in rows]
        self._connection.execute(sa.delete(id_runs).where(held.run.in_(runs)))
        self._drop_pages(runs)
        return sum(row.entries for row in rows if row.live)

    def _drop_pages(self, runs: Sequence[int]) -> None:
        self._connection.execute(sa.delete(id_pages).where(id_pages.c.run.in_(runs)))


def to_micros_of(length: timedelta) -> int:
    """A length of time in microseconds."""
    return length // timedelta(microseconds=1)


class StoredRuns:
    """The way to the runs for who merges them: transactions of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextmanager
    def read(self) -> Iterator[IdRuns]:
        """One consistent look."""
        with self._database.read() as connection:
            yield IdRuns(connection)

    @contextmanager
    def write(self) -> Iterator[IdRuns]:
        """One transaction."""
        with self._database.write() as connection:
            yield IdRuns(connection)
