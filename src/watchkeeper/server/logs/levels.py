"""At which level is logged: as configured, unless somebody wanted it otherwise for a while.

Three ways lead here: the API (kept in the catalog, for every process of the installation), and a
signal (for the processes of this machine, when nothing else answers any more).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from watchkeeper.catalog.log_levels import LogLevel
from watchkeeper.errors import WatchkeeperError

__all__ = ["LEVELS", "LogLevels"]

LEVELS: Mapping[str, int] = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}
# What tells more than anybody wants to know, unless it is asked for by name.
_CHATTY = (
    "alembic", "apprise", "asyncio", "deltalake", "httpcore", "httpx", "opentelemetry",
    "sqlalchemy", "urllib3", "uvicorn.error",
)  # fmt: skip
_BY_SIGNAL = timedelta(minutes=10)
_LOOK_SECONDS = 5.0
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class LogLevels:
    """The levels of this process: ``configured`` for all, but for what was wanted otherwise."""

    configured: str
    now: Callable[[], datetime]
    _wanted: tuple[LogLevel, ...] = ()
    _signalled_until: datetime | None = None

    def apply(self) -> None:
        """Set every logger to the level that holds now."""
        now = self.now()
        held = {"": self.configured, **dict.fromkeys(_CHATTY, "warning")}
        if self._signalled_until is not None and now < self._signalled_until:
            held[""] = "debug"
        else:
            self._signalled_until = None
        before = {item.logger for item in self._wanted}
        held |= {
            item.logger: item.level
            for item in self._wanted
            if item.until is None or now < item.until
        }
        for name in before | held.keys():
            logger = logging.getLogger(name or None)
            logger.setLevel(
                LEVELS.get(held[name], logging.INFO) if name in held else logging.NOTSET
            )

    def want(self, wanted: Iterable[LogLevel]) -> None:
        """Follow what is kept in the catalog."""
        found = tuple(wanted)
        gone = {item.logger for item in self._wanted} - {item.logger for item in found}
        for name in gone:
            logging.getLogger(name or None).setLevel(logging.NOTSET)
        self._wanted = found
        self.apply()

    def signalled(self) -> None:
        """Tell everything for ten minutes; a second time: no more."""
        now = self.now()
        on = self._signalled_until is None or now >= self._signalled_until
        self._signalled_until = now + _BY_SIGNAL if on else None
        self.apply()
        _log.warning("a signal asked for %s", "debug for 10 minutes" if on else "the usual level")

    def follow(self, read: Callable[[], Iterable[LogLevel]], stopping: threading.Event) -> None:
        """Look every few seconds what is wanted, until told to stop."""
        while True:
            try:
                self.want(read())
            except WatchkeeperError as error:
                self.apply()  # what was wanted for a while ends all the same
                _log.debug("levels of logs could not be read: %s", error)
            if stopping.wait(_LOOK_SECONDS):
                return
