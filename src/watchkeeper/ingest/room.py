"""How much may wait for the lake: where the mover cannot keep up, senders are told to wait.

What waits is asked of the inbox twice a second at most, and what this process took since is added:
a thousand small batches a second do not each sum up the inbox. The bound itself is exact: before a
refusal the inbox is asked.
"""

from __future__ import annotations

import threading
import time

from watchkeeper.catalog.inbox import Inbox
from watchkeeper.errors import RateLimited

__all__ = ["Room"]

_FOR_SECONDS = 0.5
_WAIT_SECONDS = 5.0


class Room:
    """The room for batches; ``most_bytes`` None: as much as the disk has."""

    def __init__(self, inbox: Inbox, most_bytes: int | None) -> None:
        self._inbox = inbox
        self._most = most_bytes
        self._lock = threading.Lock()
        self._size = 0
        self._asked_at = float("-inf")

    def is_known(self) -> bool:
        """Whether `require` would answer at once, without asking the inbox."""
        with self._lock:
            return self._most is None or self._is_enough()

    def require(self) -> None:
        """RateLimited where too much waits for the lake, Unavailable where the disk is full."""
        self._inbox.require_space()
        if self._most is None:
            return
        with self._lock:
            if self._is_enough():
                return
            batches, self._size = self._inbox.waiting()
            self._asked_at = time.monotonic()
            size = self._size
        if size >= self._most:
            raise RateLimited(
                f"at most {self._most} bytes may wait for the lake, {size} in {batches} "
                "batches do: send the batch again later, and look whether the mover runs",
                retry_after_seconds=_WAIT_SECONDS,
            )

    def _is_enough(self) -> bool:
        known = time.monotonic() - self._asked_at < _FOR_SECONDS
        return known and self._most is not None and self._size < self._most

    def took(self, size: int) -> None:
        """A batch of so many bytes was acknowledged."""
        with self._lock:
            self._size += size
