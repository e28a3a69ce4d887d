"""Looking ahead: while some windows are judged, the next are read and profiled by another process.

Where much is due (a backfill, a replay, a worker that was away), reading and counting in one process
and judging in another keep two cores busy. For a few windows no process is worth its start.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing.process import BaseProcess
from typing import ParamSpec, TypeVar

from watchkeeper.server.logs.setup import configure_logs
from watchkeeper.server.looking import Counting, Seen, see, shared
from watchkeeper.server.memory import Memory
from watchkeeper.server.schedule import Look
from watchkeeper.server.watching import Watcher
from watchkeeper.settings import Settings

__all__ = ["Aside", "Eyes"]

_log = logging.getLogger(__name__)
_Group = Sequence[Look]

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(slots=True)
class Aside:
    """A process for looking, started when it is first needed."""

    _pool: ProcessPoolExecutor | None = None

    def start(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Callable[[], T]:
        """Start a call there; what is returned waits for its result. A process that died is told
        by its results, and replaced by the next start.
        """
        try:
            return self._process().submit(function, *args, **kwargs).result
        except BrokenProcessPool:
            self.rest()
            return self._process().submit(function, *args, **kwargs).result

    def rest(self) -> None:
        """End the process, if there is one."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None

    def _process(self) -> ProcessPoolExecutor:
        if self._pool is None:
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(1, mp_context=context, initializer=_prepare)
        return self._pool


@dataclass(frozen=True, slots=True)
class Eyes:
    """Looks at the windows of one model: here, or aside where there is a process for it."""

    watcher: Watcher
    counting: Counting
    aside: Aside | None = None
    memory: Memory | None = None  # with it, what was counted as it came is added up

    def each(self, groups: Sequence[_Group]) -> Iterator[tuple[_Group, Mapping[Look, Seen]]]:
        """Each group with what was seen of it: nothing where looking at it as a group failed.

        Aside, the next group is looked at while the caller is at work on one.
        """
        waiting = [self._start(group) for group in groups[:1]]
        for at, group in enumerate(groups):
            waiting += [self._start(following) for following in groups[at + 1 : at + 2]]
            yield group, self._tried(waiting.pop(0))

    def alone(self, look: Look) -> Seen:
        """What is seen of a single window; raises what went wrong."""
        (found,) = self._look([look])
        return found

    def _look(self, looks: _Group) -> list[Seen]:
        watcher, counting = self.watcher, self.counting
        asked = watcher.asked(counting.model, looks)
        if self.memory is not None:
            asked = [replace(a, unseen=watcher.unseen(self.memory, a.look)) for a in asked]
        return see(watcher.lake, counting, asked)

    def _start(self, looks: _Group) -> Callable[[], list[Seen]]:
        if self.aside is None:
            return partial(self._look, looks)
        watcher, counting = self.watcher, self.counting
        asked = watcher.asked(counting.model, looks)
        looked = self.aside.start(see, watcher.lake, counting, asked)
        return lambda: [shared(seen, counting.binnings) for seen in looked()]

    def _tried(self, looked: Callable[[], list[Seen]]) -> Mapping[Look, Seen]:
        about = {"watchkeeper.model.name": self.counting.model.name}
        try:
            with self.watcher.tracing.span("profile", about=about):
                return {seen.look: seen for seen in looked()}
        except Exception:  # noqa: BLE001  which of them it is comes out one by one
            _log.warning("windows are profiled one by one model=%s", self.counting.model.name)
            return {}


def _prepare() -> None:
    """Of the process: the terminal's Ctrl-C is the parent's business, and so is its life."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    configure_logs(Settings.load(), "worker")
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)
