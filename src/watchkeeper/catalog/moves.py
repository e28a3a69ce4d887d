"""Moves: what one group of batches did to windows, recorded exactly once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from watchkeeper.catalog.accounting import BatchAccount, count_days
from watchkeeper.catalog.clients import follow
from watchkeeper.catalog.database import insert_into
from watchkeeper.catalog.schema import column_notes, moves, rejections, windows
from watchkeeper.domain.window import Window

__all__ = ["ColumnNote", "Move", "RejectionCount", "Tally", "record_move"]


@dataclass(frozen=True, slots=True)
class Tally:
    """What one move did to one window; ``labels`` counts labels of its predictions, ``late`` the
    accepted rows that came to be known after the window was due.

    ``since`` and ``until`` are when the first and the last of it came to be known; None: at the
    move's ``known_at``.
    """

    window: Window
    received: int = 0
    accepted: int = 0
    rejected: int = 0
    duplicate: int = 0
    labels: int = 0
    late: int = 0
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class ColumnNote:
    """A column that rows had beyond the definition (``unknown``) or lacked (``missing``)."""

    start: datetime  # of the window
    column: str
    note: str
    rows: int


@dataclass(frozen=True, slots=True)
class RejectionCount:
    """How many rows of a kind were rejected on a day (``YYYY-MM-DD``, UTC) for a reason."""

    day: str
    kind: str
    reason: str
    rows: int


@dataclass(frozen=True, slots=True)
class Move:
    """One group of batches that went from the inbox to the lake.

    ``inbox`` and ``number`` identify it: recording it twice changes nothing. ``known_at`` is the
    latest receive time among its rows.
    """

    inbox: str
    model: str
    number: int
    known_at: datetime
    tallies: Sequence[Tally] = ()
    rejections: Sequence[RejectionCount] = ()
    notes: Sequence[ColumnNote] = ()
    accounts: Sequence[BatchAccount] = ()
    predictions_version: int | None = None
    labels_version: int | None = None


def record_move(connection: sa.Connection, move: Move) -> bool:
    """Count a move's rows and mark its windows; False, and nothing happens, if it was recorded."""
    if not _advance(connection, move):
        return False
    for tally in move.tallies:
        _mark(connection, move, tally)
    for item in move.rejections:
        where = {"day": item.day, "kind": item.kind, "reason": item.reason}
        _count(connection, rejections, {"model": move.model, **where}, item.rows)
    for note in move.notes:
        spot = {"start": note.start, "column": note.column, "note": note.note}
        _count(connection, column_notes, {"model": move.model, **spot}, note.rows)
    count_days(connection, move.model, move.accounts)
    follow(connection, move.model, move.accounts, known_at=move.known_at)
    return True


def _advance(connection: sa.Connection, move: Move) -> bool:
    """Take the move's number for the model; False where that or a later one was taken."""
    keys = {"inbox": move.inbox, "model": move.model}
    known = sa.case(
        (moves.c.known_at > move.known_at, moves.c.known_at),
        else_=sa.literal(move.known_at, moves.c.known_at.type),
    )
    insert = insert_into(connection, moves).values(
        **keys, number=move.number, known_at=move.known_at
    )
    change = insert.on_conflict_do_update(
        index_elements=list(keys),
        set_={"number": move.number, "known_at": known},
        where=moves.c.number < move.number,
    )
    return bool(connection.execute(change.returning(moves.c.number)).first())


def _values(move: Move, tally: Tally) -> dict[str, object]:
    return {
        "model": move.model,
        "start": tally.window.start,
        "end": tally.window.end,
        "changed": 1,
        "known_at": tally.until or move.known_at,
        "first_known_at": tally.since or move.known_at,
        "predictions_version": move.predictions_version if tally.accepted else None,
        "labels_version": move.labels_version if tally.labels else None,
        "received": tally.received,
        "accepted": tally.accepted,
        "rejected": tally.rejected,
        "duplicate": tally.duplicate,
        "late": tally.late,
    }


def _changes(move: Move, tally: Tally) -> dict[str, object]:
    held, until = windows.c, tally.until or move.known_at
    changes: dict[str, object] = {
        "changed": held.changed + 1,
        "known_at": sa.case(
            (held.known_at > until, held.known_at),
            else_=sa.literal(until, held.known_at.type),
        ),
        "received": held.received + tally.received,
        "accepted": held.accepted + tally.accepted,
        "rejected": held.rejected + tally.rejected,
        "duplicate": held.duplicate + tally.duplicate,
        "late": held.late + tally.late,
    }
    if tally.accepted:
        changes["predictions_version"] = move.predictions_version
    if tally.labels:
        changes["labels_version"] = move.labels_version
    return changes


def _mark(connection: sa.Connection, move: Move, tally: Tally) -> None:
    if tally.received:
        _upsert(connection, windows, _values(move, tally), _changes(move, tally))
        return
    # Labels alone make no window: its predictions came with an earlier move, or it is gone.
    where = (
        windows.c.model == move.model,
        windows.c.start == tally.window.start,
        windows.c.end == tally.window.end,
    )
    connection.execute(sa.update(windows).where(*where).values(**_changes(move, tally)))


def _count(
    connection: sa.Connection, table: sa.Table, keys: Mapping[str, object], rows: int
) -> None:
    _upsert(connection, table, {**keys, "rows": rows}, {"rows": table.c.rows + rows})


def _upsert(
    connection: sa.Connection,
    table: sa.Table,
    values: Mapping[str, object],
    changes: Mapping[str, object],
) -> None:
    change = insert_into(connection, table).values(**values)
    connection.execute(
        change.on_conflict_do_update(
            index_elements=[column.name for column in table.primary_key], set_=dict(changes)
        )
    )
