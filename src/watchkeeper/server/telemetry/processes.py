"""The processes of an installation tell each other how they are, through the records."""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from prometheus_client.core import Metric

from watchkeeper.catalog.processes import Processes, StoredProcess
from watchkeeper.errors import WatchkeeperError
from watchkeeper.interop.prometheus.carried import read_metrics, together, write_metrics
from watchkeeper.server.metrics import Telemetry
from watchkeeper.server.watching import code_version

__all__ = ["Itself", "keep_telling", "living", "of_processes"]

_log = logging.getLogger(__name__)
_TELL_SECONDS = 5.0
_LIVES = timedelta(minutes=1)
_REMEMBERED = timedelta(days=1)


@dataclass(slots=True)
class Itself:
    """One process of an installation; ``address`` is where it listens, empty where nowhere."""

    role: str
    address: str
    telemetry: Telemetry
    processes: Processes
    now: Callable[[], datetime]
    host: str = field(default_factory=socket.gethostname)
    _started_at: datetime | None = None

    @property
    def labels(self) -> dict[str, str]:
        """What its samples are told by."""
        return {"process": self.role, "host": self.host}

    def tell(self) -> None:
        """Say that it lives, with its figures; to be done every few seconds."""
        now = self.now()
        self._started_at = self._started_at or now
        told = StoredProcess(
            role=self.role,
            host=self.host,
            address=self.address,
            pid=os.getpid(),
            version=code_version(),
            started_at=self._started_at,
            seen_at=now,
            figures=write_metrics(together([({}, self.telemetry.collect())])),
        )
        self.processes.tell(told, forget=now - _REMEMBERED)


def keep_telling(itself: Itself, stopping: threading.Event) -> None:
    """Tell how a process is until it stops."""
    while True:
        try:
            itself.tell()
        except WatchkeeperError:
            _log.warning("the records do not take what this process tells of itself")
        if stopping.wait(_TELL_SECONDS):
            return


def living(processes: Processes, now: datetime) -> tuple[StoredProcess, ...]:
    """The processes that were heard of within the last minute."""
    return processes.seen(now - _LIVES)


def of_processes(itself: Itself, *, roles: frozenset[str]) -> list[Metric]:
    """The figures of this process as they are now, and of the others of those roles as they said.

    Another door is asked for its own figures by who scrapes it: told here too, they would count
    twice.
    """
    parts = [(itself.labels, itself.telemetry.collect())]
    for other in living(itself.processes, itself.now()):
        own = (other.role, other.host) == (itself.role, itself.host)
        if other.role in roles and not own:
            labels = {"process": other.role, "host": other.host}
            parts.append((labels, read_metrics(other.figures)))
    return together(parts)
