"""What became of the rows that a process logged."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass

__all__ = ["Counters", "Counts"]

_log = logging.getLogger("watchkeeper.sdk")
_SECONDS_BETWEEN_WARNINGS = 60.0


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows by fate.

    ``spooled`` were written to the spool; of these ``sent`` were acknowledged by the server and
    ``rejected`` refused by it (it keeps them in quarantine where it could read them). ``dropped``
    never reached the spool: it was full, could not be written, or the row had no JSON form.
    """

    spooled: int = 0
    sent: int = 0
    rejected: int = 0
    dropped: int = 0


class Counters:
    """The counts of one process, and warnings that come at most once a minute per cause."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts = dict.fromkeys(Counts.__dataclass_fields__, 0)
        self._warned_at: dict[str, float] = {}

    def add(self, fate: str, rows: int = 1) -> None:
        """Count ``rows`` under a field of `Counts`."""
        with self._lock:
            self._counts[fate] += rows

    def snapshot(self) -> Counts:
        """The counts now."""
        with self._lock:
            return Counts(**self._counts)

    def warn(self, cause: str, message: str) -> None:
        """Log ``message`` unless the same cause was logged within the last minute."""
        now = time.monotonic()
        with self._lock:
            last = self._warned_at.get(cause)
            if last is not None and now - last < _SECONDS_BETWEEN_WARNINGS:
                return
            self._warned_at[cause] = now
        _log.warning("%s", message)
