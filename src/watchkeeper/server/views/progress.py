"""How far the worker is, and whether this process could acknowledge rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from watchkeeper.catalog.catalog import Catalog
from watchkeeper.catalog.windows import WindowState
from watchkeeper.server.clocks import Clocks
from watchkeeper.server.models import Models
from watchkeeper.server.schedule import next_look
from watchkeeper.server.wire.clock import Clock, ModelClock

__all__ = ["ProgressView"]

_EVERY_WINDOW = 100_000
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ProgressView:
    """Derived from what is stored, as the worker's own work is."""

    models: Models
    catalog: Catalog
    clocks: Clocks
    now: Callable[[], datetime]
    require_room: Callable[[], None]

    def clock(self) -> Clock:
        """The worker's progress."""
        waiting, _ = self.catalog.inbox.waiting()
        wall, times = self.clocks.wall(), self.clocks.now()
        due: Counter[str] = Counter()
        for stored in self.catalog.windows.pending(WindowState.DIRTY, limit=_EVERY_WINDOW):
            if next_look(stored) < times.get(stored.model, wall):
                due[stored.model] += 1
        through = self.catalog.windows.judged_through()
        now = self.now()
        lately = self.catalog.processes.seen(now - _DAY)
        return Clock(
            now=now,
            worker_seen_at=max((p.seen_at for p in lately if p.role == "worker"), default=None),
            inbox=waiting,
            settled=not waiting and not due,
            models=[
                ModelClock(
                    name=defined.model.name,
                    clock=times.get(defined.model.name, wall),
                    judged_through=through.get(defined.model.name),
                    due=due[defined.model.name],
                )
                for defined in self.models.all()
            ],
        )

    def require_ready(self) -> None:
        """Unavailable where the databases do not answer or their disk is full, RateLimited where
        too much waits for the lake.
        """
        self.require_room()
        self.catalog.windows.count(WindowState.DIRTY)
