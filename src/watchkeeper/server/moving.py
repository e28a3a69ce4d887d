"""Moving: from the inbox to the lake and into the sums, in a thread of its own.

Judging may take its time; rows must not wait for it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta

from watchkeeper.errors import WatchkeeperError
from watchkeeper.ingest.mover import Mover
from watchkeeper.server.sums import Sums

__all__ = ["Moving"]

_log = logging.getLogger(__name__)
_MEND = timedelta(minutes=1)  # a move that was not counted is seen at once; this is for the rest


@dataclass(frozen=True, slots=True)
class Moving:
    """Moves what is due, and mends the sums of models that a crash left behind."""

    mover: Mover
    sums: Sums
    now: Callable[[], datetime]

    def step(self, around: Callable[[], AbstractContextManager[None]] = nullcontext) -> None:
        """Move what is due, within what ``around`` gives."""
        try:
            with around():
                self.mover.move_due(self.now())
        except WatchkeeperError:
            _log.exception("rows wait in the inbox for the next step")

    def flush(self) -> None:
        """Move all that waits, before an end."""
        try:
            self.mover.move()
        except WatchkeeperError:
            _log.exception("rows wait in the inbox for the next start")

    def run(
        self,
        stopping: threading.Event,
        *,
        idle_seconds: float,
        around: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        """Step until told to stop."""
        mended_at: datetime | None = None
        while not stopping.is_set():
            try:
                if mended_at is None or self.now() - mended_at > _MEND:
                    self.sums.mend()
                    mended_at = self.now()
                self.step(around)
            except Exception:  # noqa: BLE001  the loop outlives it; the work is still there
                _log.exception("step failed")
            stopping.wait(max(idle_seconds, self.mover.pause))
