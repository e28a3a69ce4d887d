"""Upkeep: what is over is forgotten, days are audited and the lake is cared for, after the rows.

Rows go first: while more wait in the inbox than the mover takes at once nothing is begun, but not
for longer than ten minutes, because small files are what makes a lake slow to write to. One step takes no longer than half a
minute and the piece it has begun; the next goes on where it stopped.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from watchkeeper.catalog.catalog import Catalog
from watchkeeper.catalog.chores import Chore, ChoreKey
from watchkeeper.errors import WatchkeeperError
from watchkeeper.server.audit import Audit
from watchkeeper.server.doubles import DoublesAudit
from watchkeeper.server.lake_care import LakeCare

__all__ = ["Upkeep"]

_log = logging.getLogger(__name__)
_HOUR = timedelta(hours=1)
_CLIENTS_KEPT = timedelta(days=90)
_LONGEST_WAIT = timedelta(minutes=10)
_MUCH_BYTES = 32 * 1024 * 1024
_SLICE_SECONDS = 30.0
_FORGET = ChoreKey("forget")


@dataclass(slots=True)
class Upkeep:
    """Keeps inbox and lake small and quick. One per installation."""

    catalog: Catalog
    care: LakeCare
    audit: Audit
    doubles: DoublesAudit
    now: Callable[[], datetime]
    seconds: Callable[[], float] = time.monotonic
    _waits_since: datetime | None = None

    def step(self) -> int:
        """Do what is due; returns how many pieces were done. The rest waits while rows wait."""
        ends = self.seconds() + _SLICE_SECONDS

        def go_on() -> bool:
            return self.seconds() < ends and not self._rows_go_first()

        done = self._forget() if go_on() else 0
        audited = self.audit.step(go_on) + self.doubles.step(go_on)
        return done + audited + self.care.step(go_on)

    def _forget(self) -> int:
        now = self.now()
        last = self.catalog.chores.all().get(_FORGET, Chore()).done_at
        if last is not None and now - last < _HOUR:
            return 0
        try:
            self.catalog.inbox.forget(now)
            self.catalog.clients.forget(now - _CLIENTS_KEPT)
        except (WatchkeeperError, OSError):
            _log.exception("upkeep failed, it is tried again chore=%s", _FORGET)
            return 0
        self.catalog.chores.record(_FORGET, Chore(now))
        return 1

    def _rows_go_first(self) -> bool:
        """Whether to leave the machine to the rows that wait; not for ever."""
        _, size = self.catalog.inbox.waiting()
        now = self.now()
        if size < _MUCH_BYTES:
            self._waits_since = None
            return False
        self._waits_since = self._waits_since or now
        return now - self._waits_since < _LONGEST_WAIT
