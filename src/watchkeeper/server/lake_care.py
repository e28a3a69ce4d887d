"""Care of the lake: what is due on which table, in pieces that are each short.

What is due follows from what is stored: how far a model's rows were moved, and the chores' records
in the catalog. So a restart goes on where the last process stopped, and a crash in the middle of a
chore repeats what changes nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import partial

from watchkeeper.catalog.catalog import Catalog
from watchkeeper.catalog.chores import Chore, ChoreKey
from watchkeeper.catalog.windows import RETAIN
from watchkeeper.domain.model import Model
from watchkeeper.governance.retention import kept_for
from watchkeeper.lake.care import Seen, TableCare
from watchkeeper.lake.lake import Lake
from watchkeeper.lake.layout import LakeTable
from watchkeeper.server.models import Models

__all__ = ["CareOptions", "LakeCare"]

_log = logging.getLogger(__name__)
_DAY = timedelta(days=1)
_CROWD = 16  # files of a day that are worth merging, and moves that may have made them
# A window is last judged so long before its rows may go: whoever judges it now has ended by then.
_SETTLED = timedelta(days=2)

Piece = Callable[[], object]


@dataclass(frozen=True, slots=True)
class CareOptions:
    """How long replaced files stay, and what replaces the tiers' defaults of retention."""

    history: timedelta = timedelta(days=7)
    retention_days: Mapping[str, Mapping[str, int]] | None = None


@dataclass(frozen=True, slots=True)
class _Task:
    """A chore that is due: its pieces, and how it stands when all of them are done."""

    key: ChoreKey
    pieces: Callable[[], Iterator[Piece]]
    after: Chore


@dataclass(frozen=True, slots=True)
class LakeCare:
    """Keeps the tables of all models small, in order, and no older than they may be.

    ``time_of`` tells a model's own time: rows of a replay age with it, not with the wall.
    """

    catalog: Catalog
    lake: Lake
    models: Models
    now: Callable[[], datetime]
    time_of: Callable[[str], datetime]
    options: CareOptions = CareOptions()

    def step(self, go_on: Callable[[], bool]) -> int:
        """Do what is due while ``go_on`` says so; returns how many pieces were done.

        A chore that fails does not hold up the others; it is tried again in the next step.
        """
        done = 0
        for task in self._due():
            try:
                for piece in task.pieces():
                    if not go_on():
                        return done
                    piece()
                    done += 1
                self.catalog.chores.record(task.key, task.after)
            except Exception:  # noqa: BLE001  a store's own, whatever it is: the others go on
                _log.exception("upkeep failed, it is tried again chore=%s", task.key)
        return done

    def _due(self) -> Iterator[_Task]:
        now, known = self.now(), self.catalog.chores.all()
        moved = self.catalog.windows.moved()
        for defined in self.models.all():
            model = defined.model
            yield from self._merging(model.name, moved.get(model.name, 0), known, now)
            for table in LakeTable:
                for task in ("order", RETAIN, "vacuum"):
                    key = ChoreKey(task, model.name, table)
                    last = known.get(key, Chore())
                    if last.done_at is None or now - last.done_at >= _DAY:
                        yield from self._daily(model, key, last)

    def _merging(
        self, model: str, moved: int, known: Mapping[ChoreKey, Chore], now: datetime
    ) -> Iterator[_Task]:
        """Merging is due when enough moves were made to crowd a day, or some and a day passed."""
        key = ChoreKey("merge", model)
        last = known.get(key, Chore())
        fresh = moved - (last.mark or 0)
        waited = last.done_at is None or now - last.done_at >= _DAY
        if fresh >= _CROWD or (fresh and waited):
            yield _Task(key, partial(self._merge, model), Chore(now, moved))

    def _merge(self, model: str) -> Iterator[Piece]:
        for table in LakeTable:
            care = self.lake.care(model, table)
            for place in care.crowded(min_files=_CROWD):
                yield partial(care.merge, place)

    def _daily(self, model: Model, key: ChoreKey, last: Chore) -> Iterator[_Task]:
        now, table = self.now(), LakeTable(key.name)
        care = self.lake.care(model.name, table)
        today = self.time_of(model.name).astimezone(UTC).date()
        if key.task == "order":
            limit = today - _DAY
            pieces = partial(_order, care, table, limit, _seen(last))
            yield _Task(key, pieces, Chore(now, care.version(), _midnight(limit)))
        elif key.task == "vacuum":
            hours = self.options.history // timedelta(hours=1)
            yield _Task(key, partial(_vacuum, care, hours), Chore(now))
        else:
            kept = kept_for(model, self.options.retention_days).get(table, timedelta.max)
            if kept < timedelta.max:
                yield self._letting_go(key, _midnight(today) - kept, settled=last.before)

    def _letting_go(self, key: ChoreKey, oldest: datetime, *, settled: datetime | None) -> _Task:
        """Rows go when they are old enough and, since the day before, no window of theirs is
        judged any more: it would be found empty.
        """
        until = None if settled is None else min(oldest, settled)
        before = max(oldest + _SETTLED, settled or oldest + _SETTLED)
        pieces = partial(self._let_go, key.model, LakeTable(key.name), until)
        return _Task(key, pieces, Chore(self.now(), before=before))

    def _let_go(self, model: str, table: LakeTable, until: datetime | None) -> Iterator[Piece]:
        if until is None:
            return
        care = self.lake.care(model, table)
        if table is LakeTable.PROFILES:
            yield lambda: care.forget_profiles(until, cited=self.catalog.verdicts.cited(model))
        else:
            yield partial(care.forget, until)
        if table is LakeTable.PREDICTIONS:  # and the profiles that were sent in the place of rows
            yield partial(self.catalog.sent.let_go, model, until)
            yield partial(self.catalog.service_windows.let_go, model, until)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _seen(last: Chore) -> Seen | None:
    if last.mark is None or last.before is None:
        return None
    return Seen(last.mark, last.before.date())


def _order(care: TableCare, table: LakeTable, limit: date, seen: Seen | None) -> Iterator[Piece]:
    """Days that are over: predictions into the order of time, all else into few files."""
    for place in care.finished(before=limit, seen=seen):
        if table is LakeTable.PREDICTIONS:
            yield partial(care.order, place, "_wk_time")
        else:
            yield partial(care.merge, place)


def _vacuum(care: TableCare, hours: int) -> Iterator[Piece]:
    yield partial(care.vacuum, hours=hours)
