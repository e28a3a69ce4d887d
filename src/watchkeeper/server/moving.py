"""Moving: from the inbox to the lake and into the sums, in a thread of its own.

Judging may take its time; rows must not wait for it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from watchkeeper.errors import WatchkeeperError
from watchkeeper.ingest.mover import Mover
from watchkeeper.server.sums import Sums

__all__ = ["Moving"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Moving:
    """Moves what is due, and mends the sums of models that a crash left behind."""

    mover: Mover
    sums: Sums
    now: Callable[[], datetime]

    def step(self) -> int:
        """Returns how many moves were made."""
        self.sums.mend()
        try:
            return len(self.mover.move_due(self.now()))
        except WatchkeeperError:
            _log.exception("rows wait in the inbox for the next step")
            return 0

    def run(self, stopping: threading.Event, *, idle_seconds: float) -> None:
        """Step until told to stop."""
        while not stopping.is_set():
            try:
                moved = self.step()
            except Exception:  # noqa: BLE001  the loop outlives it; the work is still there
                _log.exception("step failed")
                moved = 0
            if not moved:
                stopping.wait(idle_seconds)
