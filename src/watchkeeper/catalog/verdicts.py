"""Verdicts: every judgement of every window, superseded ones kept.

A judgement is all the verdicts of one window at one moment. The next judgement of the window
supersedes it whole, so "as known now" and "as known then" are both one plain condition.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from watchkeeper.catalog.database import Database
from watchkeeper.catalog.paging import Page, page_of, read_cursor
from watchkeeper.catalog.schema import verdicts
from watchkeeper.domain.verdict import Inputs, Severity, Status, Verdict
from watchkeeper.domain.window import Window
from watchkeeper.errors import InvalidInput, NotFound

__all__ = ["Judgement", "Tally", "VerdictFilter", "Verdicts"]


@dataclass(frozen=True, slots=True)
class VerdictFilter:
    """Which verdicts are asked for; None means any.

    ``start`` and ``end`` select windows that overlap ``[start, end)``. ``known_at`` asks for what
    was known then; None for what is known now; ``all_revisions`` for everything ever said.
    ``column`` and ``segment`` of ``""`` ask for the verdicts without one.
    """

    model: str | None = None
    monitors: tuple[str, ...] = ()
    what: tuple[str, ...] = ()
    statuses: tuple[Status, ...] = ()
    column: str | None = None
    segment: str | None = None
    version: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    known_at: datetime | None = None
    all_revisions: bool = False


@dataclass(frozen=True, slots=True)
class Judgement:
    """The latest judgement of one window in numbers: how many verdicts have which status."""

    model: str
    window: Window
    revision: int
    known_at: datetime
    counts: Mapping[Status, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tally:
    """How many verdicts of one figure of a monitor in one window say the same."""

    window: Window
    monitor: str
    what: str
    status: Status
    severity: Severity
    number: int


class Verdicts:
    """The verdicts of all models."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(
        self, model: str, window: Window, found: Sequence[Verdict], *, known_at: datetime
    ) -> tuple[Verdict, ...]:
        """Append one judgement of a window, which supersedes the one before.

        Returns the verdicts as stored: with the judgement's revision and ``known_at``.
        """
        for verdict in found:
            if verdict.window != window or verdict.model != model:
                raise InvalidInput(
                    f"a judgement must be of one window of one model, {model!r} {window}; "
                    f"got {verdict.model!r} {verdict.window} from {verdict.monitor!r}"
                )
        of_window = (
            verdicts.c.model == model,
            verdicts.c.start == window.start,
            verdicts.c.end == window.end,
        )
        with self._database.write() as connection:
            newest = sa.select(sa.func.max(verdicts.c.revision)).where(*of_window)
            revision = (connection.execute(newest).scalar() or 0) + 1
            connection.execute(
                sa.update(verdicts)
                .where(*of_window, verdicts.c.superseded_at.is_(None))
                .values(superseded_at=known_at)
            )
            stored = tuple(replace(item, revision=revision, known_at=known_at) for item in found)
            if stored:
                connection.execute(sa.insert(verdicts), [_row(item, window) for item in stored])
        return stored

    def get(self, verdict_id: str) -> Verdict:
        """One verdict, its latest revision; NotFound where there is none."""
        asked = (
            sa.select(verdicts)
            .where(verdicts.c.id == verdict_id)
            .order_by(verdicts.c.position.desc())
            .limit(1)
        )
        with self._database.read() as connection:
            row = connection.execute(asked).first()
        if row is None:
            raise NotFound(f"there is no verdict {verdict_id!r}")
        return _verdict(row)

    def page(
        self,
        wanted: VerdictFilter,
        *,
        cursor: str | None = None,
        limit: int = 100,
        newest_first: bool = True,
    ) -> Page[Verdict]:
        """Verdicts in the order in which they were made."""
        place = read_cursor(cursor, 1)
        position = verdicts.c.position
        asked = sa.select(verdicts).where(*_conditions(wanted))
        if place is not None:
            asked = asked.where(position < place[0] if newest_first else position > place[0])
        asked = asked.order_by(position.desc() if newest_first else position).limit(limit + 1)
        with self._database.read() as connection:
            rows = connection.execute(asked).all()
        return page_of(rows, limit, build=_verdict, place=lambda row: (row.position,))

    def series(self, wanted: VerdictFilter) -> tuple[Verdict, ...]:
        """Every verdict asked for, oldest window first: for charts, which need no pages."""
        asked = (
            sa.select(verdicts)
            .where(*_conditions(wanted))
            .order_by(verdicts.c.start, verdicts.c.position)
        )
        with self._database.read() as connection:
            return tuple(_verdict(row) for row in connection.execute(asked))

    def cited(self, model: str) -> frozenset[str]:
        """The ids of the profiles that any verdict of a model names, superseded ones included."""
        with self._database.read() as connection:
            named = _named_profiles(connection)
            asked = sa.select(named).where(verdicts.c.model == model).distinct()
            return frozenset(connection.execute(asked).scalars())

    def judgements(self, wanted: VerdictFilter) -> tuple[Judgement, ...]:
        """How each window was judged, oldest first: one statement, no verdict is read."""
        held = verdicts.c
        by_window = (held.model, held.start, held.end, held.revision, held.known_at)
        asked = (
            sa.select(*by_window, held.status, sa.func.count().label("number"))
            .where(*_conditions(wanted))
            .group_by(*by_window, held.status)
            .order_by(held.model, held.start, held.revision)
        )
        found: dict[tuple[object, ...], Judgement] = {}
        with self._database.read() as connection:
            for row in connection.execute(asked):
                key = (row.model, row.start, row.end, row.revision)
                before = found.get(key)
                counts = {**(before.counts if before else {}), Status(row.status): row.number}
                found[key] = Judgement(
                    row.model, Window(row.start, row.end), row.revision, row.known_at, counts
                )
        return tuple(found.values())

    def tallies(self, wanted: VerdictFilter) -> tuple[Tally, ...]:
        """How often each figure was judged how in each window, oldest first: one statement."""
        held = verdicts.c
        said = (held.start, held.end, held.monitor, held.what, held.status, held.severity)
        asked = (
            sa.select(*said, sa.func.count().label("number"))
            .where(*_conditions(wanted))
            .group_by(*said)
            .order_by(*said)
        )
        with self._database.read() as connection:
            return tuple(
                Tally(
                    Window(row.start, row.end),
                    row.monitor,
                    row.what,
                    Status(row.status),
                    Severity(row.severity),
                    row.number,
                )
                for row in connection.execute(asked)
            )


_BODY = ("value", "low", "high", "n", "maturity", "provisional", "message")


def _row(verdict: Verdict, window: Window) -> dict[str, object]:
    body = {name: getattr(verdict, name) for name in _BODY}
    body["effect"] = dict(verdict.effect)
    inputs = verdict.inputs
    body["inputs"] = [list(inputs.profiles), inputs.config, inputs.code]
    return {
        "id": verdict.id,
        "model": verdict.model,
        "start": window.start,
        "end": window.end,
        "revision": verdict.revision,
        "known_at": verdict.known_at,
        "superseded_at": None,
        "monitor": verdict.monitor,
        "what": verdict.what,
        "column": _storable(verdict.column),
        "segment": _storable(verdict.segment),
        "version": _storable(verdict.version),
        "arm": _storable(verdict.arm),
        "status": str(verdict.status),
        "severity": str(verdict.severity),
        "body": json.dumps(body, separators=(",", ":")),
    }


def _named_profiles(connection: sa.Connection) -> sa.ColumnElement[str]:
    """Each profile that a verdict's body names, as a row of its own."""
    if connection.dialect.name == "sqlite":
        each = sa.func.json_each(verdicts.c.body, "$.inputs[0]").table_valued(
            "value", joins_implicitly=True
        )
        return each.c.value
    body = sa.cast(verdicts.c.body, postgresql.JSON)
    return sa.func.json_array_elements_text(body["inputs"][0])


def _storable(text: str | None) -> str | None:
    """PostgreSQL's text holds no NUL, which a segment's value may."""
    return text and text.replace("\x00", "\ufffd")


def _verdict(row: sa.Row[tuple[object, ...]]) -> Verdict:
    body = json.loads(row.body)
    profiles, config, code = body.pop("inputs")
    return Verdict(
        id=row.id,
        monitor=row.monitor,
        model=row.model,
        status=Status(row.status),
        what=row.what,
        revision=row.revision,
        version=row.version,
        arm=row.arm,
        column=row.column,
        segment=row.segment,
        window=Window(row.start, row.end),
        known_at=row.known_at,
        severity=Severity(row.severity),
        inputs=Inputs(tuple(profiles), config, code),
        **body,
    )


def _conditions(wanted: VerdictFilter) -> list[sa.ColumnElement[bool]]:
    held = verdicts.c
    found: list[sa.ColumnElement[bool]] = []
    if not wanted.all_revisions:
        found.append(_as_known(wanted.known_at))
    for column, value in (
        (held.model, wanted.model),
        (held.column, wanted.column),
        (held.segment, wanted.segment),
        (held.version, wanted.version),
    ):
        if value is not None:
            found.append(column.is_(None) if value == "" else column == value)
    if wanted.monitors:
        found.append(held.monitor.in_(wanted.monitors))
    if wanted.what:
        found.append(held.what.in_(wanted.what))
    if wanted.statuses:
        found.append(held.status.in_([str(status) for status in wanted.statuses]))
    if wanted.start is not None:
        found.append(held.end > wanted.start)
    if wanted.end is not None:
        found.append(held.start < wanted.end)
    return found


def _as_known(moment: datetime | None) -> sa.ColumnElement[bool]:
    held = verdicts.c
    if moment is None:
        return held.superseded_at.is_(None)
    still = held.superseded_at.is_(None) | (held.superseded_at > moment)
    return (held.known_at <= moment) & still
