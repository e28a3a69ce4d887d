"""At which level is logged, and wanting it otherwise: every process follows within seconds."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from watchkeeper.catalog.log_levels import LogLevel, LogLevelStore
from watchkeeper.errors import InvalidInput, NotFound
from watchkeeper.server.wire.log_levels import LogLevelsWire, LogLevelWanted, LogLevelWire

__all__ = ["LogLevelView"]

_log = logging.getLogger(__name__)
_ROOT = "root"
_LOGGER = re.compile(r"[A-Za-z_][\w.-]{0,199}")


@dataclass(frozen=True, slots=True)
class LogLevelView:
    """The levels of an installation."""

    store: LogLevelStore
    configured: str
    now: Callable[[], datetime]

    def all(self) -> LogLevelsWire:
        """What holds now."""
        now = self.now()
        wanted = [
            _wire(item) for item in self.store.all() if item.until is None or now < item.until
        ]
        return LogLevelsWire.model_validate({"configured": self.configured, "wanted": wanted})

    def want(self, logger: str, wanted: LogLevelWanted, *, by: str) -> LogLevelsWire:
        """Log at another level, for a while or for good."""
        if not _LOGGER.fullmatch(logger):
            raise InvalidInput(
                f"a logger must be named like watchkeeper.server, or root for all, got {logger!r}"
            )
        now = self.now()
        until = None if wanted.minutes is None else now + timedelta(minutes=wanted.minutes)
        self.store.keep(LogLevel(_stored(logger), wanted.level, until, by[:200], now))
        _log.warning("level of logs changed for=%s to=%s by=%s", logger, wanted.level, by)
        return self.all()

    def forget(self, logger: str, *, by: str) -> LogLevelsWire:
        """Back to the configured level; NotFound where nobody wanted another."""
        if not self.store.forget(_stored(logger)):
            raise NotFound(f"nobody wanted another level for the logger {logger!r}")
        _log.warning("level of logs taken back for=%s by=%s", logger, by)
        return self.all()


def _stored(logger: str) -> str:
    return "" if logger == _ROOT else logger


def _wire(item: LogLevel) -> LogLevelWire:
    told = {"logger": item.logger or _ROOT, "level": item.level, "until": item.until}
    return LogLevelWire.model_validate({**told, "by": item.by, "at": item.at})
