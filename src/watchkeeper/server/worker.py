"""The worker: moves rows to the lake, and judges every window that is due.

No queue and no durable-execution engine stand behind it. What is to be done is derived from what
is stored: batches in the inbox, windows that changed since they were judged. A crash at any point
leaves the same state or a later one, so whoever starts next does what is left, repeats no effect
and loses nothing.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from watchkeeper.catalog.catalog import Catalog
from watchkeeper.catalog.verdicts import VerdictFilter
from watchkeeper.catalog.windows import StoredWindow
from watchkeeper.domain.tracing import SpanRef
from watchkeeper.domain.verdict import Status
from watchkeeper.domain.window import Granularity, Window
from watchkeeper.errors import WatchkeeperError
from watchkeeper.ingest.mover import Mover
from watchkeeper.server.clocks import Clocks
from watchkeeper.server.eyes import Aside, Eyes
from watchkeeper.server.logs.context import bound
from watchkeeper.server.looking import Counting, Seen
from watchkeeper.server.memory import Memory
from watchkeeper.server.models import Defined, Models
from watchkeeper.server.references import References
from watchkeeper.server.schedule import Look, looks
from watchkeeper.server.sums import Sums
from watchkeeper.server.watching import Watcher

__all__ = ["Worker"]

_log = logging.getLogger(__name__)
_EVERY_WINDOW = 100_000
_MOST_KNOWN = 1_000
_MOST_TOGETHER, _MOST_ROWS = 32, 200_000  # looks, and their rows, that are held at once
_MANY = 16  # looks that are worth a process aside
_MOST_REMEMBERED = 64  # models
_LONGEST_SILENCE = timedelta(days=7)
_FEWEST_SILENT = 3


@dataclass(slots=True)
class Worker:
    """Does all that is due, one window at a time. One worker per installation."""

    catalog: Catalog
    mover: Mover
    sums: Sums
    models: Models
    references: References
    clocks: Clocks
    watcher: Watcher
    # What was done for a model before it is looked at, where that is traced.
    followed: Callable[[str], Sequence[SpanRef]] = lambda _: ()
    beat: Callable[[], None] = lambda: None  # called when something was done
    _memories: dict[str, Memory] = field(default_factory=dict)
    _aside: Aside = field(default_factory=Aside)
    # By model: when gaps were looked for, and when the next can open.
    _gaps_after: dict[str, tuple[datetime | None, datetime]] = field(default_factory=dict)

    def step(self) -> int:
        """Move what waits and judge what is due; returns how many windows were judged."""
        self.sums.mend()
        try:
            self.mover.move()
        except WatchkeeperError:
            _log.exception("rows wait in the inbox for the next step")
        return self.watch()

    def watch(self, rest: Callable[[float], object] = lambda _: None) -> int:
        """Judge what is due; returns how many windows were judged.

        A model that fails does not hold up the others. Whose rows wait to be moved is judged as of
        before they came. Where rows wait too long, ``rest`` is called for as long as the last model
        took: moving them shares this process.
        """
        wall = self.clocks.wall()  # what was committed by then was moved, unless it waits
        waiting = {wait.model: wait.since for wait in self.catalog.inbox.waits()}
        times = self.clocks.now()
        self._settle(times, wall)
        dirty = defaultdict(list)
        for stored in self.catalog.windows.due(max((wall, *times.values()))):
            dirty[stored.model].append(stored)
        judged = 0
        for defined in self.models.all():
            name = defined.model.name
            now = times.get(name) or min(wall, waiting.get(name, wall))
            began = time.monotonic()
            try:
                with bound(model=name):
                    found = self._watch(defined, dirty[name], now)
            except Exception:  # noqa: BLE001  whatever it is, the other models go on
                _log.exception("model was not watched model=%s", name)
                continue
            judged += found
            if found and self.mover.is_behind(self.clocks.wall()):
                rest(time.monotonic() - began)
        return judged

    def _settle(self, times: Mapping[str, datetime], wall: datetime) -> None:
        """Tell the rows of clients that can hardly arrive any more."""
        try:
            self.catalog.clients.settle(wall, known_at=lambda name: times.get(name, wall))
        except WatchkeeperError:
            _log.exception("what clients did not send is told in the next step")

    def run(
        self,
        stopping: threading.Event,
        *,
        idle_seconds: float,
        around: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        """Judge until told to stop, while `Moving` moves; rest only while nothing is due.

        Each round is done within what ``around`` gives.
        """
        while not stopping.is_set():
            try:
                with around():
                    judged = self.watch(rest=stopping.wait)
            except Exception:  # noqa: BLE001  the loop outlives it; the work is still there
                _log.exception("step failed")
                judged = 0
            if not judged:
                self.rest()
                stopping.wait(idle_seconds)
        self.rest()

    def rest(self) -> None:
        """End what only helps while there is much to do."""
        self._aside.rest()

    def _watch(self, defined: Defined, dirty: Sequence[StoredWindow], now: datetime) -> int:
        waiting = {stored.window: stored for stored in (*self._gaps(defined, now), *dirty)}
        due = [look for stored in waiting.values() for look in looks(stored, now)]
        due.sort(key=lambda look: (look.as_of, look.window))
        if due:
            name = defined.model.name
            about = {"watchkeeper.model.name": name, "watchkeeper.windows": len(due)}
            with self.watcher.tracing.span("watch", about=about, links=self.followed(name)):
                self._look(defined, due, now)
        return len(due)

    def _look(self, defined: Defined, due: Sequence[Look], now: datetime) -> None:
        """See and judge what is due, of one model."""
        memory = self._memory(defined, min(look.window for look in due))
        begin = memory.begin(look.window for look in due)
        aside = self._aside if len(due) >= _MANY else None
        counting = Counting(defined.model, memory.binnings, begin)
        eyes = Eyes(self.watcher, counting, aside=aside, memory=memory)
        for together, seen in eyes.each(list(_batches(due))):
            self._judge(memory, eyes, (together, seen), now)

    def _judge(
        self,
        memory: Memory,
        eyes: Eyes,
        group: tuple[Sequence[Look], Mapping[Look, Seen]],
        now: datetime,
    ) -> None:
        """Judge in the order of the looks. Whatever goes wrong in one is a verdict of its own."""
        looks, seen = group
        for look in looks:
            try:
                self.watcher.judge(memory, seen.get(look) or eyes.alone(look))
            except Exception as error:  # noqa: BLE001  a monitor's or an engine's, whatever it is
                self.watcher.fail(memory.model, look, error, now=now)
            self.beat()

    def _memory(self, defined: Defined, window: Window) -> Memory:
        model = defined.model
        baseline = self.catalog.baselines.current(model.name)
        held = self._memories.get(model.name)
        if held is None or not held.fits(defined.revision, baseline):
            reference = None if baseline is None else self.references.read(baseline)
            held = Memory(model, defined.revision, reference)
            start = held.oldest(window)
            alarms = VerdictFilter(model.name, statuses=(Status.ALERT,), start=start)
            held.load(
                self.watcher.lake,
                self._stored(model.name, start),
                self.catalog.verdicts.series(alarms),
            )
        self._memories.pop(model.name, None)
        self._memories[model.name] = held
        if len(self._memories) > _MOST_REMEMBERED:
            del self._memories[next(iter(self._memories))]
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
        """The windows after one with rows for which nothing was received, made where they are not.

        A model that falls silent is told so for a week; after that its silence is no news.
        """
        name, length = defined.model.name, defined.model.granularity.length
        checked, due = self._gaps_after.get(name, (None, now - length))
        if now <= due:
            return []
        self._gaps_after[name] = (now, _next_due(defined.model.granularity, now))
        since = None if checked is None else checked - _silence(defined.model.granularity)
        known = self.catalog.windows.page(name, start=since, limit=_MOST_KNOWN).items
        expected = silent_windows(defined.model.granularity, known, now)
        self.catalog.windows.expect(name, expected)
        return [self.catalog.windows.get(name, window) for window in expected]


def _batches(due: Sequence[Look]) -> Iterator[list[Look]]:
    """The looks in order, in groups that are small enough to be held at once."""
    group: list[Look] = []
    rows = 0
    for look in due:
        more = look.stored.accounting.accepted
        if group and (len(group) >= _MOST_TOGETHER or rows + more > _MOST_ROWS):
            yield group
            group, rows = [], 0
        group.append(look)
        rows += more
    if group:
        yield group


def _silence(granularity: Granularity) -> timedelta:
    """For how long a model that falls silent is told so."""
    return max(_LONGEST_SILENCE, _FEWEST_SILENT * granularity.length)


def _next_due(granularity: Granularity, now: datetime) -> datetime:
    """When the next window is due: before it no gap can open."""
    window = granularity.window_of(now)
    before = granularity.window_of(window.start - granularity.length)
    return before.due if now <= before.due else window.due


def silent_windows(
    granularity: Granularity, known: Sequence[StoredWindow], now: datetime
) -> list[Window]:
    """The windows that should have been judged before ``now`` and are not known, oldest first."""
    held = {item.window for item in known}
    silence = _silence(granularity)
    missing: set[Window] = set()
    for item in known:
        if item.accounting.received:
            window = Window(item.window.end, item.window.end + granularity.length)
            until = min(now, item.window.end + silence)
            while window not in held and window.start < until and window.due < now:
                missing.add(window)
                window = Window(window.end, window.end + granularity.length)
    return sorted(missing)
