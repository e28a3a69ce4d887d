"""The daily audit: what was acknowledged, what was counted and what is stored must agree.

Three records of the same rows, each written at another step by other code: the receipts of the
inbox, the accounts in the catalog, and the tables of the lake. A day is compared once it is over on
the model's own clock and nothing of it waits; where more of it comes later, it is compared again.
What does not agree is a fault of the server, told as a verdict of the window in which the day ended
(`watchkeeper.monitors.quality.gaps`).

What cannot be compared is left out, never guessed at: receipts that expired, rows that were let go
because they are old, and the days before accounts were kept.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from watchkeeper.catalog.accounting import DayAccount
from watchkeeper.catalog.catalog import Catalog
from watchkeeper.catalog.chores import Chore, ChoreKey
from watchkeeper.catalog.windows import RETAIN
from watchkeeper.errors import WatchkeeperError
from watchkeeper.lake.lake import Lake
from watchkeeper.lake.layout import LakeTable
from watchkeeper.server.models import Models

__all__ = ["Audit"]

_log = logging.getLogger(__name__)
_DAY = timedelta(days=1)
_GRACE = timedelta(minutes=5)
_TASK = "audit"
_PREDICTIONS = "predictions"
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)

Chores = Mapping[ChoreKey, Chore]


@dataclass(frozen=True, slots=True)
class Audit:
    """Compares the days of all models. ``time_of`` tells a model's own time."""

    catalog: Catalog
    lake: Lake
    models: Models
    now: Callable[[], datetime]
    time_of: Callable[[str], datetime]

    def step(self, go_on: Callable[[], bool]) -> int:
        """Compare days that are due while ``go_on`` says so; returns how many.

        One that cannot be read is tried again in the next step and holds up no other.
        """
        done = 0
        chores = self.catalog.chores.all()
        for model, day in self.catalog.accounts.unchecked(self.now().astimezone(UTC).date()):
            if not go_on():
                break
            try:
                done += self._compare(model, day, chores)
            except (WatchkeeperError, OSError):
                _log.exception("audit failed, it is tried again model=%s day=%s", model, day)
        return done

    def _compare(self, model: str, day: date, chores: Chores) -> bool:
        """Compare one day; False where it is not over yet."""
        start = datetime.combine(day, time(), UTC)
        if self.time_of(model) < start + _DAY + _GRACE or self._waits(model, start + _DAY):
            return False
        accounts = self.catalog.accounts.days(model, start=day, end=day + _DAY)
        known = start >= self._begun(model, chores)
        stored = list(self._stored(model, day, accounts, chores)) if known else []
        for account in accounts:
            found = list(self._acknowledged(model, account, start)) if known else []
            fault = "; ".join([*found, *(stored if account is accounts[-1] else [])])
            if fault:
                _log.error("accounts do not agree model=%s day=%s: %s", model, day, fault)
            self.catalog.accounts.checked(
                model, account, at=self.now(), fault=fault, known_at=self.time_of(model)
            )
        return True

    def _waits(self, model: str, end: datetime) -> bool:
        oldest = self.catalog.inbox.oldest(model)
        return oldest is not None and oldest < end

    def _begun(self, model: str, chores: Chores) -> datetime:
        """Since when accounts are kept of all rows: where there were rows before, since the day
        after this was asked first.
        """
        key = ChoreKey(_TASK, model)
        begun = chores.get(key, Chore()).before
        if begun is None:
            whole = self.catalog.accounts.covers(model)
            tomorrow = datetime.combine(self.now().astimezone(UTC).date(), time(), UTC) + _DAY
            begun = _LONG_AGO if whole else tomorrow
            self.catalog.chores.record(key, Chore(self.now(), before=begun))
        return begun

    def _acknowledged(self, model: str, account: DayAccount, start: datetime) -> Iterator[str]:
        receipt, batches = self.catalog.inbox.receipts(
            model, account.kind, start=start, end=start + _DAY
        )
        if batches < account.batches:
            return  # some expired; what is left says nothing
        counted = {
            "received": (receipt.received, account.received),
            "accepted": (receipt.accepted, account.accepted + account.set_aside),
            "rejected": (receipt.rejected, account.rejected - account.set_aside),
            "duplicate": (receipt.duplicate, account.duplicate),
        }
        for name, (acknowledged, found) in counted.items():
            if acknowledged != found:
                yield f"{acknowledged:,} {name} were acknowledged and {found:,} counted"
        told = account.accepted + account.duplicate + account.rejected
        if account.received != told:
            yield f"{account.received:,} were received and {told:,} accounted for"

    def _stored(
        self, model: str, day: date, accounts: Sequence[DayAccount], chores: Chores
    ) -> Iterator[str]:
        wanted = {
            LakeTable.PREDICTIONS: sum(a.accepted for a in accounts if a.kind == _PREDICTIONS),
            LakeTable.LABELS: sum(a.labels for a in accounts),
            LakeTable.QUARANTINE: sum(a.quarantined for a in accounts),
        }
        for table, rows in wanted.items():
            if self._let_go(model, table, accounts, chores):
                continue
            found = self.lake.received(model, table, day)
            if found != rows:
                yield f"{rows:,} rows of {table} were counted and {found:,} are stored"

    def _let_go(
        self, model: str, table: LakeTable, accounts: Sequence[DayAccount], chores: Chores
    ) -> bool:
        """Whether some of the rows may have been let go already, because they are old."""
        before = chores.get(ChoreKey(RETAIN, model, table), Chore()).before
        if before is None:
            return False
        if table is LakeTable.QUARANTINE:
            return datetime.combine(accounts[0].day, time(), UTC) < before + _DAY
        oldest = min((a.since for a in accounts if a.since is not None), default=_LONG_AGO)
        if table is LakeTable.LABELS:  # they lie with their predictions, which are older
            oldest -= self.models.get(model).model.label_horizon
        return oldest < before + _DAY
