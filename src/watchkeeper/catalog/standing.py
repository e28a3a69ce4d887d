"""How everything stands now, in few statements: what `/metrics` and the page about ourselves read.

Every question is answered by an index, or by a table that stays small: a scrape must cost the same
after a year as on the first day.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

import sqlalchemy as sa

from watchkeeper.catalog.database import Database
from watchkeeper.catalog.schema import clients, documents, incidents, notices, verdicts, windows
from watchkeeper.domain.verdict import Status
from watchkeeper.domain.window import Window

__all__ = ["Figure", "LastWindow", "Standing", "Waiting"]

_AT_ONCE = 100  # windows whose verdicts are asked for together


@dataclass(frozen=True, slots=True)
class LastWindow:
    """The last window of a model that was judged, and what came of it.

    ``rows`` its profile counts, ``labelled`` of its accepted rows have a label.
    """

    model: str
    window: Window
    judged_at: datetime
    status: Status | None
    alerts: int
    rows: int
    accepted: int
    labelled: int


@dataclass(frozen=True, slots=True)
class Figure:
    """What a verdict over all rows says in numbers; ``value`` is None where it has none."""

    monitor: str
    what: str
    column: str | None
    status: Status
    value: float | None
    low: float | None
    high: float | None
    n: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """Notices that were not sent yet; ``failed`` of them were tried before."""

    number: int
    failed: int
    oldest: datetime | None


class Standing:
    """Reads over all models together."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def last_judged(self) -> Mapping[str, LastWindow]:
        """The last judged window of each model that has one."""
        names = sa.select(documents.c.name).where(documents.c.kind == "Model").distinct().subquery()
        newest = (
            sa.select(windows.c.start)
            .where(windows.c.model == names.c.name, windows.c.judged_at.is_not(None))
            .order_by(windows.c.start.desc())
            .limit(1)
            .correlate(names)
            .scalar_subquery()
        )
        places = sa.select(names.c.name.label("model"), newest.label("start")).subquery()
        asked = (
            sa.select(windows)
            .join(places, (windows.c.model == places.c.model) & (windows.c.start == places.c.start))
            .where(windows.c.judged_at.is_not(None))
        )
        with self._database.read() as connection:
            return {row.model: _last(row) for row in connection.execute(asked)}

    def figures(
        self, wanted: Iterable[tuple[str, Window]], *, columns: bool
    ) -> Iterator[tuple[str, list[Figure]]]:
        """What was judged of windows over all rows: each model with its figures.

        With ``columns`` those of single columns too. It is read as it is asked for: whoever has no
        time left stops asking.
        """
        for some in _groups(wanted):
            found: dict[str, list[Figure]] = {model: [] for model, _ in some}
            with self._database.read() as connection:
                for row in connection.execute(_of_windows(some, columns=columns)):
                    found[row.model].append(_figure(row))
            yield from found.items()

    def alerting(self, wanted: Iterable[tuple[str, Window]]) -> Mapping[tuple[str, str], int]:
        """How many verdicts of each monitor alarm in windows, by model and monitor; monitors of
        which none does are left out.
        """
        found: dict[tuple[str, str], int] = {}
        held = verdicts.c
        for some in _groups(wanted):
            asked = (
                sa.select(held.model, held.monitor, sa.func.count())
                .where(_in(some), held.status == Status.ALERT.value)
                .group_by(held.model, held.monitor)
            )
            with self._database.read() as connection:
                for model, monitor, number in connection.execute(asked):
                    found[model, monitor] = number
        return found

    def open_incidents(self) -> Mapping[str, int]:
        """How many incidents are not resolved, by severity."""
        asked = (
            sa.select(incidents.c.severity, sa.func.count())
            .where(incidents.c.state != "resolved")
            .group_by(incidents.c.severity)
        )
        with self._database.read() as connection:
            return {row[0]: row[1] for row in connection.execute(asked)}

    def notices(self) -> Waiting:
        """What is still to be told."""
        held = notices.c
        asked = sa.select(
            sa.func.count(),
            sa.func.coalesce(sa.func.sum(sa.case((held.attempts > 0, 1), else_=0)), 0),
            sa.func.min(held.created_at),
        ).where(held.next_attempt_at.is_not(None))
        with self._database.read() as connection:
            number, failed, oldest = connection.execute(asked).one()
        return Waiting(int(number), int(failed), oldest)

    def active_clients(self, since: datetime) -> int:
        """How many programs sent rows since a moment."""
        asked = sa.select(sa.func.count(sa.distinct(clients.c.client)))
        with self._database.read() as connection:
            return int(connection.execute(asked.where(clients.c.last_seen >= since)).scalar() or 0)

    def bytes_used(self) -> int | None:
        """What the database takes on its disk; None where that is not told."""
        own = (
            sa.text("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()")
            if self._database.is_sqlite
            else sa.text("SELECT pg_database_size(current_database())")
        )
        with self._database.read() as connection:
            found = connection.execute(own).scalar()
        return None if found is None else int(found)


def _groups(wanted: Iterable[tuple[str, Window]]) -> Iterator[list[tuple[str, Window]]]:
    left = iter(wanted)
    while some := list(islice(left, _AT_ONCE)):
        yield some


def _in(some: Iterable[tuple[str, Window]]) -> sa.ColumnElement[bool]:
    held = verdicts.c
    return sa.and_(
        held.superseded_at.is_(None),
        sa.or_(
            *(
                (held.model == model) & (held.start == window.start) & (held.end == window.end)
                for model, window in some
            )
        ),
    )


def _of_windows(
    some: Iterable[tuple[str, Window]], *, columns: bool
) -> sa.Select[tuple[object, ...]]:
    held = verdicts.c
    asked = sa.select(
        held.model, held.monitor, held.what, held.column, held.status, held.body
    ).where(_in(some), held.segment.is_(None), held.version.is_(None), held.arm.is_(None))
    return asked if columns else asked.where(held.column.is_(None))


def _figure(row: sa.Row[tuple[object, ...]]) -> Figure:
    body = json.loads(row.body)
    numbers = (body["value"], body["low"], body["high"])
    return Figure(row.monitor, row.what, row.column, Status(row.status), *numbers, n=body["n"])


def _last(row: sa.Row[tuple[object, ...]]) -> LastWindow:
    return LastWindow(
        model=row.model,
        window=Window(row.start, row.end),
        judged_at=row.judged_at,
        status=None if row.status is None else Status(row.status),
        alerts=row.alerts,
        rows=row.profiled_rows,
        accepted=row.accepted + row.sent_accepted,
        labelled=row.joined,
    )
