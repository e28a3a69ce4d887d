"""Watchdog: an alert that always fires, through a route of its own.

Whoever receives it is to be alarmed by its absence: an Alertmanager with a rule for it, a service
of dead man's switches with an address for webhooks. It goes straight to the route's sinks, not
through the outbox: a heartbeat that comes late would be a lie.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from watchkeeper.alerts.message import compose
from watchkeeper.alerts.sinks.sink import Delivery, Sink
from watchkeeper.domain.alert import Alert, AlertState, Incident, Notice, NoticeKind
from watchkeeper.domain.route import SinkSpec
from watchkeeper.domain.verdict import Severity
from watchkeeper.errors import WatchkeeperError

__all__ = ["Watchdog", "watchdog_notice"]

_NAME = "Watchdog"
_MESSAGE = "Watchkeeper judges, moves rows, writes and answers; be alarmed when this stays away."


@dataclass(frozen=True, slots=True)
class Watchdog:
    """Sends the alert to every sink of a route; ``began`` is when this process began to."""

    route: str
    sinks_of: Callable[[str], Sequence[SinkSpec]]
    sink: Callable[[str, int], Sink]
    began: datetime
    now: Callable[[], datetime]

    def send(self) -> None:
        """Send once; every sink is tried, whatever becomes of the others.

        Raises
        ------
        WatchkeeperError
            What the first sink said that did not take it.
        """
        failures: list[WatchkeeperError] = []
        for place in range(len(self.sinks_of(self.route))):
            notice = watchdog_notice(self.route, place, began=self.began, now=self.now())
            try:
                self.sink(self.route, place).send(Delivery(notice, compose(notice)))
            except WatchkeeperError as error:
                failures.append(error)
        if failures:
            raise failures[0]


def watchdog_notice(route: str, place: int, *, began: datetime, now: datetime) -> Notice:
    """One beat: another key each time, the same thread for ever."""
    thread = hashlib.sha256(f"{_NAME}|{route}|{place}".encode()).hexdigest()[:32]
    incident = Incident(
        id=_NAME.lower(),
        model="watchkeeper",
        state=AlertState.OPEN,
        severity=Severity.INFO,
        title="all is well",
        cause=_MESSAGE,
        opened_at=began,
        updated_at=now,
        alerts=(_NAME.lower(),),
    )
    alert = Alert(
        id=_NAME.lower(),
        key=_NAME.lower(),
        model="watchkeeper",
        monitor=_NAME,
        state=AlertState.OPEN,
        severity=Severity.INFO,
        what=_NAME.lower(),
        message=_MESSAGE,
        opened_at=began,
        updated_at=now,
        incident=incident.id,
        labels={"alertname": _NAME},
    )
    return Notice(
        key=hashlib.sha256(f"{thread}|{now.isoformat()}".encode()).hexdigest()[:32],
        kind=NoticeKind.OPENED,
        route=route,
        sink=place,
        incident=incident,
        incidents=(incident,),
        alerts=(alert,),
        created_at=now,
        thread=thread,
    )
