"""The two threads of a client: one keeps the spool, one sends; a slow server must not delay what
the disk needs.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue

from watchkeeper.sdk import lifetime
from watchkeeper.sdk.keeper import Keeper
from watchkeeper.sdk.sender import Sender
from watchkeeper.sdk.spool import Spool

__all__ = ["Background"]

_POLL_SECONDS = 0.01
_EXIT_SECONDS = 5.0


class Background:
    """Runs the keeper and the sender of one spool, from the first `start` until `stop`."""

    def __init__(self, spool: Spool, sender: Sender, keeper: Keeper) -> None:
        self._spool = spool
        self._sending = _Ticking("watchkeeper-sender", sender.tick, SimpleQueue())
        self._keeping = _Ticking("watchkeeper-keeper", keeper.tick, spool.wake)
        self._sender = sender
        self._starting = threading.Lock()
        self._started = False
        self._stopping = False

    def start(self) -> None:
        """Begin; quick, and does nothing where it was done."""
        if self._started:
            return
        with self._starting:
            if not self._started and not self._stopping:
                self._started = True
                lifetime.begun(self)
                self._keeping.start()
                self._sending.start()

    def flush(self, timeout_seconds: float, *, patient: bool = True) -> bool:
        """Send all of this process's rows; False where they were not all sent in time, or without
        patience where the server does not take them.

        A request to a slow server is not interrupted: the timeout bounds the waiting.
        """
        self.start()
        before = self._sender.failed
        self._sending.wake.put(None)
        until = time.monotonic() + timeout_seconds
        while not self._spool.is_empty():
            hopeless = not patient and self._sender.failed > before
            if hopeless or time.monotonic() >= until:
                return False
            time.sleep(_POLL_SECONDS)
        return True

    def stop(self, timeout_seconds: float) -> None:
        """End both threads and give up the spool; where a request takes longer than the timeout,
        that is done once it is answered.
        """
        self._spool.end()
        with self._starting:
            self._stopping = True
        if not self._started:
            self._spool.close()
            return
        self._keeping.stop(timeout_seconds, then=lambda: None)
        self._sending.stop(timeout_seconds, then=self._end)

    def close_at_exit(self) -> None:
        """As the process ends: flush for some seconds, though not for a server that is away."""
        self.flush(_EXIT_SECONDS, patient=False)
        self.stop(_EXIT_SECONDS)

    def give_up(self) -> None:
        """Have both threads end by themselves, soon, after a last attempt to send.

        Takes no lock: a garbage collector calls it.
        """
        self._keeping.give_up(lambda: None)
        self._sending.give_up(self._end_after_sending)

    def _end_after_sending(self) -> None:
        self._sender.tick()
        self._end()

    def _end(self) -> None:
        try:
            self._spool.end()
            self._spool.finish()
            self._sender.say_closed()
        finally:
            self._spool.close()
            lifetime.ended(self)


class _Ticking:
    """A daemon thread that calls ``tick`` over and over; it returns the seconds to wait."""

    def __init__(self, name: str, tick: Callable[[], float], wake: SimpleQueue[None]) -> None:
        self.wake = wake
        self._tick = tick
        self._then: Callable[[], None] | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def give_up(self, then: Callable[[], None]) -> None:
        """Have the thread end with ``then`` when it next looks."""
        self._then = then

    def stop(self, timeout_seconds: float, *, then: Callable[[], None]) -> None:
        """Have the thread end with ``then`` after what it is doing."""
        self.give_up(then)
        self.wake.put(None)
        self._thread.join(timeout_seconds)

    def _run(self) -> None:
        while self._then is None:
            wait = self._tick()
            if self._then is None:
                self._wait(wait)
        self._then()

    def _wait(self, seconds: float) -> None:
        with contextlib.suppress(Empty):
            self.wake.get(timeout=seconds)
            while True:
                self.wake.get_nowait()
