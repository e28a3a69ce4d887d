"""The log: every notice as one line, for machines without any other way to tell."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from watchkeeper.alerts.sinks.sink import Delivery, Receipt

__all__ = ["LogSink"]

_logger = logging.getLogger("watchkeeper.alerts")


@dataclass(frozen=True, slots=True)
class LogSink:
    """Writes to the logger `watchkeeper.alerts` at the level of the severity."""

    @property
    def target(self) -> str:
        """Where it writes."""
        return "the server's log"

    def send(self, delivery: Delivery) -> Receipt:
        """Log the subject, with the facts as fields."""
        message = delivery.message
        level = {"critical": logging.ERROR, "warning": logging.WARNING}.get(
            str(message.severity), logging.INFO
        )
        facts = {name.lower().replace(" ", "_"): sentence for name, sentence in message.facts}
        _logger.log(level, "%s %s", message.subject, facts, extra={"notice": delivery.notice.key})
        return Receipt("written")
