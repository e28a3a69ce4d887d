"""The log: every notice as one line, for machines without any other way to tell."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from watchkeeper.alerts.message import Message
from watchkeeper.domain.alert import Notice

__all__ = ["LogSink"]

_logger = logging.getLogger("watchkeeper.alerts")


@dataclass(frozen=True, slots=True)
class LogSink:
    """Writes to the logger ``watchkeeper.alerts`` at the level of the severity."""

    def send(self, notice: Notice, message: Message) -> None:
        """Log the subject, with the facts as fields."""
        level = {"critical": logging.ERROR, "warning": logging.WARNING}.get(
            str(notice.incident.severity), logging.INFO
        )
        facts = {name.lower().replace(" ", "_"): sentence for name, sentence in message.facts}
        _logger.log(level, "%s %s", message.subject, facts, extra={"notice": notice.key})
