"""Forks and exits: every client holds still while its process forks, starts anew in the child,
and sends what it can when the process ends.
"""

from __future__ import annotations

import atexit
import os
import weakref
from contextlib import AbstractContextManager, ExitStack
from typing import Protocol

__all__ = ["Living", "follow"]

_EXIT_SECONDS = 2.0


class Living(Protocol):
    """What must know of forks and of the end."""

    def held_still(self) -> AbstractContextManager[None]:
        """Hold every lock while the process forks."""
        ...

    def restart_in_child(self) -> None:
        """Begin anew in a forked child; never raises."""
        ...

    def close(self, timeout_seconds: float) -> bool:
        """End within the time."""
        ...


_living: weakref.WeakSet[Living] = weakref.WeakSet()
_holding = ExitStack()


def follow(client: Living) -> None:
    """Tell the client of forks and of the end, for as long as it is referred to."""
    _living.add(client)


def _before_fork() -> None:
    for client in list(_living):
        _holding.enter_context(client.held_still())


def _in_child() -> None:
    _holding.pop_all()  # the locks were the parent's; each client makes its own
    for client in list(_living):
        client.restart_in_child()


def _at_exit() -> None:
    for client in list(_living):
        client.close(_EXIT_SECONDS)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork, after_in_parent=_holding.close, after_in_child=_in_child
    )
atexit.register(_at_exit)
