"""What the spool needs done in the background, whether or not the server answers: full segments
closed, the next one opened ahead, rows written through to the disk, given-up rows counted.
"""

from __future__ import annotations

import time

from watchkeeper.sdk.batches import contents_of
from watchkeeper.sdk.counters import Counters
from watchkeeper.sdk.pace import Pace
from watchkeeper.sdk.shapes import note
from watchkeeper.sdk.spool import Spool

__all__ = ["Keeper"]

_SYNC_SECONDS = 1.0


class Keeper:
    """Keeps one spool; `tick` is called every second and whenever the spool asks for it."""

    def __init__(self, spool: Spool, counters: Counters) -> None:
        self._spool = spool
        self._counters = counters
        self._synced_at = 0.0
        self._noted: set[bytes] = set()

    def tick(self) -> float:
        """Do what is due; the seconds until something is due again. Never raises."""
        try:
            self._spool.finish()
            self._count_discarded()
            if time.monotonic() - self._synced_at >= _SYNC_SECONDS:
                self._synced_at = time.monotonic()
                self._note()
                self._spool.sync()
        except Exception as error:  # noqa: BLE001  the thread must outlive it
            self._counters.warn("keeper", f"the spool cannot be kept: {error!r}")
        return max(0.0, self._synced_at + _SYNC_SECONDS - time.monotonic())

    def _note(self) -> None:
        """Keep beside the rows how many were left out, for whoever sends them if not this process."""
        notes = {note(one) for one in self._counters.streams() if any(one.to_tell[1:])}
        self._noted = {one for one in notes if one in self._noted or self._spool.add(one)}

    def _count_discarded(self) -> None:
        for ready in self._spool.discarded():
            rows = 0
            for batch in contents_of(ready, ready.path.read_bytes(), Pace()).batches:
                rows += batch.rows
                if ready.owner == self._spool.client_id:
                    stream = self._counters.stream(batch.model, batch.kind)
                    self._counters.add("lost", batch.rows, stream=stream)
            self._counters.warn(
                "lost", f"{rows} rows left the spool unsent: they were too old or had to make room"
            )
            self._spool.forget(ready)
