"""The worker: moves rows to the lake, and judges every window that is due.

No queue and no durable-execution engine stand behind it. What is to be done is derived from what
is stored: batches in the inbox, windows that changed since they were judged. A crash at any point
leaves the same state or a later one, so whoever starts next does what is left, repeats no effect
and loses nothing.
"""

from __future__ import annotations

import logging
import threading
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from watchkeeper.catalog.catalog import Catalog
from watchkeeper.catalog.windows import StoredWindow, WindowState
from watchkeeper.domain.window import Window
from watchkeeper.errors import WatchkeeperError
from watchkeeper.ingest.mover import Mover
from watchkeeper.server.clocks import Clocks
from watchkeeper.server.memory import Memory
from watchkeeper.server.models import Defined, Models
from watchkeeper.server.references import References
from watchkeeper.server.schedule import Due, first_look, next_look
from watchkeeper.server.watching import Watcher

__all__ = ["Worker"]

_log = logging.getLogger(__name__)
_EVERY_WINDOW = 100_000
_MOST_KNOWN = 1_000
_LONGEST_SILENCE = timedelta(days=7)
_FEWEST_SILENT = 3


@dataclass(slots=True)
class Worker:
    """Does all that is due, one window at a time. One worker per installation."""

    catalog: Catalog
    mover: Mover
    models: Models
    references: References
    clocks: Clocks
    watcher: Watcher
    _memories: dict[str, Memory] = field(default_factory=dict)
    _gaps_after: dict[str, datetime] = field(default_factory=dict)

    def step(self) -> int:
        """Move what waits and judge what is due; returns how many windows were judged.

        A model that fails does not hold up the others.
        """
        wall = self.clocks.wall()  # before the move: what was committed by then is moved now
        try:
            self.mover.move()
        except WatchkeeperError:
            _log.exception("rows wait in the inbox for the next step")
        times = self.clocks.now()
        dirty = defaultdict(list)
        for stored in self.catalog.windows.pending(WindowState.DIRTY, limit=_EVERY_WINDOW):
            dirty[stored.model].append(stored)
        judged = 0
        for defined in self.models.all():
            name = defined.model.name
            try:
                judged += self._watch(defined, dirty[name], times.get(name, wall))
            except Exception:  # noqa: BLE001  whatever it is, the other models go on
                _log.exception("model was not watched model=%s", name)
        return judged

    def run(self, stopping: threading.Event, *, idle_seconds: float) -> None:
        """Step until told to stop; rest only while there is nothing to do."""
        while not stopping.is_set():
            try:
                judged = self.step()
            except Exception:  # noqa: BLE001  the loop outlives it; the work is still there
                _log.exception("step failed")
                judged = 0
            if not judged:
                stopping.wait(idle_seconds)

    def _watch(self, defined: Defined, dirty: Sequence[StoredWindow], now: datetime) -> int:
        waiting = {stored.window: stored for stored in dirty}
        for stored in self._gaps(defined, now):
            waiting.setdefault(stored.window, stored)
        judged = 0
        while due := _most_due(waiting, now):
            stored = waiting.pop(due.window)
            self.watcher.judge(self._memory(defined, due.window), stored, due)
            judged += 1
            left = self.catalog.windows.get(stored.model, stored.window)
            if left.state is WindowState.DIRTY:
                waiting[left.window] = left
        return judged

    def _memory(self, defined: Defined, window: Window) -> Memory:
        model = defined.model
        baseline = self.catalog.baselines.current(model.name)
        held = self._memories.get(model.name)
        if held is None or not held.fits(defined.revision, baseline):
            reference = None if baseline is None else self.references.read(baseline)
            held = Memory(model, defined.revision, reference)
            start = window.start - held.span - model.label_horizon
            held.load(self.watcher.lake, self._stored(model.name, start))
            self._memories[model.name] = held
        return held

    def _stored(self, model: str, start: datetime) -> list[StoredWindow]:
        found: list[StoredWindow] = []
        cursor = None
        while True:
            page = self.catalog.windows.page(model, start=start, cursor=cursor, limit=1_000)
            found += page.items
            cursor = page.next_cursor
            if cursor is None:
                return found

    def _gaps(self, defined: Defined, now: datetime) -> list[StoredWindow]:
        """The windows since the last one that held rows, made where nothing was received.

        A model that falls silent is told so for a week; after that its silence is no news.
        """
        name, length = defined.model.name, defined.model.granularity.length
        if now <= self._gaps_after.get(name, now - length):
            return []
        known = self.catalog.windows.page(name, limit=_MOST_KNOWN).items
        self._gaps_after[name] = now + min(length / 4, timedelta(minutes=1))
        last = next((item.window for item in known if item.accounting.received), None)
        if last is None:
            return []
        until = min(now, last.end + max(_LONGEST_SILENCE, _FEWEST_SILENT * length))
        held = {item.window for item in known}
        expected = [
            window
            for window in defined.model.granularity.windows(last.end, until)
            if window not in held and first_look(window) < now
        ]
        self.catalog.windows.expect(name, expected)
        return [self.catalog.windows.get(name, window) for window in expected]


def _most_due(waiting: dict[Window, StoredWindow], now: datetime) -> Due | None:
    """The earliest moment at which a window is to be judged; None where none has come yet.

    Strictly before ``now``: at that moment itself more may still come to be known.
    """
    due = [Due(next_look(stored), window) for window, stored in waiting.items()]
    return min((item for item in due if item.as_of < now), default=None)
