"""Upkeep: small files merged, replaced files deleted, expired ids and receipts forgotten.

What is due follows from what is stored: a model whose rows moved since it was last looked at may
have small files, and every table may hold replaced ones once a day. What this process remembers
of it saves looking; a restart looks at everything once, which changes nothing that was done.

Rows go first: while many wait in the inbox nothing is begun, but not for longer than ten minutes,
because small files are what makes a lake slow to write to.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from watchkeeper.catalog.catalog import Catalog
from watchkeeper.errors import WatchkeeperError
from watchkeeper.lake.lake import Lake
from watchkeeper.lake.layout import LakeTable
from watchkeeper.server.models import Models

__all__ = ["Upkeep"]

_log = logging.getLogger(__name__)
_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)
_LONGEST_WAIT = timedelta(minutes=10)
_MANY_BATCHES = 64


@dataclass(slots=True)
class Upkeep:
    """Keeps inbox and lake small and quick. One per installation."""

    catalog: Catalog
    lake: Lake
    models: Models
    now: Callable[[], datetime]
    _forgot_at: datetime | None = None
    _waits_since: datetime | None = None
    _merged: dict[str, int] = field(default_factory=dict)
    _vacuumed_at: dict[str, datetime] = field(default_factory=dict)

    def step(self) -> int:
        """Do what is due; returns how many pieces were done. The rest waits while rows wait.

        A table that fails does not hold up the others; it is tried again in the next step.
        """
        done = 0
        for name, act in self._due():
            if self._rows_go_first():
                break
            try:
                act()
                done += 1
            except (WatchkeeperError, OSError):
                _log.exception("upkeep failed, it is tried again what=%s", name)
        return done

    def _due(self) -> Iterator[tuple[str, Callable[[], None]]]:
        now = self.now()
        if self._forgot_at is None or now - self._forgot_at >= _HOUR:
            yield "inbox", partial(self._forget, now)
        moved = self.catalog.windows.moved()
        for defined in self.models.all():
            name = defined.model.name
            if name in moved and self._merged.get(name) != moved[name]:
                yield name, partial(self._merge, name, moved[name])
            vacuumed_at = self._vacuumed_at.get(name)
            if vacuumed_at is None or now - vacuumed_at >= _DAY:
                yield name, partial(self._vacuum, name, now)

    def _forget(self, now: datetime) -> None:
        self.catalog.inbox.forget(now)
        self._forgot_at = now

    def _merge(self, model: str, moved: int) -> None:
        for table in LakeTable:
            care = self.lake.care(model, table)
            for place in care.crowded(min_files=16):
                care.merge(place)
        self._merged[model] = moved

    def _vacuum(self, model: str, now: datetime) -> None:
        for table in LakeTable:
            self.lake.care(model, table).vacuum(hours=24 * 7)
        self._vacuumed_at[model] = now

    def _rows_go_first(self) -> bool:
        """Whether to leave the machine to the rows that wait; not for ever."""
        batches, _ = self.catalog.inbox.waiting()
        now = self.now()
        if batches < _MANY_BATCHES:
            self._waits_since = None
            return False
        self._waits_since = self._waits_since or now
        return now - self._waits_since < _LONGEST_WAIT
