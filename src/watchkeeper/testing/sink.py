"""A sink that keeps what it was sent."""

from __future__ import annotations

from dataclasses import dataclass, field

from watchkeeper.alerts.message import Message
from watchkeeper.alerts.sinks.sink import Delivery, Receipt
from watchkeeper.domain.alert import Notice

__all__ = ["CaptureSink"]


@dataclass(slots=True)
class CaptureSink:
    """Raises each of ``failures`` once, in their order, then keeps every notice and message."""

    failures: list[Exception] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)

    @property
    def keys(self) -> list[str]:
        """The keys of what was taken, in order; a repeat stands twice."""
        return [notice.key for notice in self.notices]

    @property
    def target(self) -> str:
        """Nowhere."""
        return "memory"

    def send(self, delivery: Delivery) -> Receipt:
        """Take it, or raise the next failure."""
        if self.failures:
            raise self.failures.pop(0)
        self.notices.append(delivery.notice)
        self.messages.append(delivery.message)
        self.deliveries.append(delivery)
        return Receipt("taken", remember=str(len(self.notices)))
