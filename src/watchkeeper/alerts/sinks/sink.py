"""What every sink does."""

from __future__ import annotations

from typing import Protocol

from watchkeeper.alerts.message import Message
from watchkeeper.domain.alert import Notice

__all__ = ["Sink"]


class Sink(Protocol):
    """Sends one notice, or raises.

    `Unavailable` means: try again later. `InvalidInput` means: it will never be taken as it is.
    A repeat of the same notice carries the same key, so that a receiver that dedups shows it once.
    """

    def send(self, notice: Notice, message: Message) -> None:
        """Deliver; return only when the receiver has accepted it."""
        ...
