"""All figures pushed to where the operator said, by Prometheus' remote write."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from watchkeeper.alerts.transport.http import Post, Reach, check_url, post, retry_after
from watchkeeper.interop.prometheus.remote_write import RemoteWriter, Taken
from watchkeeper.interop.prometheus.wire import HEADERS
from watchkeeper.server.telemetry.exposing import Exposing

__all__ = ["Pushing", "Receiving", "pushing"]

_JOB = "watchkeeper"


@dataclass(frozen=True, slots=True)
class Receiving:
    """Who receives: a URL that the operator chose, so it may be on any network."""

    url: str = field(repr=False)
    token: str = field(default="", repr=False)

    def send(self, body: bytes) -> Taken:
        """Post a body once; Unavailable where nobody answered."""
        shown = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        answer = post(Post(self.url, body, {**HEADERS, **shown}), Reach(allow_private=True))
        seconds = retry_after(answer.headers)
        wait = None if seconds is None else timedelta(seconds=seconds)
        return Taken(answer.status, answer.said(), wait)


@dataclass(slots=True)
class Pushing:
    """Takes the figures every so often, and sends what waits. Used by one thread."""

    exposing: Exposing
    writer: RemoteWriter
    every: timedelta
    _taken_at: datetime | None = None

    def step(self) -> None:
        """Do what is due; to be called every second or so."""
        itself = self.exposing.itself
        now, telemetry = itself.now(), itself.telemetry
        if self._taken_at is None or not timedelta() <= now - self._taken_at < self.every:
            self.writer.take(self.exposing.collect(), now)
            self._taken_at = now
        self.writer.flush(now)
        telemetry.waiting_to_write.set(self.writer.waiting)
        if self.writer.sent_at is not None:
            telemetry.written_at.set(self.writer.sent_at.timestamp())


def pushing(exposing: Exposing, receiving: Receiving, every: timedelta) -> Pushing:
    """What pushes to a receiver; InvalidInput where its URL is none."""
    check_url(receiving.url, what="remote write")
    counted = exposing.itself.telemetry.written

    def told(outcome: str, samples: int) -> None:
        counted.labels(outcome).inc(samples)

    for outcome in ("sent", "refused", "overdue"):
        told(outcome, 0)
    labels = {"job": _JOB, "instance": exposing.itself.host}
    return Pushing(exposing, RemoteWriter(receiving.send, told, labels), every)
