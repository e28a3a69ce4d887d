"""Pulling: a thread for each source, which fetches, and begins anew where something failed.

The threads follow the definitions: one that is new is begun, one that changed is begun anew, one
that is switched off is ended. A source that fails is tried again after a while that grows up to a
minute; the others do not notice. Several workers may pull one source: nothing is taken twice.
"""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from watchkeeper.catalog.source_files import SourceState
from watchkeeper.domain.source import Source, SourceType
from watchkeeper.errors import RateLimited, WatchkeeperError
from watchkeeper.ingest.pull.opening import PULLED
from watchkeeper.ingest.pull.puller import Pulled, Puller
from watchkeeper.server.sources import DefinedSource, Sources

__all__ = ["KeepsStates", "Pulling"]

_log = logging.getLogger(__name__)
_CHANCE = random.SystemRandom()
_LOOK_SECONDS = 2.0
_SAY_SECONDS = 2.0
_LONGEST_PAUSE_SECONDS = 60.0
_STOP_SECONDS = 20.0
_MOST_THREADS = 64
_FETCHED = frozenset({*PULLED, SourceType.PROMETHEUS})


class KeepsStates(Protocol):
    """Where it is kept how sources fare."""

    def save(self, source: str, state: SourceState) -> None:
        """Keep how one fares."""
        ...


@dataclass(slots=True)
class _Thread:
    revision: int
    stopping: threading.Event
    thread: threading.Thread


@dataclass(slots=True)
class Pulling:
    """Keeps a thread for each source that rows are fetched from."""

    sources: Sources
    states: KeepsStates
    open: Callable[[Source], Puller]
    now: Callable[[], datetime]
    _threads: dict[str, _Thread] = field(default_factory=dict)

    def run(self, stopping: threading.Event) -> None:
        """Follow the definitions until told to stop, then wait for the threads."""
        while True:
            try:
                self.follow()
            except Exception:  # noqa: BLE001  the next look may go well
                _log.exception("sources could not be read")
            if stopping.wait(_LOOK_SECONDS):
                break
        self.stop(list(self._threads))

    def follow(self) -> None:
        """Begin, begin anew and end threads, as the definitions say now."""
        wanted = {
            found.source.name: found
            for found in self.sources.all()
            if found.source.enabled and found.source.type in _FETCHED
        }
        self.stop(
            name
            for name, held in tuple(self._threads.items())
            if name not in wanted or held.revision != wanted[name].revision
        )
        for name, found in wanted.items():
            if name in self._threads:
                continue
            if len(self._threads) >= _MOST_THREADS:
                detail = f"a worker pulls {_MOST_THREADS} sources at most: switch others off"
                self.states.save(name, SourceState("failing", detail, None, self.now()))
            else:
                self._threads[name] = self._begin(found)

    def stop(self, names: Iterable[str]) -> None:
        """End threads and wait for them."""
        ending = [(name, self._threads.pop(name)) for name in names]
        for _, held in ending:
            held.stopping.set()
        for name, held in ending:
            held.thread.join(_STOP_SECONDS)
            self.states.save(name, SourceState("stopped", None, None, self.now()))

    def _begin(self, found: DefinedSource) -> _Thread:
        stopping = threading.Event()
        thread = threading.Thread(
            target=self._serve,
            args=(found.source, stopping),
            name=f"pull-{found.source.name}",
            daemon=True,
        )
        thread.start()
        return _Thread(found.revision, stopping, thread)

    def _serve(self, source: Source, stopping: threading.Event) -> None:
        pause = 0.5
        while not stopping.is_set():
            said = _Said(self.states, source.name, self.now)
            try:
                self._pull(source, stopping, said)
            except RateLimited as error:
                said.say("waiting", str(error), at_once=True)
            except Exception as error:  # noqa: BLE001  whatever it is, the source is tried again
                known = isinstance(error, WatchkeeperError)
                _log.warning("source failed name=%s %s", source.name, error, exc_info=not known)
                said.say("failing", str(error) or type(error).__name__, at_once=True)
            pause = min(_LONGEST_PAUSE_SECONDS, 0.5 if said.worked else 2 * pause)
            stopping.wait(pause * _CHANCE.uniform(0.5, 1.0))

    def _pull(self, source: Source, stopping: threading.Event, said: _Said) -> None:
        puller = self.open(source)
        try:
            while not stopping.is_set():
                pulled = puller.step()
                said.worked = True
                said.pulled(pulled)
                if pulled.rest:
                    stopping.wait(pulled.rest)
        finally:
            puller.close()


@dataclass(slots=True)
class _Said:
    """What a source's thread says of it: at once where it is new, else now and then."""

    states: KeepsStates
    name: str
    now: Callable[[], datetime]
    worked: bool = False
    _last: SourceState | None = None

    def pulled(self, pulled: Pulled) -> None:
        """Say what a step did."""
        self.say("waiting" if pulled.waiting else "running", pulled.waiting, lag=pulled.lag)

    def say(
        self, state: str, detail: str | None, *, lag: int | None = None, at_once: bool = False
    ) -> None:
        """Say how the source fares."""
        last, now = self._last, self.now()
        same = last is not None and (last.state, last.detail) == (state, detail)
        if last is not None and same and not at_once:
            since = (now - last.at).total_seconds()
            if since < _SAY_SECONDS or (last.lag == lag and since < 10 * _SAY_SECONDS):
                return
        self._last = SourceState(state, detail, lag, now)
        try:
            self.states.save(self.name, self._last)
        except WatchkeeperError:
            _log.warning("the state of a source could not be kept name=%s", self.name)
