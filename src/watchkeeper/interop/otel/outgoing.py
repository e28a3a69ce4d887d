"""What waits to be sent: a bounded queue, and a thread that empties it.

Whoever puts something in never waits. Where the receiver is slow or dead the queue fills up, and
what comes then is dropped and counted; what is in it was there first and explains more.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from watchkeeper.interop.otel.transport import Answer, Transport

__all__ = ["Fates", "Outgoing", "Pace"]

_log = logging.getLogger(__name__)
_T = TypeVar("_T")
_TELL_EVERY_SECONDS = 60.0
_CHANCE = random.SystemRandom()  # the program's own random numbers stay as they are


@dataclass(frozen=True, slots=True)
class Pace:
    """How much is held and sent at once, and how often a request is tried.

    ``patience_seconds`` is how long one batch is tried again, ``last_seconds`` how long all of it
    may take once the program ends.
    """

    most_waiting: int = 8_192
    most_together: int = 512
    most_bytes: int = 900_000
    every_seconds: float = 1.0
    first_wait_seconds: float = 1.0
    patience_seconds: float = 60.0
    last_seconds: float = 3.0


@dataclass(slots=True)
class Fates:
    """What became of items. ``taken`` by the receiver, ``rejected`` by it, ``failed`` because it
    could not be reached for too long or refused the whole request, ``dropped`` because too many
    waited.
    """

    taken: int = 0
    rejected: int = 0
    failed: int = 0
    dropped: int = 0
    waiting: int = 0
    detail: str = ""


@dataclass(slots=True)
class Outgoing(Generic[_T]):
    """Sends items of one kind in batches. ``encode`` makes a request of some of them."""

    name: str
    transport: Transport
    encode: Callable[[Sequence[_T]], bytes]
    pace: Pace = field(default_factory=Pace)
    _waiting: deque[_T] = field(default_factory=deque)
    _fates: Fates = field(default_factory=Fates)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _wake: threading.Event = field(default_factory=threading.Event)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _told_at: float = float("-inf")
    _sending: int = 0

    def put(self, item: _T) -> bool:
        """Let an item wait to be sent; False where there is no room for it."""
        with self._lock:
            if len(self._waiting) >= self.pace.most_waiting:
                self._fates.dropped += 1
                return False
            self._waiting.append(item)
            full = len(self._waiting) >= self.pace.most_together
        if full:
            self._wake.set()
        return True

    def fates(self) -> Fates:
        """What became of items until now."""
        with self._lock:
            held = self._fates
            return Fates(
                held.taken,
                held.rejected,
                held.failed,
                held.dropped,
                len(self._waiting) + self._sending,
                held.detail,
            )

    def start(self) -> None:
        """Begin to send, in a thread of its own."""
        self._thread = threading.Thread(target=self._run, name=f"otlp-{self.name}", daemon=True)
        self._thread.start()

    def finish(self) -> None:
        """Begin to end; `stop` waits for it."""
        self._stopping.set()
        self._wake.set()

    def stop(self) -> None:
        """Send what waits, as far as that goes quickly, and end."""
        self.finish()
        if self._thread is not None:
            self._thread.join(self.pace.last_seconds + 1.0)
        self.transport.close()

    def flush(self) -> None:
        """Send all that waits now, in the caller's thread."""
        while batch := self._next():
            self._deliver(batch)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.wait(self.pace.every_seconds)
            self._wake.clear()
            self._flush_safely()
        self._flush_safely()

    def _flush_safely(self) -> None:
        try:
            self.flush()
        except Exception:  # noqa: BLE001  the thread outlives what cannot be encoded
            _log.exception("telemetry cannot be sent signal=%s", self.name)

    def _next(self) -> list[_T]:
        with self._lock:
            many = min(self.pace.most_together, len(self._waiting))
            self._sending = many
            return [self._waiting.popleft() for _ in range(many)]

    def _deliver(self, batch: Sequence[_T]) -> None:
        try:
            body = self.encode(batch)
        except Exception as error:  # noqa: BLE001  one of them is at fault; it may not stop the rest
            self._settle(len(batch), Answer(taken=False, detail=f"it cannot be encoded: {error!r}"))
            return
        if len(body) > self.pace.most_bytes and len(batch) > 1:
            self._halves(batch)
            return
        answer = self._tried(body)
        if answer.too_large and len(batch) > 1:
            self._halves(batch)
            return
        self._settle(len(batch), answer)

    def _halves(self, batch: Sequence[_T]) -> None:
        half = len(batch) // 2
        self._deliver(batch[:half])
        self._deliver(batch[half:])

    def _tried(self, body: bytes) -> Answer:
        """Send until it is taken, refused for good, or patience is at an end."""
        began = time.monotonic()
        wait = self.pace.first_wait_seconds
        while True:
            answer = self.transport.send(body)
            if answer.taken or not answer.again:
                return answer
            patience = (
                self.pace.last_seconds if self._stopping.is_set() else self.pace.patience_seconds
            )
            pause = answer.wait_seconds
            if pause is None:
                pause = wait * _CHANCE.uniform(0.8, 1.2)
            if time.monotonic() - began + pause > patience:
                return answer
            wait *= 2.0
            self._stopping.wait(pause)

    def _settle(self, items: int, answer: Answer) -> None:
        with self._lock:
            self._sending = max(0, self._sending - items)
            rejected = min(answer.rejected, items) if answer.taken else 0
            self._fates.rejected += rejected
            if answer.taken:
                self._fates.taken += items - rejected
            else:
                self._fates.failed += items
            if answer.detail:
                self._fates.detail = answer.detail
        if answer.detail and time.monotonic() - self._told_at > _TELL_EVERY_SECONDS:
            self._told_at = time.monotonic()
            lost = items if not answer.taken else rejected
            _log.warning(
                "telemetry was not taken signal=%s items=%s: %s", self.name, lost, answer.detail
            )
