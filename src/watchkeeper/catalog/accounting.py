"""Accounts: what became of the rows of every model, day and kind, and whether it adds up.

The counts come with the move that takes a batch to the lake, so they and the rows' tables tell the
same story from two sides; `watchkeeper.server.audit` compares them once a day is over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from typing import TypedDict

import sqlalchemy as sa

from watchkeeper.catalog.database import Database, from_micros, insert_into, to_micros
from watchkeeper.catalog.places import Places, hold, touch
from watchkeeper.catalog.schema import account_days, documents, windows
from watchkeeper.domain.sending import Sending, decode_sending, encode_sending

__all__ = ["Accounts", "BatchAccount", "DayAccount", "count_days", "read_account", "write_account"]


@dataclass(frozen=True, slots=True)
class BatchAccount:
    """What became of the rows of a batch, and what its client said with it.

    ``received = accepted + duplicate + rejected``. ``set_aside`` of the rejected were accepted at
    first and refused by the table that they were to go to. ``labels`` rows of truth go to the lake
    (predictions may bring theirs), and ``quarantined`` rows to quarantine. ``received_at`` is the wall's time, also
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
    labels: int = 0
    quarantined: int = 0
    since: datetime | None = None
    until: datetime | None = None
    sending: Sending | None = None

    def refused(self, *, predictions: bool, labels: bool) -> BatchAccount:
        """The account where the table of predictions, or of labels, took none of its rows."""
        of_predictions = self.kind == "predictions"
        whole = predictions if of_predictions else labels
        gone = self.accepted if whole else 0
        truths = self.labels if labels else 0
        return replace(
            self,
            accepted=self.accepted - gone,
            rejected=self.rejected + gone,
            set_aside=self.set_aside + gone,
            labels=self.labels - truths,
            quarantined=self.quarantined + truths + (gone if of_predictions else 0),
        )


@dataclass(frozen=True, slots=True)
class DayAccount:
    """What became of the rows of one kind that came to be known on one day (UTC); the counts are
    those of `BatchAccount`, ``since`` the earliest event time.

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
    labels: int
    quarantined: int
    batches: int
    since: datetime | None = None
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

    def totals(
        self, *, start: date | None = None, end: date | None = None
    ) -> Mapping[tuple[str, str], DayAccount]:
        """All that was received on the days in ``[start, end)``, by model and kind; ``day`` is the
        last of them. From a ``start`` on it costs those days, not all that there are.
        """
        held = account_days.c
        counts = [sa.func.sum(held[name]).label(name) for name in _COUNTS]
        asked = sa.select(held.model, held.kind, sa.func.max(held.day).label("day"), *counts)
        if start is not None:
            named = sa.select(documents.c.name).where(documents.c.kind == "Model")
            asked = asked.where(held.model.in_(named), held.day >= start.isoformat())
        if end is not None:
            asked = asked.where(held.day < end.isoformat())
        with self._database.read() as connection:
            rows = connection.execute(asked.group_by(held.model, held.kind)).all()
        return {
            (row.model, row.kind): DayAccount(
                date.fromisoformat(row.day),
                row.kind,
                **{name: int(getattr(row, name)) for name in _COUNTS},
                since=None,
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

    def covers(self, model: str) -> bool:
        """Whether the accounts hold all predictions of the model, not only those since a day."""
        whole = sa.select(sa.func.coalesce(sa.func.sum(windows.c.received), 0)).where(
            windows.c.model == model
        )
        held = account_days.c
        counted = sa.select(sa.func.coalesce(sa.func.sum(held.received), 0)).where(
            held.model == model, held.kind != "labels"
        )
        with self._database.read() as connection:
            return int(connection.execute(counted).scalar_one()) >= int(
                connection.execute(whole).scalar_one()
            )

    def checked(
        self,
        model: str,
        account: DayAccount,
        *,
        at: datetime,
        fault: str,
        known_at: datetime | None = None,
    ) -> bool:
        """Say what comparing an account said; False, and nothing, where it changed meanwhile.

        A fault that is new, or gone, makes the window dirty in which the day ended; ``known_at``
        is when that came to be known, on the model's clock.
        """
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
            hold(connection, model)
            if not fault and not account.fault:
                return bool(connection.execute(change).rowcount)
            charged = Places(connection, model).of(_last_moment(account.day))
            told = bool(connection.execute(change.values(charged=charged)).rowcount)
            if told and charged is not None:
                touch(connection, model, charged, known_at=known_at or at)
            return told

    def faults(self, model: str, start: datetime) -> tuple[DayAccount, ...]:
        """The days that did not add up and are charged to the window that begins at ``start``."""
        held = account_days.c
        asked = sa.select(account_days).where(
            held.model == model, held.charged == start, held.fault != ""
        )
        with self._database.read() as connection:
            rows = connection.execute(asked.order_by(held.day, held.kind)).all()
        return tuple(_day(row) for row in rows)


_ROWS = ("received", "accepted", "duplicate", "rejected", "set_aside", "labels", "quarantined")
_COUNTS = (*_ROWS, "batches")


def count_days(connection: sa.Connection, model: str, accounts: Sequence[BatchAccount]) -> None:
    """Add batches to their days. A day that was compared is to be compared again."""
    for (day, kind), found in sorted(_by_day(accounts).items()):
        counts = {name: sum(getattr(item, name) for item in found) for name in _ROWS}
        counts["batches"] = len(found)
        since = min((item.since for item in found if item.since is not None), default=None)
        insert = insert_into(connection, account_days).values(
            model=model, day=day, kind=kind, fault="", since=since, **counts
        )
        held = account_days.c
        changes: dict[str, object] = {name: held[name] + rows for name, rows in counts.items()}
        if since is not None:
            earlier = sa.or_(held.since.is_(None), held.since > since)
            changes["since"] = sa.case(
                (earlier, sa.literal(since, held.since.type)), else_=held.since
            )
        connection.execute(
            insert.on_conflict_do_update(
                index_elements=["model", "day", "kind"], set_={**changes, "checked_at": None}
            )
        )


def _by_day(accounts: Sequence[BatchAccount]) -> dict[tuple[str, str], list[BatchAccount]]:
    found: dict[tuple[str, str], list[BatchAccount]] = {}
    for account in accounts:
        if account.received:
            day = account.known_at.astimezone(UTC).date().isoformat()
            found.setdefault((day, account.kind), []).append(account)
    return found


def _last_moment(day: date) -> datetime:
    return datetime.combine(day, time.max, UTC)


def _day(row: sa.Row[tuple[object, ...]]) -> DayAccount:
    return DayAccount(
        date.fromisoformat(row.day),
        row.kind,
        **{name: getattr(row, name) for name in _COUNTS},
        since=row.since,
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
        "counts": [getattr(account, name) for name in _ROWS],
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
    counts = dict(zip(_ROWS, written["counts"], strict=True))
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
