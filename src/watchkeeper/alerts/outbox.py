"""Sending what the outbox holds: each notice once, or again under the same key after a crash.

A notice stands in the catalog from the transaction that decided on it. It is marked sent only
after the receiver accepted it; only a crash between the two sends it once more, under the same
key. What a receiver will never take is set aside with the reason, visibly.

Every sink is a lane of its own: a slow or dead receiver holds up nobody else. After a failure its
lane rests, longer each time, up to a minute, and the notice itself up to a quarter of an hour, or
as long as the receiver asks.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from watchkeeper.alerts.chart import Chart
from watchkeeper.alerts.message import compose
from watchkeeper.alerts.sinks.sink import Delivery, Receipt, Refreshing, Sink
from watchkeeper.domain.alert import Notice
from watchkeeper.domain.outbox import Claim, Settled
from watchkeeper.domain.ports import Outbox
from watchkeeper.errors import InvalidInput, NotFound, RateLimited, Unavailable, WatchkeeperError

__all__ = ["Dispatcher", "Sources"]

_log = logging.getLogger(__name__)
_FIRST_WAIT, _LONGEST_WAIT = timedelta(seconds=5), timedelta(minutes=15)
_CHANCE = random.SystemRandom()
_LONGEST_ASKED = timedelta(hours=6)
_LONGEST_REST = timedelta(minutes=1)
_LEASE = timedelta(seconds=60)
_MOST_ATTEMPTS = 300  # about three days at the longest wait
_AT_ONCE = 8

Lane = tuple[str, int]


def _no_chart(_notice: Notice) -> Chart | None:
    return None


def _as_it_was(notice: Notice) -> Notice:
    return notice


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the dispatcher finds what it needs.

    ``find_sink`` gives the sink of (route, place), or raises NotFound; ``chart`` the picture of a
    notice; ``current`` a notice with its incidents and alerts as they stand now.
    """

    find_sink: Callable[[str, int], Sink]
    chart: Callable[[Notice], Chart | None] = _no_chart
    current: Callable[[Notice], Notice] = _as_it_was


@dataclass(slots=True)
class _Rest:
    failures: int = 0
    until: datetime | None = None


@dataclass(slots=True)
class Dispatcher:
    """Sends due notices from ``outbox``; several may work on one outbox, on several machines."""

    outbox: Outbox
    sources: Sources
    lease: timedelta = _LEASE
    _busy: set[Lane] = field(default_factory=set, init=False)
    _rests: dict[Lane, _Rest] = field(default_factory=dict, init=False)
    _guard: threading.Lock = field(default_factory=threading.Lock, init=False)
    _threads: ThreadPoolExecutor = field(init=False)

    def __post_init__(self) -> None:
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="send")

    def step(self, now: datetime, *, limit: int = 100) -> Sequence[Future[Mapping[str, int]]]:
        """Begin to send what is due, and do not wait for it; lanes that are at it go on."""
        clock = _clock_from(now)
        with self._guard:
            resting = {
                lane for lane, rest in self._rests.items() if rest.until and rest.until > now
            }
            lanes: dict[Lane, list[Notice]] = {}
            for notice in self.outbox.due(now, limit=limit, without=resting | self._busy):
                lanes.setdefault((notice.route, notice.sink), []).append(notice)
            self._busy |= set(lanes)
        begun = [
            self._threads.submit(self._work_off, lane, notices, clock)
            for lane, notices in lanes.items()
        ]
        begun.append(self._threads.submit(self._refresh_due, clock))
        for each in begun:
            each.add_done_callback(_tell_failure)
        return begun

    def send_due(self, now: datetime, *, limit: int = 100) -> Mapping[str, int]:
        """As `step`, and wait; how many notices were sent, delayed and refused."""
        counts = {"sent": 0, "delayed": 0, "refused": 0}
        begun = self.step(now, limit=limit)
        wait(begun)
        for each in begun:
            for outcome, number in each.result().items():
                counts[outcome] += number
        return counts

    def close(self) -> None:
        """Wait for what is being sent, and begin nothing more."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _work_off(
        self, lane: Lane, notices: Sequence[Notice], clock: Callable[[], datetime]
    ) -> Mapping[str, int]:
        counts = {"sent": 0, "delayed": 0, "refused": 0}
        try:
            for notice in notices:
                claim = self.outbox.claim(notice.key, clock(), until=clock() + self.lease)
                if claim is None:
                    continue
                outcome = self._send(notice, claim, clock)
                counts[outcome] += 1
                self._learn(lane, outcome, clock())
                if outcome == "delayed":
                    break
        finally:
            with self._guard:
                self._busy.discard(lane)
        return counts

    def _send(self, notice: Notice, claim: Claim, clock: Callable[[], datetime]) -> str:
        try:
            sink = self.sources.find_sink(notice.route, notice.sink)
        except NotFound as error:
            return self._refuse(claim, str(error), clock())
        except WatchkeeperError as error:  # a secret that is not there yet, for example
            return self._again_later(claim, error, clock())
        try:
            with self._kept(claim, clock):
                receipt = sink.send(self._delivery(notice, claim))
        except InvalidInput as error:
            return self._refuse(claim, str(error), clock())
        except WatchkeeperError as error:
            return self._again_later(claim, error, clock())
        self.outbox.sent(claim, _settled(receipt, clock()))
        return "sent"

    def _refuse(self, claim: Claim, reason: str, now: datetime) -> str:
        _log.error("notice refused", extra={"notice": claim.key, "reason": reason})
        self.outbox.refused(claim, reason=reason, at=now)
        return "refused"

    def _delivery(self, notice: Notice, claim: Claim) -> Delivery:
        try:
            chart = self.sources.chart(notice)
        except WatchkeeperError:  # a picture is no reason to keep silent
            _log.warning("no chart", exc_info=True, extra={"notice": notice.key})
            chart = None
        return Delivery(notice, compose(notice), chart, claim.earlier)

    def _again_later(self, claim: Claim, error: WatchkeeperError, now: datetime) -> str:
        if claim.attempts >= _MOST_ATTEMPTS:
            return self._refuse(claim, f"gave up: {error}", now)
        wait_for = _backoff(claim.attempts - 1, _LONGEST_WAIT)
        if isinstance(error, RateLimited):
            asked = timedelta(seconds=error.retry_after_seconds)
            wait_for = max(wait_for, min(asked, _LONGEST_ASKED))
        self.outbox.delayed(claim, reason=str(error), next_attempt_at=now + wait_for)
        return "delayed"

    def _learn(self, lane: Lane, outcome: str, now: datetime) -> None:
        """A lane that fails rests, so that a dead receiver is not tried for each of its notices."""
        with self._guard:
            if outcome != "delayed":
                self._rests.pop(lane, None)
                return
            rest = self._rests.setdefault(lane, _Rest())
            rest.until = now + _backoff(rest.failures, _LONGEST_REST)
            rest.failures += 1

    @contextmanager
    def _kept(self, claim: Claim, clock: Callable[[], datetime]) -> Iterator[None]:
        """The claim is prolonged as long as the block takes, however slow the receiver is."""
        done = threading.Event()

        def prolong() -> None:
            while not done.wait(self.lease.total_seconds() / 3):
                try:
                    self.outbox.prolong(claim, until=clock() + self.lease)
                except Unavailable:
                    _log.warning("claim not prolonged", extra={"notice": claim.key})

        keeper = threading.Thread(target=prolong, daemon=True)
        keeper.start()
        try:
            yield
        finally:
            done.set()
            keeper.join()

    def _refresh_due(self, clock: Callable[[], datetime]) -> Mapping[str, int]:
        for notice, claim in self.outbox.to_refresh(clock(), until=clock() + self.lease):
            try:
                sink = self.sources.find_sink(notice.route, notice.sink)
                if isinstance(sink, Refreshing):
                    now = self.sources.current(notice)
                    receipt = sink.refresh(Delivery(now, compose(now), None, claim.earlier))
                    self.outbox.refreshed(claim, _settled(receipt, clock()))
            except NotFound:
                self.outbox.refreshed(claim, Settled(clock(), "", claim.earlier))
            except WatchkeeperError as error:  # it comes up again when the lease is over
                _log.warning("not told again: %s", error, extra={"notice": notice.key})
        return {}


def _tell_failure(done: Future[Mapping[str, int]]) -> None:
    if not done.cancelled() and done.exception() is not None:
        _log.error("sending failed, it is tried again", exc_info=done.exception())


def _settled(receipt: Receipt, now: datetime) -> Settled:
    settled = Settled(now, receipt.answer, receipt.remember)
    if receipt.again_after is None:
        return settled
    return replace(settled, refresh_at=now + receipt.again_after)


def _backoff(failures: int, longest: timedelta) -> timedelta:
    jitter = _CHANCE.uniform(0.8, 1.2)
    return min(_FIRST_WAIT * 2.0 ** min(failures, 20), longest) * jitter


def _clock_from(now: datetime) -> Callable[[], datetime]:
    began = time.monotonic()
    return lambda: now + timedelta(seconds=time.monotonic() - began)
