"""Forks and exits.

Every client holds still while its process forks, and starts anew in the child. What works in the
background is finished when the process ends, whether or not its client is still held by anyone.
"""

from __future__ import annotations

import atexit
import os
import weakref
from contextlib import AbstractContextManager, ExitStack
from typing import Protocol

__all__ = ["Ending", "Forking", "begun", "ended", "follow"]


class Forking(Protocol):
    """What must know of forks."""

    def held_still(self) -> AbstractContextManager[None]:
        """Hold every lock while the process forks."""
        ...

    def restart_in_child(self) -> None:
        """Begin anew in a forked child; never raises."""
        ...


class Ending(Protocol):
    """What must know of the end."""

    def close_at_exit(self) -> None:
        """End within seconds, and at once where nothing can be sent."""
        ...


_forking: weakref.WeakSet[Forking] = weakref.WeakSet()
_at_work: set[Ending] = set()
_holding = ExitStack()


def follow(client: Forking) -> None:
    """Tell the client of forks, for as long as it is referred to."""
    _forking.add(client)


def begun(work: Ending) -> None:
    """Tell the work of the process's end, until it has `ended`."""
    _at_work.add(work)


def ended(work: Ending) -> None:
    """There is nothing left to be finished."""
    _at_work.discard(work)


def _before_fork() -> None:
    for client in list(_forking):
        _holding.enter_context(client.held_still())


def _in_child() -> None:
    _holding.pop_all()  # the locks were the parent's; each client makes its own
    _at_work.clear()  # so were the threads
    for client in list(_forking):
        client.restart_in_child()


def _at_exit() -> None:
    for work in list(_at_work):
        work.close_at_exit()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork, after_in_parent=_holding.close, after_in_child=_in_child
    )
atexit.register(_at_exit)
