"""What became of the rows that a process logged, by stream: the rows of one model and kind."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Counters", "Counts", "Stream"]

_log = logging.getLogger("watchkeeper.sdk")
_SECONDS_BETWEEN_WARNINGS = 60.0


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows by fate, since this process began or was forked.

    ``spooled`` were written to the spool. Of these ``sent`` were acknowledged by the server,
    ``rejected`` refused by it (it keeps them in quarantine where it could read them), and ``lost``
    left the spool unsent: they grew too old, had to make room, or were damaged on disk. The rest
    waits. ``dropped`` never reached the spool: it was full or could not be written, or the row
    could not be stored. ``sampled`` were left out by sampling. ``inherited`` were sent for
    processes that are gone; they are in none of the other counts.
    """

    spooled: int = 0
    sent: int = 0
    rejected: int = 0
    dropped: int = 0
    sampled: int = 0
    lost: int = 0
    inherited: int = 0

    @property
    def waiting(self) -> int:
        """Rows in the spool, of those that this process logged."""
        return self.spooled - self.sent - self.rejected - self.lost


@dataclass(slots=True)
class Stream:
    """The rows of one model and kind. ``spooled`` is also the number of the last row written."""

    model: str
    kind: str
    spooled: int = 0
    sent: int = 0
    rejected: int = 0
    refused: int = 0  # of the rejected, those that the server's quarantine has not
    dropped: int = 0
    sampled: int = 0
    lost: int = 0
    told: tuple[int, int, int, int] = (0, 0, 0, 0)

    @property
    def to_tell(self) -> tuple[int, int, int, int]:
        """What the server is told with every batch: spooled, dropped, refused, sampled."""
        return self.spooled, self.dropped, self.refused, self.sampled


class Counters:
    """The streams of one process, and warnings that come at most once a minute per cause.

    ``spooled`` of a stream is counted by the spool, under its lock; all else here.
    """

    def __init__(self) -> None:
        self._streams: dict[tuple[str, str], Stream] = {}
        self._own = Stream("", "")  # what belongs to no model
        self.after_fork()

    def after_fork(self) -> None:
        """Begin anew in a forked child; whoever holds a stream keeps it."""
        self._lock = threading.RLock()  # a signal handler may log while it is held
        self._inherited = 0
        self._warned_at: dict[str, float] = {}
        for stream in (self._own, *self._streams.values()):
            stream.spooled = stream.sent = stream.rejected = stream.refused = 0
            stream.dropped = stream.sampled = stream.lost = 0
            stream.told = (0, 0, 0, 0)

    def stream(self, model: str, kind: str) -> Stream:
        """The stream of that model and kind: always the same one."""
        with self._lock:
            return self._streams.setdefault((model, kind), Stream(model, kind))

    def streams(self) -> Iterator[Stream]:
        """All streams by now."""
        with self._lock:
            return iter(list(self._streams.values()))

    def add(self, fate: str, rows: int = 1, *, stream: Stream | None = None) -> None:
        """Count rows under a field of `Stream`."""
        found = self._own if stream is None else stream
        with self._lock:
            setattr(found, fate, getattr(found, fate) + rows)

    def inherit(self, rows: int) -> None:
        """Count rows that were sent for a process that is gone."""
        with self._lock:
            self._inherited += rows

    def snapshot(self) -> Counts:
        """The counts now."""
        with self._lock:
            every = [self._own, *self._streams.values()]
            sums = {name: sum(getattr(one, name) for one in every) for name in _SUMMED}
            return Counts(**sums, inherited=self._inherited)

    def warn(self, cause: str, message: str) -> None:
        """Log ``message`` unless the same cause was logged within the last minute."""
        now = time.monotonic()
        with self._lock:
            last = self._warned_at.get(cause)
            if last is not None and now - last < _SECONDS_BETWEEN_WARNINGS:
                return
            self._warned_at[cause] = now
        _log.warning("%s", message)


_SUMMED = ("spooled", "sent", "rejected", "dropped", "sampled", "lost")
