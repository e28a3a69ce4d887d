"""What every sink does."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol, runtime_checkable

from watchkeeper.alerts.chart import Chart
from watchkeeper.alerts.message import Message
from watchkeeper.domain.alert import Notice

__all__ = ["Delivery", "Receipt", "Refreshing", "Sink"]


@dataclass(frozen=True, slots=True)
class Delivery:
    """What is to be sent: the notice, the same in words, and its picture where there is one.

    ``earlier`` is what the sink asked to be remembered when it sent the last notice of the same
    thread (`Receipt.remember`); None where this is the first.
    """

    notice: Notice
    message: Message
    chart: Chart | None = None
    earlier: str | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the other side answered, in its own words; what to remember of it for the thread; and
    how soon it has to be told again (`Refreshing`), where it forgets.
    """

    answer: str
    remember: str | None = None
    again_after: timedelta | None = None


class Sink(Protocol):
    """Sends one notice, or raises.

    `Unavailable` means: try again later; `RateLimited`: not before ``retry_after_seconds``.
    `InvalidInput` means: it will never be taken as it is. A repeat of the same notice carries the
    same key, so that a receiver that dedups shows it once.
    """

    @property
    def target(self) -> str:
        """Where it sends, in words, without secrets."""
        ...

    def send(self, delivery: Delivery) -> Receipt:
        """Deliver; return only when the receiver has accepted it."""
        ...


@runtime_checkable
class Refreshing(Protocol):
    """A sink whose receiver forgets what it is not told again."""

    def refresh(self, delivery: Delivery) -> Receipt:
        """Say how things stand now. ``delivery.earlier`` is what was remembered of this notice."""
        ...
