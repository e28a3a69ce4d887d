"""Work in small pieces: other threads of the process get their turn between them.

A thread that computes keeps the interpreter for 5 ms at a time while others wait for it; one that
rests briefly after a tenth of a millisecond makes the predict path wait for no longer than that.
"""

from __future__ import annotations

import time

__all__ = ["Pace"]


class Pace:
    """Rests for ``pause_seconds`` whenever ``piece_seconds`` have passed since it last did."""

    def __init__(self, *, piece_seconds: float = 0.0001, pause_seconds: float = 0.0002) -> None:
        self._piece, self._pause = piece_seconds, pause_seconds
        self._since = time.perf_counter()

    def rest(self) -> None:
        """Called often, where it does no harm to wait."""
        if time.perf_counter() - self._since >= self._piece:
            time.sleep(self._pause)
            self._since = time.perf_counter()
