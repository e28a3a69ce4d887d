"""Accounts: what became of the rows of every model, day and kind, and whether it adds up.

The counts come with the move that takes a batch to the lake, so they and the rows' tables tell the
same story from two sides; `watchkeeper.server.audit` compares them once a day is over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import TypedDict

import sqlalchemy as sa

from watchkeeper.catalog.database import Database, from_micros, insert_into, to_micros
from watchkeeper.catalog.schema import account_days
from watchkeeper.domain.sending import Sending, decode_sending, encode_sending

__all__ = ["Accounts", "BatchAccount", "DayAccount", "count_days", "read_account", "write_account"]


@dataclass(frozen=True, slots=True)
class BatchAccount:
    """What became of the rows of a batch, and what its client said with it.

    ``received = accepted + duplicate + rejected``. ``set_aside`` of the rejected were accepted at
    first and refused by the table that they were to go to. ``received_at`` is the wall's time, also
    where ``known_at`` is another. ``since`` and ``until`` are the event times of its first and
    last row, None where none has one.
    """

    kind: str
    known_at: datetime
    received_at: datetime
    received: int = 0
    accepted: int = 0
    duplicate: int = 0
    rejected: int = 0
    set_aside: int = 0
    since: datetime | None = None
    until: datetime | None = None
    sending: Sending | None = None

    def refused(self) -> BatchAccount:
        """The account where the table took none of the accepted rows."""
        return replace(
            self,
            accepted=0,
            rejected=self.rejected + self.accepted,
            set_aside=self.set_aside + self.accepted,
        )


@dataclass(frozen=True, slots=True)
class DayAccount:
    """What became of the rows of one kind that came to be known on one day (UTC).

    ``checked_at`` is when the day was compared with what is stored, ``fault`` what did not agree
    then (empty: all of it did).
    """

    day: date
    kind: str
    received: int
    accepted: int
    duplicate: int
    rejected: int
    set_aside: int
    batches: int
    checked_at: datetime | None = None
    fault: str = ""


class Accounts:
    """The accounts of all models."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def days(
        self, model: str, *, start: date | None = None, end: date | None = None
    ) -> tuple[DayAccount, ...]:
        """The days in ``[start, end)``, newest first, of each the kinds in their order."""
        asked = sa.select(account_days).where(account_days.c.model == model)
        if start is not None:
            asked = asked.where(account_days.c.day >= start.isoformat())
        if end is not None:
            asked = asked.where(account_days.c.day < end.isoformat())
        asked = asked.order_by(account_days.c.day.desc(), account_days.c.kind)
        with self._database.read() as connection:
            return tuple(_day(row) for row in connection.execute(asked))

    def totals(self) -> Mapping[tuple[str, str], DayAccount]:
        """All that was ever received, by model and kind; ``day`` is the last of it."""
        held = account_days.c
        counts = [sa.func.sum(held[name]).label(name) for name in _COUNTS]
        asked = sa.select(held.model, held.kind, sa.func.max(held.day).label("day"), *counts)
        with self._database.read() as connection:
            rows = connection.execute(asked.group_by(held.model, held.kind)).all()
        return {
            (row.model, row.kind): DayAccount(
                date.fromisoformat(row.day),
                row.kind,
                **{name: int(getattr(row, name)) for name in _COUNTS},
                checked_at=None,
                fault="",
            )
            for row in rows
        }

    def unchecked(self, before: date) -> tuple[tuple[str, date], ...]:
        """Models and days before ``before`` of which something was not compared yet."""
        held = account_days.c
        asked = (
            sa.select(held.model, held.day)
            .where(held.checked_at.is_(None), held.day < before.isoformat())
            .distinct()
            .order_by(held.day, held.model)
        )
        with self._database.read() as connection:
            return tuple(
                (row.model, date.fromisoformat(row.day)) for row in connection.execute(asked)
            )

    def checked(self, model: str, account: DayAccount, *, at: datetime, fault: str) -> bool:
        """Say what comparing an account said; False, and nothing, where it changed meanwhile."""
        held = account_days.c
        change = (
            sa.update(account_days)
            .where(
                held.model == model,
                held.day == account.day.isoformat(),
                held.kind == account.kind,
                held.batches == account.batches,
            )
            .values(checked_at=at, fault=fault)
        )
        with self._database.write() as connection:
            return bool(connection.execute(change).rowcount)

    def faults(self, model: str, *, start: datetime, end: datetime) -> tuple[DayAccount, ...]:
        """The days that did not add up and ended in ``(start, end]``."""
        first = start.astimezone(UTC).date()
        last = end.astimezone(UTC).date()
        found = self.days(model, start=first, end=last + timedelta(days=1))
        return tuple(item for item in found if item.fault and start < _end(item.day) <= end)


_COUNTS = ("received", "accepted", "duplicate", "rejected", "set_aside", "batches")


def count_days(connection: sa.Connection, model: str, accounts: Sequence[BatchAccount]) -> None:
    """Add batches to their days. A day that was compared is to be compared again."""
    for (day, kind), counts in sorted(_by_day(accounts).items()):
        insert = insert_into(connection, account_days).values(
            model=model, day=day, kind=kind, fault="", **counts
        )
        held = account_days.c
        added = {name: held[name] + number for name, number in counts.items()}
        connection.execute(
            insert.on_conflict_do_update(
                index_elements=["model", "day", "kind"], set_={**added, "checked_at": None}
            )
        )


def _by_day(accounts: Sequence[BatchAccount]) -> dict[tuple[str, str], dict[str, int]]:
    found: dict[tuple[str, str], dict[str, int]] = {}
    for account in accounts:
        if account.received == 0:
            continue
        key = account.known_at.astimezone(UTC).date().isoformat(), account.kind
        counts = found.setdefault(key, dict.fromkeys(_COUNTS, 0))
        for name in _COUNTS[:-1]:
            counts[name] += getattr(account, name)
        counts["batches"] += 1
    return found


def _end(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)


def _day(row: sa.Row[tuple[object, ...]]) -> DayAccount:
    return DayAccount(
        date.fromisoformat(row.day),
        row.kind,
        **{name: getattr(row, name) for name in _COUNTS},
        checked_at=row.checked_at,
        fault=row.fault,
    )


class _Written(TypedDict):
    """How an account waits in the inbox: moments in microseconds, the rest as it is."""

    kind: str
    counts: list[int]
    times: list[int | None]
    sending: str | None


def write_account(account: BatchAccount) -> _Written:
    """The account as JSON can hold it."""
    times = (account.known_at, account.received_at, account.since, account.until)
    return {
        "kind": account.kind,
        "counts": [getattr(account, name) for name in _COUNTS[:-1]],
        "times": [None if moment is None else to_micros(moment) for moment in times],
        "sending": None if account.sending is None else encode_sending(account.sending),
    }


def read_account(written: _Written) -> BatchAccount:
    """What `write_account` wrote."""
    known_at, received_at, since, until = (
        None if micros is None else from_micros(micros) for micros in written["times"]
    )
    if known_at is None or received_at is None:
        raise AssertionError("every batch is received at some moment")
    counts = dict(zip(_COUNTS[:-1], written["counts"], strict=True))
    said = written["sending"]
    return BatchAccount(
        written["kind"],
        known_at,
        received_at,
        **counts,
        since=since,
        until=until,
        sending=None if said is None else decode_sending(said),
    )
