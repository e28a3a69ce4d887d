"""The heartbeat: who watches the watcher is told, again and again, that all is well.

A dead man's switch: a service outside (healthchecks.io and its like, or an Alertmanager with a rule
for what stops coming) raises the alarm when the heartbeat stays away. It says more than that a
process lives: it stays away too where nothing is judged, rows wait for the lake, what is written
does not reach the disk, or the API does not answer. Each of these is tried, not inferred.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import urllib3

from watchkeeper.alerts.transport.http import Post, Reach, post, require_accepted
from watchkeeper.catalog.catalog import Catalog
from watchkeeper.catalog.chores import Chore, ChoreKey
from watchkeeper.errors import WatchkeeperError
from watchkeeper.server.alerting.pulse import Pulse

__all__ = ["Check", "Heartbeat", "door_answers", "loops_move", "rows_move", "to_url", "writes_last"]

_log = logging.getLogger(__name__)
Check = Callable[[], str | None]
"""Why the heart must not beat; None where nothing speaks against it."""

LONGEST_ROUND = timedelta(minutes=10)
LONGEST_WAIT = timedelta(minutes=10)
_HISTORY = timedelta(days=1)
_DOORS_KNOWN = timedelta(days=1)
_DOOR_SECONDS = 10.0
_PROBE = b"the heart beats\n" * 256
_CHORE = ChoreKey("heartbeat")


@dataclass(slots=True)
class Heartbeat:
    """Beats by every way of ``send`` where no check speaks against it."""

    checks: Sequence[Check]
    send: Sequence[Callable[[], None]]
    _silent: tuple[str, ...] = field(default=())

    def step(self) -> bool:
        """Beat once, or stay away; says whether it beat. A change is logged once."""
        found = tuple(reason for check in self.checks if (reason := _asked(check)))
        if found != self._silent:
            if found:
                _log.error("the heartbeat stays away: %s", "; ".join(found))
            else:
                _log.info("the heartbeat is back")
            self._silent = found
        if found:
            return False
        for send in self.send:
            try:
                send()
            except WatchkeeperError as error:
                _log.warning("the heartbeat was not taken: %s", error)
        return True


def loops_move(pulse: Pulse, loops: Sequence[str]) -> Check:
    """Every loop got something done lately."""

    def check() -> str | None:
        stuck = [
            f"{loop} (for {pulse.age(loop):.0f} s)"
            for loop in loops
            if pulse.age(loop) > LONGEST_ROUND.total_seconds()
        ]
        return f"nothing gets done by {', '.join(stuck)}" if stuck else None

    return check


def rows_move(catalog: Catalog, now: Callable[[], datetime]) -> Check:
    """No rows wait for the lake for long. History carries times of its own and tells nothing."""

    def check() -> str | None:
        moment = now()
        since = catalog.inbox.oldest_after(moment - _HISTORY)
        if since is None or moment - since <= LONGEST_WAIT:
            return None
        return f"rows wait for the lake since {since:%Y-%m-%d %H:%M:%S} UTC"

    return check


def writes_last(catalog: Catalog, home: Path, now: Callable[[], datetime]) -> Check:
    """Records and files that are written reach the disk."""

    def check() -> str | None:
        for database in catalog.databases:
            database.require_space()
        catalog.chores.record(_CHORE, Chore(now()))
        probe = home / f"heartbeat.{os.getpid()}"
        try:
            with probe.open("wb") as file:
                file.write(_PROBE)
                file.flush()
                os.fsync(file.fileno())
        finally:
            probe.unlink(missing_ok=True)
        return None

    return check


def door_answers(catalog: Catalog, now: Callable[[], datetime]) -> Check:
    """A door that was heard of lately answers. Where there never was one, this worker is alone."""

    def check() -> str | None:
        doors = [p for p in catalog.processes.seen(now() - _DOORS_KNOWN) if p.role == "door"]
        refused = [door.address for door in doors if door.address and not _answers(door.address)]
        if doors and len(refused) == len(doors):
            return f"the API does not answer at {', '.join(refused)}"
        return None

    return check


def to_url(url: str) -> Callable[[], None]:
    """Beats by a POST to an address that the operator chose, wherever it is."""

    def send() -> None:
        answer = post(Post(url, b""), Reach(allow_private=True))
        require_accepted(answer, where="the receiver of the heartbeat")

    return send


def _asked(check: Check) -> str | None:
    try:
        return check()
    except (WatchkeeperError, OSError) as error:
        return str(error)


def _answers(address: str) -> bool:
    try:
        with urllib3.PoolManager(timeout=_DOOR_SECONDS, retries=False) as pool:
            return pool.request("GET", f"http://{address}/healthz").status == 200
    except urllib3.exceptions.HTTPError:
        return False
