"""Waiting: the one way in which tests wait, for a state and never for a time."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from http.client import RemoteDisconnected
from typing import TypeVar
from urllib.error import HTTPError, URLError

__all__ = ["PATIENCE_SECONDS", "StillNot", "any_moment", "until"]

# Long enough for a machine that is busy with everything else; a test that has what it waits for
# goes on at once.
PATIENCE_SECONDS = 120.0
_PAUSE_SECONDS = 0.05
_NOT_THERE_YET = (FileNotFoundError, ConnectionError, RemoteDisconnected, TimeoutError)

Seen = TypeVar("Seen")


class StillNot(Exception):
    """What was waited for did not come; the message says what was seen instead."""


def until(
    look: Callable[[], Seen],
    so: Callable[[Seen], object] = bool,
    *,
    what: str,
    seconds: float = PATIENCE_SECONDS,
) -> Seen:
    """Look again and again until what is seen is ``so``, and give it.

    A file, a process or a server that is not there yet is "not yet". Every other error is a fault,
    and is raised at once.

    Parameters
    ----------
    look
        Gives the state as it is now.
    so
        Whether that is the state that is waited for; without it, whether it is true at all.
    what
        The state in words.
    seconds
        How long it may take.

    Raises
    ------
    StillNot
        It took longer.
    """
    end = time.monotonic() + seconds
    while True:
        late = time.monotonic() > end  # a look that begins in time counts, however long it takes
        seen: object = "nothing"
        try:
            found = look()
            if so(found):
                return found
            seen = found
        except Exception as error:
            if not _is_not_there_yet(error):
                raise
            seen = error
        if late:
            raise StillNot(f"not so after {seconds:g} s: {what}; what was seen last: {seen!r}")
        time.sleep(_PAUSE_SECONDS)


def any_moment(shortest: float, longest: float, *, chance: random.Random) -> None:
    """Let some time pass, where whatever follows must hold at any moment: never to wait for a state."""
    time.sleep(chance.uniform(shortest, longest))


def _is_not_there_yet(error: Exception) -> bool:
    if isinstance(error, HTTPError):
        return error.code == 503
    if isinstance(error, URLError):
        return isinstance(error.reason, _NOT_THERE_YET)
    return isinstance(error, _NOT_THERE_YET)
