"""Exchanges become rows: those that are whole, and, with a reason, those that never will be."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from watchkeeper.catalog.halves import Half, Halves, finish_halves
from watchkeeper.catalog.source_ledger import SourceCounts
from watchkeeper.domain.source import Source
from watchkeeper.errors import Conflict, WatchkeeperError
from watchkeeper.ingest.cloud_events.exchange import rows_of, unpaired
from watchkeeper.ingest.pull.door import Door, Rows

__all__ = ["Pairing"]

_log = logging.getLogger(__name__)
_AT_ONCE = 500
_WAIT_SECONDS = 600.0


@dataclass(slots=True)
class Pairing:
    """Makes rows of exchanges. ``source`` gives the definition of a source by its name, None where
    there is none any more; ``door`` the way of its rows.
    """

    halves: Halves
    source: Callable[[str], Source | None]
    door: Callable[[Source], Door]
    now: Callable[[], datetime]

    def step(self) -> int:
        """Make rows of what is there; how many exchanges. A source that fails holds up no other."""
        done = 0
        for name in self.halves.sources():
            source = self.source(name)
            if source is None:
                continue  # it may be defined again
            try:
                done += self._pair(source) + self._expire(source)
            except WatchkeeperError as error:
                _log.warning("exchanges wait source=%s %s", name, error)
        return done

    def _pair(self, source: Source) -> int:
        found = self.halves.whole(source.name, limit=_AT_ONCE)
        if not found:
            return 0
        door = self.door(source)
        model = door.model()
        rows = [row for half in found for row in rows_of(half, model)]
        self._take(door, found, rows, what="pairs", lost=0)
        return len(found)

    def _expire(self, source: Source) -> int:
        wait = timedelta(seconds=source.number("wait", _WAIT_SECONDS))
        before = self.now() - wait
        found = self.halves.expired(source.name, before, limit=_AT_ONCE)
        if found:
            door = self.door(source)
            model = door.model()
            rows = [row for half in found for row in unpaired(half, model, str(wait))]
            self._take(door, found, rows, what="halves", lost=len(rows))
        self.halves.forget(source.name, before)
        return len(found)

    def _take(self, door: Door, found: Sequence[Half], rows: Rows, *, what: str, lost: int) -> None:
        events = [half.event for half in found]
        told = "\0".join(f"{half.event}\0{half.at.isoformat()}" for half in found)
        digest = hashlib.sha256(told.encode()).hexdigest()[:32]
        try:
            door.take(
                rows,
                batch=f"{what}-{digest}",
                seen=SourceCounts(),
                unpaired=lost,
                beside=lambda write: finish_halves(write, door.source.name, events),
            )
        except Conflict:
            _log.info("exchanges became rows elsewhere source=%s", door.source.name)
