"""Clients: which of their numbered rows arrived, and how their clocks go.

A client's streams are read, changed by the pure functions of `watchkeeper.domain.sequence`, and
written back within one transaction: that of the move which took its rows, so that a batch is
counted exactly once, or that of `Clients.settle`.

What a window is charged with stands in a table of its own, a row for every client that had
anything to answer for: most windows have none.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from watchkeeper.catalog.accounting import BatchAccount
from watchkeeper.catalog.charges import Ledger
from watchkeeper.catalog.database import Database, from_micros, insert_into, to_micros
from watchkeeper.catalog.paging import Page, page_of, read_cursor
from watchkeeper.catalog.places import Places, hold
from watchkeeper.catalog.schema import client_windows, clients
from watchkeeper.domain.delays import WORTH_TELLING_SECONDS, Delay, observe
from watchkeeper.domain.sequence import (
    PATIENCE,
    Gap,
    Seen,
    Stream,
    due_at,
    settle,
    take,
)

__all__ = ["ClientWindow", "Clients", "StoredClient", "client_name", "follow"]


@dataclass(frozen=True, slots=True)
class StoredClient:
    """A stream, and the smallest delays of its batches of late."""

    stream: Stream
    delays: tuple[Delay, ...] = ()


@dataclass(frozen=True, slots=True)
class ClientWindow:
    """What one client has to answer for in one window.

    ``missing`` rows never arrived, ``dropped`` it could not keep, ``sampled`` it left out on
    purpose. ``delays`` (seconds) are those that its clock was judged by, where they stood out.
    """

    start: datetime
    client_id: str
    kind: str
    host: str
    pid: int
    missing: int
    dropped: int
    sampled: int
    delays: tuple[float, ...] = ()

    @property
    def name(self) -> str:
        """What people know the client by."""
        return client_name(self.client_id, self.host, self.pid)


def client_name(client_id: str, host: str, pid: int) -> str:
    """What people know a client by: its host and process, else the beginning of its id."""
    return f"{host}/{pid}" if host and pid else host or client_id[:12]


def follow(
    connection: sa.Connection, model: str, accounts: Sequence[BatchAccount], *, known_at: datetime
) -> None:
    """Take what clients said with their batches; to be called after the windows were marked."""
    told = [account for account in accounts if account.sending is not None]
    if not told:
        return
    held = _read(connection, model, {str(a.sending and a.sending.client_id) for a in told})
    places = Places(connection, model)
    ledger = Ledger(connection, model, known_at)
    for account in told:
        _take(held, account, places, ledger)
    for found in held.values():
        _write(connection, model, found)
    ledger.close()


def _take(
    held: dict[tuple[str, str], StoredClient],
    account: BatchAccount,
    places: Places,
    ledger: Ledger,
) -> None:
    sending, at = account.sending, account.received_at
    if sending is None:
        return
    key = (account.kind, sending.client_id)
    before = held.get(key) or StoredClient(Stream(sending.client_id, account.kind, at, at))
    seen = Seen(at, account.received, account.since, account.until)
    stream, charges = take(before.stream, sending, seen)
    delay = Delay(at, (at - sending.sent_at).total_seconds())
    found = StoredClient(stream, observe(before.delays, delay))
    held[key] = found
    for charge in charges:
        ledger.charge(stream, places.of(charge.at), charge)
    if abs(found.delays[0].seconds) > WORTH_TELLING_SECONDS:
        ledger.delayed(stream, found.delays, places.of(account.known_at))


class Clients:
    """The clients of all models."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def settle(
        self, now: datetime, *, known_at: Callable[[str], datetime], limit: int = 1_000
    ) -> int:
        """Tell what can hardly arrive any more; returns how many streams were looked at.

        ``now`` is the wall's time; ``known_at`` gives each model's own.
        """
        due = (
            sa.select(clients.c.model, clients.c.client, clients.c.kind)
            .where(clients.c.due_at <= now)
            .limit(limit)
        )
        with self._database.read() as connection:
            rows = connection.execute(due).all()
        by_model: dict[str, set[str]] = {}
        for row in rows:
            by_model.setdefault(row.model, set()).add(row.client)
        for model, found in by_model.items():
            self._settle(model, found, now, known_at(model))
        return len(rows)

    def _settle(self, model: str, chosen: set[str], now: datetime, known_at: datetime) -> None:
        with self._database.write() as connection:
            hold(connection, model)
            places = Places(connection, model)
            ledger = Ledger(connection, model, known_at)
            for found in _read(connection, model, chosen).values():
                stream, charges = settle(found.stream, now, places.of)
                for charge in charges:
                    ledger.charge(stream, charge.at, charge)
                _write(connection, model, StoredClient(stream, found.delays), not_before=now)
            ledger.close()

    def page(
        self, model: str, *, cursor: str | None = None, limit: int = 100
    ) -> Page[StoredClient]:
        """The clients of a model, the last heard of first."""
        before = read_cursor(cursor, 3)
        held = clients.c
        asked = sa.select(clients).where(held.model == model)
        seen = sa.type_coerce(held.last_seen, sa.BigInteger)
        if before is not None:
            place = sa.tuple_(seen, held.client, held.kind)
            asked = asked.where(place < sa.tuple_(*(sa.literal(part) for part in before)))
        asked = asked.order_by(held.last_seen.desc(), held.client.desc(), held.kind.desc())
        with self._database.read() as connection:
            rows = connection.execute(asked.limit(limit + 1)).all()
        return page_of(
            rows,
            limit,
            build=_client,
            place=lambda row: (to_micros(row.last_seen), row.client, row.kind),
        )

    def windows(
        self, model: str, *, start: datetime | None = None, end: datetime | None = None
    ) -> tuple[ClientWindow, ...]:
        """What clients have to answer for in the windows that start in ``[start, end)``."""
        held = client_windows.c
        asked = (
            sa.select(client_windows, clients.c.host, clients.c.pid)
            .join(
                clients,
                (clients.c.model == held.model)
                & (clients.c.kind == held.kind)
                & (clients.c.client == held.client),
                isouter=True,
            )
            .where(held.model == model)
        )
        if start is not None:
            asked = asked.where(held.start >= start)
        if end is not None:
            asked = asked.where(held.start < end)
        with self._database.read() as connection:
            rows = connection.execute(asked.order_by(held.start, held.client, held.kind)).all()
        return tuple(
            ClientWindow(
                row.start,
                row.client,
                row.kind,
                row.host or "",
                row.pid or 0,
                row.missing,
                row.dropped,
                row.sampled,
                tuple(json.loads(row.delays)),
            )
            for row in rows
        )

    def numbered(self, model: str) -> bool:
        """Whether any client of the model numbers its rows."""
        asked = sa.select(clients.c.client).where(clients.c.model == model).limit(1)
        with self._database.read() as connection:
            return connection.execute(asked).first() is not None

    def totals(self) -> Mapping[tuple[str, str], tuple[int, int, int]]:
        """Missing, dropped and sampled rows by model and kind, as charged to windows."""
        held = client_windows.c
        asked = sa.select(
            held.model,
            held.kind,
            sa.func.sum(held.missing),
            sa.func.sum(held.dropped),
            sa.func.sum(held.sampled),
        ).group_by(held.model, held.kind)
        with self._database.read() as connection:
            return {
                (model, kind): (int(missing), int(dropped), int(sampled))
                for model, kind, missing, dropped, sampled in connection.execute(asked)
            }

    def forget(self, before: datetime) -> int:
        """Forget clients that were last heard of before; what windows were charged with stays."""
        with self._database.write() as connection:
            gone = sa.delete(clients).where(
                clients.c.last_seen < before, clients.c.due_at.is_(None)
            )
            return int(connection.execute(gone).rowcount)


def _read(
    connection: sa.Connection, model: str, chosen: set[str]
) -> dict[tuple[str, str], StoredClient]:
    asked = (
        sa.select(clients)
        .where(clients.c.model == model, clients.c.client.in_(sorted(chosen)))
        .with_for_update()
    )
    found = [_client(row) for row in connection.execute(asked)]
    return {(held.stream.kind, held.stream.client_id): held for held in found}


def _write(
    connection: sa.Connection,
    model: str,
    client: StoredClient,
    *,
    not_before: datetime | None = None,
) -> None:
    stream = client.stream
    due = due_at(stream)
    if due is not None and not_before is not None and due <= not_before:
        due = not_before + PATIENCE  # there is no window to charge yet
    values = {
        "host": stream.host,
        "pid": stream.pid,
        "first_seen": stream.first_seen,
        "last_seen": stream.last_seen,
        "horizon_seconds": stream.horizon.total_seconds(),
        "closed": stream.closed,
        "highest": stream.highest,
        "reached": stream.reached,
        "spooled": stream.spooled,
        "dropped": stream.dropped,
        "refused": stream.refused,
        "sampled": stream.sampled,
        "gone": stream.gone,
        "gaps": json.dumps([_gap_row(gap) for gap in stream.gaps]),
        "delays": json.dumps([[to_micros(d.at), d.seconds] for d in client.delays]),
        "due_at": due,
    }
    insert = insert_into(connection, clients).values(
        model=model, kind=stream.kind, client=stream.client_id, **values
    )
    connection.execute(
        insert.on_conflict_do_update(index_elements=["model", "kind", "client"], set_=values)
    )


def _client(row: sa.Row[tuple[object, ...]]) -> StoredClient:
    stream = Stream(
        client_id=row.client,
        kind=row.kind,
        first_seen=row.first_seen,
        last_seen=row.last_seen,
        host=row.host,
        pid=row.pid,
        horizon=timedelta(seconds=row.horizon_seconds),
        closed=row.closed,
        highest=row.highest,
        reached=row.reached,
        spooled=row.spooled,
        dropped=row.dropped,
        refused=row.refused,
        sampled=row.sampled,
        gone=row.gone,
        gaps=tuple(_gap(*item) for item in json.loads(row.gaps)),
    )
    delays = (Delay(from_micros(at), seconds) for at, seconds in json.loads(row.delays))
    return StoredClient(stream, tuple(delays))


def _gap_row(gap: Gap) -> list[int | None]:
    times = (gap.noticed_at, gap.since, gap.until, gap.told)
    return [gap.first, gap.last, *(None if time is None else to_micros(time) for time in times)]


def _gap(first: int, last: int, noticed_at: int, *times: int | None) -> Gap:
    since, until, told = (None if micros is None else from_micros(micros) for micros in times)
    return Gap(first, last, from_micros(noticed_at), since, until, told)
