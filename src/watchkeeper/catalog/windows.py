"""Windows: what became of their rows, and which have to be profiled or judged anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa

from watchkeeper.catalog.database import Database, from_micros, insert_into, to_micros
from watchkeeper.catalog.moves import ColumnNote, Move, RejectionCount, Tally, record_move
from watchkeeper.catalog.paging import Page, page_of, read_cursor
from watchkeeper.catalog.schema import (
    chores,
    column_notes,
    moves,
    partials,
    rejections,
    sent_profiles,
    windows,
)
from watchkeeper.domain.profile import Accounting
from watchkeeper.domain.verdict import Status
from watchkeeper.domain.window import Window
from watchkeeper.errors import NotFound

__all__ = [
    "RETAIN",
    "ColumnNote",
    "Move",
    "Outcome",
    "RejectionCount",
    "StoredWindow",
    "Tally",
    "WindowState",
    "Windows",
]


RETAIN = "retain"  # the chore that lets rows go


class WindowState(StrEnum):
    """How far the work on a window is."""

    DIRTY = "dirty"  # rows or labels came that its latest profile has not seen
    PROFILED = "profiled"  # its profile is up to date and not judged yet
    JUDGED = "judged"


@dataclass(frozen=True, slots=True)
class StoredWindow:
    """One window of a model. ``changed`` is to be handed back by who profiles or judges it.

    ``judged_at``, ``status`` (the worst) and ``alerts`` are those of its latest judgement, None
    before the first.
    """

    model: str
    window: Window
    changed: int
    profiled: int
    judged: int
    known_at: datetime
    predictions_version: int | None
    labels_version: int | None
    profile_revision: int
    accounting: Accounting = field(default_factory=Accounting)
    first_known_at: datetime | None = None  # when its first rows came
    judged_at: datetime | None = None
    status: Status | None = None
    alerts: int = 0
    profiled_rows: int = 0  # that its latest profile counts

    @property
    def state(self) -> WindowState:
        """How far the work on it is."""
        if self.profiled < self.changed:
            return WindowState.DIRTY
        return WindowState.PROFILED if self.judged < self.profiled else WindowState.JUDGED


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a judgement of a window said: with what was known when, its worst status, how many
    alerts. ``rows`` counts the rows of its profile and ``joined`` those that had a label; ``again``
    keeps the window dirty, because it is to be judged again whatever comes.
    """

    judged_at: datetime
    joined: int
    status: Status | None
    alerts: int
    again: bool = False
    rows: int = 0


class Windows:
    """The windows of all models."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(self, move: Move) -> bool:
        """Count a move's rows and mark its windows, exactly once; False where it was recorded."""
        with self._database.write() as connection:
            return record_move(connection, move)

    def pending(
        self, state: WindowState, *, model: str | None = None, limit: int = 1_000
    ) -> tuple[StoredWindow, ...]:
        """The windows in a state, oldest first."""
        asked = sa.select(windows).where(_in_state(state))
        if model is not None:
            asked = asked.where(windows.c.model == model)
        asked = asked.order_by(windows.c.start, windows.c.model).limit(limit)
        with self._database.read() as connection:
            return tuple(_window(row) for row in connection.execute(asked))

    def due(self, now: datetime) -> tuple[StoredWindow, ...]:
        """The windows that have something new and may have to be judged before ``now``, oldest
        first: those that ended, and were not judged since the last full hour.
        """
        held = windows.c
        hour = now.replace(minute=0, second=0, microsecond=0)
        first = held.judged_at.is_(None) & (held.end < now)
        again = (held.judged_at < hour) & (held.known_at <= hour)
        asked = sa.select(windows).where(_in_state(WindowState.DIRTY), first | again)
        with self._database.read() as connection:
            found = connection.execute(asked.order_by(held.start, held.model))
            return tuple(_window(row) for row in found)

    def count(self, state: WindowState) -> Mapping[str, int]:
        """How many windows of each model are in a state; models with none are left out."""
        # Grouped by what is no column: else SQLite reads all windows in their models' order, where
        # the index of the few that are dirty would do.
        model = windows.c.model.concat("")
        asked = sa.select(model, sa.func.count()).where(_in_state(state)).group_by(model)
        with self._database.read() as connection:
            return {row[0]: row[1] for row in connection.execute(asked)}

    def profiled(self, window: StoredWindow, *, joined: int) -> int:
        """Say that it was profiled as it stood when it was read, and how many rows had a label.

        Returns the revision of that profile. Rows that came meanwhile keep the window dirty.
        """
        change = (
            sa.update(windows)
            .where(*_is(window))
            .values(
                profiled=window.changed,
                joined=joined,
                profile_revision=windows.c.profile_revision + 1,
            )
            .returning(windows.c.profile_revision)
        )
        with self._database.write() as connection:
            revision = connection.execute(change).scalar()
        if revision is None:
            raise NotFound(f"model {window.model!r} has no window {window.window}")
        return int(revision)

    def judged(self, window: StoredWindow) -> None:
        """Say that it was judged by the profile that was up to date when it was read."""
        with self._database.write() as connection:
            connection.execute(sa.update(windows).where(*_is(window)).values(judged=window.changed))

    def finish(self, window: StoredWindow, outcome: Outcome) -> None:
        """Say in one step that it was profiled and judged, with what was known at a moment.

        A window of which more is known since then, or that changed meanwhile, stays dirty.
        """
        whole = window.known_at <= outcome.judged_at and not outcome.again
        seen = window.changed if whole else window.changed - 1
        change = (
            sa.update(windows)
            .where(*_is(window))
            .values(
                profiled=seen,
                judged=seen,
                joined=outcome.joined,
                profiled_rows=outcome.rows,
                profile_revision=windows.c.profile_revision + 1,
                judged_at=outcome.judged_at,
                status=None if outcome.status is None else outcome.status.value,
                alerts=outcome.alerts,
            )
        )
        with self._database.write() as connection:
            connection.execute(change)
            connection.execute(_seen(window, outcome.judged_at))

    def expect(self, model: str, expected: Sequence[Window]) -> int:
        """Make windows for which nothing was received, so that a gap is judged too; those that
        are there stay as they are. Returns how many were made.
        """
        made = 0
        with self._database.write() as connection:
            for window in expected:
                insert = insert_into(connection, windows).values(
                    model=model,
                    start=window.start,
                    end=window.end,
                    changed=1,
                    known_at=window.end,
                    first_known_at=window.end,
                )
                fresh = insert.on_conflict_do_nothing().returning(windows.c.start)
                made += connection.execute(fresh).first() is not None
        return made

    def touch(self, model: str, *, start: datetime, end: datetime) -> int:
        """Mark the windows that overlap ``[start, end)`` to be profiled anew; returns how many.

        For a new reference or definition. Windows that clients profiled stay as they were judged:
        there are no rows to count anew.
        """
        sent = sa.exists().where(
            sent_profiles.c.model == windows.c.model,
            sent_profiles.c.start == windows.c.start,
            sent_profiles.c.end == windows.c.end,
        )
        overlap = (windows.c.start < end) & (windows.c.end > start)
        change = (
            sa.update(windows)
            .where(windows.c.model == model, overlap, ~sent)
            .values(changed=windows.c.changed + 1)
        )
        with self._database.write() as connection:
            return int(connection.execute(change).rowcount)

    def get(self, model: str, window: Window) -> StoredWindow:
        """One window; NotFound where nothing was received for it."""
        asked = sa.select(windows).where(
            windows.c.model == model, windows.c.start == window.start, windows.c.end == window.end
        )
        with self._database.read() as connection:
            row = connection.execute(asked).first()
        if row is None:
            raise NotFound(f"model {model!r} has no window {window}: nothing was received for it")
        return _window(row)

    def page(
        self,
        model: str,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[StoredWindow]:
        """The windows that overlap ``[start, end)``, newest first."""
        before = read_cursor(cursor, 1)
        asked = sa.select(windows).where(windows.c.model == model)
        if start is not None:
            asked = asked.where(windows.c.end > start)
        if end is not None:
            asked = asked.where(windows.c.start < end)
        if before is not None:
            asked = asked.where(sa.type_coerce(windows.c.start, sa.BigInteger) < before[0])
        asked = asked.order_by(windows.c.start.desc()).limit(limit + 1)
        with self._database.read() as connection:
            rows = connection.execute(asked).all()
        return page_of(rows, limit, build=_window, place=lambda row: (to_micros(row.start),))

    def latest(self, *, per_model: int = 30) -> Mapping[str, tuple[StoredWindow, ...]]:
        """The last windows of every model, oldest first, in one statement."""
        place = (
            sa.func.row_number()
            .over(partition_by=windows.c.model, order_by=windows.c.start.desc())
            .label("place")
        )
        ranked = sa.select(windows, place).subquery()
        asked = (
            sa.select(ranked)
            .where(ranked.c.place <= per_model)
            .order_by(ranked.c.model, ranked.c.start)
        )
        found: dict[str, tuple[StoredWindow, ...]] = {}
        with self._database.read() as connection:
            for row in connection.execute(asked):
                found[row.model] = (*found.get(row.model, ()), _window(row))
        return found

    def judged_through(self) -> Mapping[str, datetime]:
        """The end of the last window of each model that was judged."""
        asked = (
            sa.select(windows.c.model, sa.func.max(sa.type_coerce(windows.c.end, sa.BigInteger)))
            .where(windows.c.judged_at.is_not(None))
            .group_by(windows.c.model)
        )
        with self._database.read() as connection:
            return {name: from_micros(micros) for name, micros in connection.execute(asked)}

    def clocks(self) -> Mapping[str, datetime]:
        """The latest receive time of each model's rows: its clock in a replay."""
        asked = sa.select(
            moves.c.model, sa.func.max(sa.type_coerce(moves.c.known_at, sa.BigInteger))
        ).group_by(moves.c.model)
        with self._database.read() as connection:
            return {name: from_micros(micros) for name, micros in connection.execute(asked)}

    def moved(self) -> Mapping[str, int]:
        """How far each model's rows were moved: a number that grows with every move."""
        asked = sa.select(moves.c.model, sa.func.sum(moves.c.number)).group_by(moves.c.model)
        with self._database.read() as connection:
            return {name: int(number) for name, number in connection.execute(asked)}

    def rejections(self, model: str) -> tuple[RejectionCount, ...]:
        """Rejected rows of a model by day, kind and reason, newest day first."""
        asked = (
            sa.select(rejections)
            .where(rejections.c.model == model)
            .order_by(rejections.c.day.desc(), rejections.c.kind, rejections.c.reason)
        )
        with self._database.read() as connection:
            rows = connection.execute(asked).all()
        return tuple(RejectionCount(row.day, row.kind, row.reason, row.rows) for row in rows)

    def notes(self, model: str, *, start: datetime, end: datetime) -> tuple[ColumnNote, ...]:
        """Unknown and missing columns of the windows that start in ``[start, end)``."""
        asked = (
            sa.select(column_notes)
            .where(
                column_notes.c.model == model,
                column_notes.c.start >= start,
                column_notes.c.start < end,
            )
            .order_by(column_notes.c.start, column_notes.c.column)
        )
        with self._database.read() as connection:
            rows = connection.execute(asked).all()
        return tuple(ColumnNote(row.start, row.column, row.note, row.rows) for row in rows)


def _in_state(state: WindowState) -> sa.ColumnElement[bool]:
    held = windows.c
    if state is WindowState.DIRTY:
        return (held.profiled < held.changed) & ~_let_go()
    if state is WindowState.PROFILED:
        return (held.profiled >= held.changed) & (held.judged < held.profiled)
    return (held.profiled >= held.changed) & (held.judged >= held.profiled)


def _let_go() -> sa.ColumnElement[bool]:
    """Whether rows of the window may be deleted by now, being too old to be kept: it stays as it
    was judged, whatever comes to be known, because it cannot be profiled anew.
    """
    held = windows.c
    return sa.exists().where(
        chores.c.task == RETAIN,
        chores.c.model == held.model,
        chores.c.name.in_(("predictions", "labels")),
        chores.c.before > held.start,
        chores.c.before > held.first_known_at,
    )


def _seen(window: StoredWindow, judged_at: datetime) -> sa.Delete:
    """Forget the partials that are in the profile now."""
    held = partials.c
    return sa.delete(partials).where(
        held.model == window.model,
        held.start == window.window.start,
        held.end == window.window.end,
        held.known_until <= judged_at,
    )


def _is(window: StoredWindow) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        windows.c.model == window.model,
        windows.c.start == window.window.start,
        windows.c.end == window.window.end,
    )


def _window(row: sa.Row[tuple[object, ...]]) -> StoredWindow:
    return StoredWindow(
        model=row.model,
        window=Window(row.start, row.end),
        changed=row.changed,
        profiled=row.profiled,
        judged=row.judged,
        known_at=row.known_at,
        predictions_version=row.predictions_version,
        labels_version=row.labels_version,
        profile_revision=row.profile_revision,
        accounting=Accounting(
            row.received + row.sent_accepted + row.sent_rejected,
            row.accepted + row.sent_accepted,
            row.rejected + row.sent_rejected,
            row.duplicate,
            row.joined,
            row.late,
        ),
        first_known_at=row.first_known_at,
        judged_at=row.judged_at,
        status=None if row.status is None else Status(row.status),
        alerts=row.alerts,
        profiled_rows=row.profiled_rows,
    )
