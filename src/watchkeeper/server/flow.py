"""How many rows and bytes a second each key may send, by this process.

What a key was granted fills up while it is silent, to ten seconds' worth at most. A batch is taken
whole as long as anything is left, and what it takes beyond that is owed: so a batch of any size
gets through, and the average holds.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from watchkeeper.domain.key import Key
from watchkeeper.errors import RateLimited

__all__ = ["Flow"]

_SAVED_SECONDS = 10.0


@dataclass(slots=True)
class _Bucket:
    left: float
    since: float


class Flow:
    """What is left of each key's grant."""

    def __init__(self, *, seconds: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._buckets: dict[tuple[str, str], _Bucket] = {}

    def require(self, key: Key) -> None:
        """RateLimited, with when to come again, where a key owes rows or bytes."""
        with self._lock:
            for what, rate in _grants(key):
                bucket = self._filled(key, what, rate)
                if bucket.left < 0:
                    raise RateLimited(
                        f"the key {key.name!r} may send {rate:g} {what} a second, and it sent "
                        "more: send the batch again later, or ask for a larger grant",
                        retry_after_seconds=-bucket.left / rate,
                    )

    def spend(self, key: Key, *, rows: int, size: int) -> None:
        """Count a batch that is taken."""
        spent = {"rows": rows, "bytes": size}
        with self._lock:
            for what, rate in _grants(key):
                self._filled(key, what, rate).left -= spent[what]

    def _filled(self, key: Key, what: str, rate: float) -> _Bucket:
        now = self._seconds()
        full = rate * _SAVED_SECONDS
        bucket = self._buckets.setdefault((key.id, what), _Bucket(full, now))
        bucket.left = min(full, bucket.left + (now - bucket.since) * rate)
        bucket.since = now
        return bucket


def _grants(key: Key) -> list[tuple[str, float]]:
    told = (("rows", key.rows_per_second), ("bytes", key.bytes_per_second))
    return [(what, rate) for what, rate in told if rate is not None]
