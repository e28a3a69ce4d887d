"""The inbox: acknowledged batches that are not in the lake yet, and what is known of ids.

A batch, the ids of its rows and its receipt are committed together: that commit is the
acknowledgement. The mover takes batches by *claims*: a claim is a numbered group of batches of
one model that never changes once made, so that moving it again after a crash moves the same rows
under the same number.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from watchkeeper.catalog.accounting import BatchAccount, read_account, write_account
from watchkeeper.catalog.database import Database, from_micros, insert_into, to_micros, within
from watchkeeper.catalog.id_runs import IdRuns, StoredRuns
from watchkeeper.catalog.schema import batches, claims, inbox, inbox_identity, inbox_rows
from watchkeeper.catalog.windows import ColumnNote, Tally
from watchkeeper.domain.window import Window

__all__ = ["BatchKey", "Claim", "Inbox", "InboxBatch", "InboxWrite", "StoredReceipt", "Wait"]


# Made once: to build a statement for every batch takes longer than to run it.
_RECEIPT = sa.select(
    batches.c.content,
    batches.c.known_at,
    batches.c.received,
    batches.c.accepted,
    batches.c.rejected,
    batches.c.duplicate,
).where(*(batches.c[name] == sa.bindparam(name) for name in ("model", "kind", "sender", "batch")))
_STAMP = {
    name: insert(batches).on_conflict_do_nothing().returning(batches.c.received)
    for name, insert in (("sqlite", sqlite.insert), ("postgresql", postgresql.insert))
}
_PUT = sa.insert(inbox).returning(inbox.c.position)
_PUT_ROWS = sa.insert(inbox_rows)


@dataclass(frozen=True, slots=True)
class BatchKey:
    """What makes a batch the same batch: who sent it (a key's id), for which model, what, and the
    sender's own name for it.
    """

    model: str
    kind: str  # predictions | labels
    sender: str
    batch: str


@dataclass(frozen=True, slots=True)
class StoredReceipt:
    """What was acknowledged of a batch. ``content`` tells another batch of the same name."""

    content: int
    known_at: datetime
    received: int
    accepted: int
    rejected: int
    duplicate: int


@dataclass(frozen=True, slots=True)
class InboxBatch:
    """A batch on its way to the lake; the tables are Arrow IPC streams, None where empty."""

    model: str
    batch: str
    known_at: datetime
    predictions: bytes | None
    labels: bytes | None
    quarantine: bytes | None
    tallies: Sequence[Tally] = ()
    notes: Sequence[ColumnNote] = ()
    account: BatchAccount | None = None

    @property
    def size(self) -> int:
        """Bytes of rows."""
        return sum(len(part or b"") for part in (self.predictions, self.labels, self.quarantine))


@dataclass(frozen=True, slots=True)
class Wait:
    """``size`` bytes of a model's rows wait for the lake, the first known ``since`` a moment."""

    model: str
    size: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Claim:
    """A numbered group of batches of one model, oldest first."""

    model: str
    number: int
    batches: tuple[InboxBatch, ...]


class InboxWrite:
    """What can be done within one acknowledging transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    @property
    def connection(self) -> sa.Connection:
        """The transaction itself, for what is kept beside the rows."""
        return self._connection

    def receipt(self, key: BatchKey) -> StoredReceipt | None:
        """The receipt of a batch that was acknowledged before."""
        return _receipt(self._connection, key)

    @property
    def ids(self) -> IdRuns:
        """What is remembered of ids."""
        return IdRuns(self._connection)

    @contextmanager
    def step(self) -> Iterator[None]:
        """A part of the transaction: where the block raises, what it did is undone and the rest
        stands.
        """
        with self._connection.begin_nested():
            yield

    def put(
        self, key: BatchKey, receipt: StoredReceipt, batch: InboxBatch, *, until: datetime
    ) -> bool:
        """Put the batch and its receipt in; False, and nothing happens, where it is there."""
        stamp = {
            "model": key.model,
            "kind": key.kind,
            "sender": key.sender,
            "batch": key.batch,
            "content": receipt.content,
            "known_at": receipt.known_at,
            "received": receipt.received,
            "accepted": receipt.accepted,
            "rejected": receipt.rejected,
            "duplicate": receipt.duplicate,
            "expires_at": until,
        }
        if self._connection.execute(_STAMP[self._connection.dialect.name], stamp).first() is None:
            return False
        position: int = self._connection.execute(_PUT, _batch_row(batch)).scalar_one()
        self._connection.execute(
            _PUT_ROWS,
            {
                "position": position,
                "predictions": batch.predictions,
                "labels": batch.labels,
                "quarantine": batch.quarantine,
            },
        )
        return True


class Inbox:
    """The inbox of all models."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.ids = StoredRuns(database)
        with database.read() as connection:
            self.identity: str = connection.execute(sa.select(inbox_identity.c.id)).scalar_one()

    @contextmanager
    def write(self) -> Iterator[InboxWrite]:
        """One acknowledging transaction: durable when the block ends."""
        with self._database.write() as connection:
            yield InboxWrite(connection)

    def receipt(self, key: BatchKey) -> StoredReceipt | None:
        """The receipt of a batch, or None where it was not acknowledged, or too long ago."""
        with self._database.read() as connection:
            return _receipt(connection, key)

    def require_space(self) -> None:
        """Unavailable where there is no room for more batches on the disk."""
        self._database.require_space()

    def waiting(self) -> tuple[int, int]:
        """How many batches, and how many bytes of rows, wait for the lake."""
        asked = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(inbox.c.bytes), 0))
        with self._database.read() as connection:
            number, size = connection.execute(asked).one()
        return int(number), int(size)

    def newest(self, model: str) -> int:
        """The position of the model's newest batch that waits for the lake; 0 where none does."""
        asked = sa.select(sa.func.max(inbox.c.position)).where(inbox.c.model == model)
        with self._database.read() as connection:
            return connection.execute(asked).scalar() or 0

    def oldest(self, model: str) -> datetime | None:
        """The earliest receive time among the model's batches that wait for the lake."""
        known = sa.func.min(sa.type_coerce(inbox.c.known_at, sa.BigInteger))
        with self._database.read() as connection:
            found = connection.execute(sa.select(known).where(inbox.c.model == model)).scalar()
        return None if found is None else from_micros(found)

    def oldest_after(self, moment: datetime) -> datetime | None:
        """The earliest receive time after a moment among all batches that wait for the lake."""
        known = sa.type_coerce(inbox.c.known_at, sa.BigInteger)
        asked = sa.select(sa.func.min(known)).where(known > to_micros(moment))
        with self._database.read() as connection:
            found = connection.execute(asked).scalar()
        return None if found is None else from_micros(found)

    def receipts(
        self, model: str, kind: str, *, start: datetime, end: datetime
    ) -> tuple[StoredReceipt, int]:
        """What was acknowledged of a kind of rows that came to be known in ``[start, end)``, summed
        up, and in how many batches with rows; of receipts that are still remembered.
        """
        held = batches.c
        counts = [held.received, held.accepted, held.rejected, held.duplicate]
        sums = [sa.func.coalesce(sa.func.sum(column), 0) for column in counts]
        asked = sa.select(sa.func.count(), *sums).where(
            held.model == model,
            held.kind == kind,
            held.known_at >= start,
            held.known_at < end,
            held.received > 0,
        )
        with self._database.read() as connection:
            number, *found = connection.execute(asked).one()
        return StoredReceipt(0, start, *(int(rows) for rows in found)), int(number)

    def landed(self, model: str, position: int) -> bool:
        """Whether all batches of the model up to a position are in the lake and counted."""
        asked = sa.select(inbox.c.position).where(
            inbox.c.model == model, inbox.c.position <= position
        )
        with self._database.read() as connection:
            return connection.execute(asked.limit(1)).first() is None

    def quarantine(self, model: str) -> tuple[bytes, ...]:
        """The rejected rows of a model that wait for the lake, oldest batch first: of each batch
        that has any, the Arrow IPC stream.
        """
        asked = (
            sa.select(inbox_rows.c.quarantine)
            .join(inbox, inbox.c.position == inbox_rows.c.position)
            .where(inbox.c.model == model, inbox_rows.c.quarantine.is_not(None))
            .order_by(inbox.c.position)
        )
        with self._database.read() as connection:
            return tuple(connection.execute(asked).scalars())

    def waits(self) -> tuple[Wait, ...]:
        """The models that have batches waiting, with the oldest first."""
        since = sa.func.min(sa.type_coerce(inbox.c.known_at, sa.BigInteger)).label("since")
        asked = (
            sa.select(inbox.c.model, sa.func.sum(inbox.c.bytes).label("size"), since)
            .group_by(inbox.c.model)
            .order_by(since, inbox.c.model)
        )
        with self._database.read() as connection:
            rows = connection.execute(asked).all()
        return tuple(Wait(row.model, int(row.size), from_micros(row.since)) for row in rows)

    def claim(self, model: str, *, most_bytes: int = 24 * 1024 * 1024) -> Claim | None:
        """The model's unfinished claim, or a new one of its oldest batches; None: nothing waits.

        A claim holds at least one batch, else at most ``most_bytes``.
        """
        with self._database.write() as connection:
            _hold(connection, model)
            number = self._open_claim(connection, model)
            if number is None:
                number = self._new_claim(connection, model, most_bytes)
        if number is None:
            return None
        asked = (
            sa.select(inbox, inbox_rows.c.predictions, inbox_rows.c.labels, inbox_rows.c.quarantine)
            .join(inbox_rows, inbox.c.position == inbox_rows.c.position)
            .where(inbox.c.model == model, inbox.c.claim == number)
            .order_by(inbox.c.position)
        )
        with self._database.read() as connection:  # a claim never changes: nobody has to wait
            rows = connection.execute(asked).all()
        # Without rows another mover finished it meanwhile, and there may be more.
        return Claim(model, number, tuple(map(_batch, rows))) if rows else self.claim(model)

    def finish(self, claim: Claim) -> bool:
        """Delete a claim's batches: all they said is in the lake and in the catalog. Whether others
        of the model wait.
        """
        with self._database.write() as connection:
            _hold(connection, claim.model)
            mine = (inbox.c.model == claim.model) & (inbox.c.claim == claim.number)
            moved = sa.select(inbox.c.position).where(mine)
            connection.execute(sa.delete(inbox_rows).where(inbox_rows.c.position.in_(moved)))
            connection.execute(sa.delete(inbox).where(mine))
            left = sa.select(sa.exists().where(inbox.c.model == claim.model))
            return bool(connection.execute(left).scalar())

    def forget(self, now: datetime) -> int:
        """Forget receipts and ids whose time is over; returns how many ids."""
        with self._database.write() as connection:
            connection.execute(sa.delete(batches).where(batches.c.expires_at <= now))
        with self._database.write() as connection:
            return IdRuns(connection).forget(now)

    def _open_claim(self, connection: sa.Connection, model: str) -> int | None:
        asked = sa.select(sa.func.min(inbox.c.claim)).where(inbox.c.model == model)
        found = connection.execute(asked).scalar()
        return None if found is None else int(found)

    def _new_claim(self, connection: sa.Connection, model: str, most_bytes: int) -> int | None:
        before = sa.func.sum(inbox.c.bytes).over(order_by=inbox.c.position) - inbox.c.bytes
        ranked = (
            sa.select(inbox.c.position, before.label("before"))
            .where(inbox.c.model == model, inbox.c.claim.is_(None))
            .subquery()
        )
        chosen = sa.select(ranked.c.position).where(ranked.c.before <= most_bytes)
        positions = connection.execute(chosen).scalars().all()
        if not positions:
            return None
        number = connection.execute(
            sa.update(claims)
            .where(claims.c.model == model)
            .values(number=claims.c.number + 1)
            .returning(claims.c.number)
        ).scalar_one()
        connection.execute(
            sa.update(inbox)
            .where(within(connection, inbox.c.position, positions), inbox.c.claim.is_(None))
            .values(claim=number)
        )
        return int(number)


def _hold(connection: sa.Connection, model: str) -> None:
    """Let nobody else claim or finish this model's batches until the transaction ends.

    Claims must be made, and so numbered and moved, one after another: a table that has seen a
    number takes no lower one.
    """
    change = insert_into(connection, claims).values(model=model, number=0)
    same = {"number": claims.c.number}
    connection.execute(change.on_conflict_do_update(index_elements=["model"], set_=same))


def _receipt(connection: sa.Connection, key: BatchKey) -> StoredReceipt | None:
    named = {"model": key.model, "kind": key.kind, "sender": key.sender, "batch": key.batch}
    row = connection.execute(_RECEIPT, named).first()
    return None if row is None else StoredReceipt(*row)


def _batch_row(batch: InboxBatch) -> dict[str, object]:
    tallies = [
        [
            to_micros(item.window.start),
            to_micros(item.window.end),
            item.received,
            item.accepted,
            item.rejected,
            item.duplicate,
            item.labels,
        ]
        for item in batch.tallies
    ]
    notes = [[to_micros(item.start), item.column, item.note, item.rows] for item in batch.notes]
    return {
        "model": batch.model,
        "batch": batch.batch,
        "known_at": batch.known_at,
        "bytes": batch.size,
        "tallies": json.dumps(tallies),
        "notes": json.dumps(notes),
        "account": None if batch.account is None else json.dumps(write_account(batch.account)),
    }


def _batch(row: sa.Row[tuple[object, ...]]) -> InboxBatch:
    tallies = tuple(
        Tally(Window(from_micros(start), from_micros(end)), *counts)
        for start, end, *counts in json.loads(row.tallies)
    )
    notes = tuple(ColumnNote(from_micros(start), *rest) for start, *rest in json.loads(row.notes))
    return InboxBatch(
        row.model,
        row.batch,
        row.known_at,
        row.predictions,
        row.labels,
        row.quarantine,
        tallies,
        notes,
        None if row.account is None else read_account(json.loads(row.account)),
    )
