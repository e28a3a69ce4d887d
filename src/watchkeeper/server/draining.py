"""Ending without anybody noticing: first nobody new is sent here, then those who are here are served.

Told to end, the server goes on taking requests for a while and says that it is not ready, so that
whoever spreads them looks elsewhere; then it listens no more, ends what it has begun, and is gone.
Told a second time, it ends at once.
"""

from __future__ import annotations

import logging
import threading
from types import FrameType

import uvicorn

__all__ = ["DrainingServer"]

_log = logging.getLogger(__name__)


class DrainingServer(uvicorn.Server):
    """A server that is told to end ``drain_seconds`` before it listens no more; ``draining`` is set
    meanwhile.
    """

    def __init__(
        self, config: uvicorn.Config, *, draining: threading.Event, drain_seconds: float
    ) -> None:
        super().__init__(config)
        self._draining = draining
        self._drain_seconds = drain_seconds

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Of a signal to end."""
        del sig, frame
        if self._draining.is_set():
            self.force_exit = self.should_exit = True
            return
        self._draining.set()
        _log.info("ending: not ready any more, and gone in seconds=%s", self._drain_seconds)
        if self._drain_seconds <= 0:
            self.should_exit = True
            return
        timer = threading.Timer(self._drain_seconds, self._end)
        timer.daemon = True
        timer.start()

    def _end(self) -> None:
        self.should_exit = True
