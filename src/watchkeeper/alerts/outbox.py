"""Sending what the outbox holds: at least once, with the same key each time, in order of age.

A notice stands in the catalog from the transaction that recorded its incident. It is marked sent
only after the receiver accepted it; a crash between the two sends it once more under the same
key. What a receiver will never take is set aside with the reason, visibly.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from watchkeeper.alerts.message import compose
from watchkeeper.alerts.sinks.sink import Sink
from watchkeeper.domain.alert import Notice
from watchkeeper.domain.ports import Outbox
from watchkeeper.errors import InvalidInput, NotFound, Unavailable, WatchkeeperError

__all__ = ["Dispatcher"]

_FIRST_WAIT = timedelta(seconds=5)
_LONGEST_WAIT = timedelta(minutes=15)
_MOST_ATTEMPTS = 300  # about three days at the longest wait


@dataclass(frozen=True, slots=True)
class Dispatcher:
    """Sends due notices; ``find_sink`` gives the sink of (route, place), or raises NotFound."""

    outbox: Outbox
    find_sink: Callable[[str, int], Sink]

    def send_due(self, now: datetime, *, limit: int = 100) -> Mapping[str, int]:
        """Try every notice that is due once; returns how many were sent, delayed and refused.

        One slow or dead receiver delays only its own notices: after its first failure in a round
        the others of the same sink wait for the next.
        """
        counts = {"sent": 0, "delayed": 0, "refused": 0}
        failing: set[tuple[str, int]] = set()
        for notice, attempts in self.outbox.due(now, limit=limit):
            address = (notice.route, notice.sink)
            if address in failing:
                continue
            outcome = self._send(notice, attempts, now)
            counts[outcome] += 1
            if outcome == "delayed":
                failing.add(address)
        return counts

    def _send(self, notice: Notice, attempts: int, now: datetime) -> str:
        try:
            self.find_sink(notice.route, notice.sink).send(notice, compose(notice))
        except Unavailable as error:
            return self._again_later(notice, attempts, now, str(error))
        except (InvalidInput, NotFound) as error:
            self.outbox.refused(notice.key, reason=str(error), at=now)
            return "refused"
        except WatchkeeperError as error:
            return self._again_later(notice, attempts, now, str(error))
        self.outbox.sent(notice.key, at=now)
        return "sent"

    def _again_later(self, notice: Notice, attempts: int, now: datetime, reason: str) -> str:
        if attempts >= _MOST_ATTEMPTS:
            self.outbox.refused(notice.key, reason=f"gave up: {reason}", at=now)
            return "refused"
        wait = min(_FIRST_WAIT * 2.0**attempts, _LONGEST_WAIT) * random.uniform(0.8, 1.2)  # noqa: S311 - jitter
        self.outbox.delayed(notice.key, reason=reason, next_attempt_at=now + wait)
        return "delayed"
