"""Pushing figures where nobody can scrape: Prometheus' remote write, in order and never twice.

Each time all figures are taken at one moment, and cut into requests that wait in a queue. The first
is sent until it is taken: 5xx, 429 and silence are tried again, after ``Retry-After`` or a pause
that doubles; any other answer says that it will never be taken, so it is let go and counted. Nothing
overtakes, so no sample comes out of order. What waits too long is let go from its oldest end.
"""

from __future__ import annotations

import logging
import math
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Protocol

from prometheus_client.core import Metric

from watchkeeper.errors import Unavailable
from watchkeeper.interop.prometheus.wire import STALE, Labels, compressed, write_request

__all__ = ["Outcome", "RemoteWriter", "Taken"]

_log = logging.getLogger(__name__)
_AT_ONCE = 2_000  # series of one request
_MOST_WAITING = 64 * 2**20  # bytes
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=1), timedelta(minutes=1)
_TOO_MANY = 429


@dataclass(frozen=True, slots=True)
class Taken:
    """What the receiver answered: its status, and how long it asks to wait."""

    status: int
    said: str = ""
    wait: timedelta | None = None


Outcome = Callable[[str, int], None]


class _Send(Protocol):
    def __call__(self, body: bytes) -> Taken:
        """Post a body once; Unavailable where nobody answered."""
        ...


@dataclass(frozen=True, slots=True)
class _Request:
    body: bytes
    samples: int
    at: datetime


@dataclass(slots=True)
class RemoteWriter:
    """Writes to one receiver. Used by one thread.

    Parameters
    ----------
    send
        Posts a body once.
    told
        Is told what became of how many samples: ``sent``, ``refused``, ``overdue``.
    labels
        Added to every series.
    most_waiting
        Bytes that wait at most.
    """

    send: _Send
    told: Outcome
    labels: Mapping[str, str] = field(default_factory=dict)
    most_waiting: int = _MOST_WAITING
    sent_at: datetime | None = None
    _queue: deque[_Request] = field(default_factory=deque)
    _last: frozenset[Labels] = frozenset()
    _taken_at: datetime | None = None
    _not_before: datetime | None = None
    _pause: timedelta = _FIRST_PAUSE

    @property
    def waiting(self) -> int:
        """How many samples wait."""
        return sum(request.samples for request in self._queue)

    def take(self, metrics: Iterable[Metric], at: datetime) -> None:
        """Queue the figures of a moment. A clock that went back adds nothing until it has caught
        up: the receiver would refuse what is older than what it has.
        """
        if self._taken_at is not None and at <= self._taken_at:
            _log.warning("figures are not written while the clock is behind where it was")
            return
        series = dict(self._series(metrics))
        ended = dict.fromkeys(self._last - series.keys(), STALE)
        self._last, self._taken_at = frozenset(series), at
        left = iter((series | ended).items())
        while some := list(islice(left, _AT_ONCE)):
            body = compressed(write_request(some, round(at.timestamp() * 1e3)))
            self._queue.append(_Request(body, len(some), at))
        self._let_go()

    def flush(self, now: datetime) -> None:
        """Send what waits, as far as the receiver takes it now."""
        while self._queue and (self._not_before is None or now >= self._not_before):
            request = self._queue[0]
            try:
                answer = self.send(request.body)
            except Unavailable as error:
                answer = Taken(0, str(error))
            if answer.status in {0, _TOO_MANY} or answer.status >= 500:
                self._not_before = now + (answer.wait or self._pause)
                self._pause = min(2 * self._pause, _LONGEST_PAUSE)
                _log.warning("remote write waits status=%s %s", answer.status, answer.said)
                return
            self._done(request, answer)

    def _done(self, request: _Request, answer: Taken) -> None:
        self._queue.popleft()
        self._pause, self._not_before = _FIRST_PAUSE, None
        if 200 <= answer.status < 300:
            self.told("sent", request.samples)
            self.sent_at = request.at
        else:
            self.told("refused", request.samples)
            _log.error("remote write was refused status=%s %s", answer.status, answer.said)

    def _let_go(self) -> None:
        while sum(len(request.body) for request in self._queue) > self.most_waiting:
            self.told("overdue", self._queue.popleft().samples)

    def _series(self, metrics: Iterable[Metric]) -> Iterable[tuple[Labels, float]]:
        for metric in metrics:
            for sample in metric.samples:
                # A label without a value is none, and no number is no figure.
                named = {"__name__": sample.name, **self.labels, **sample.labels}
                if not math.isnan(sample.value):
                    yield tuple(sorted((k, v) for k, v in named.items() if v)), sample.value
