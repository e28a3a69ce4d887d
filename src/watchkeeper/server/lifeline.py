"""A child's tie to its parent: a pipe that ends when the parent does, however that ends."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

__all__ = ["when_parent_ends"]


def when_parent_ends(descriptor: int, act: Callable[[], None]) -> None:
    """Call ``act``, in a thread, once the other end of the pipe is closed."""

    def wait() -> None:
        while os.read(descriptor, 1):
            pass
        act()

    threading.Thread(target=wait, name="lifeline", daemon=True).start()
