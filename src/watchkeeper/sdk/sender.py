"""From the spool to the server: batches, retries, give-way.

A batch is all rows of one stream in one file; its name is the file's. What the server cannot take
now (no answer, 5xx, 429, no valid key) stays in the spool and everything waits; what it cannot
take yet for one model (the model is not known there) waits alone; what it will never take is
counted as rejected and logged.
"""

from __future__ import annotations

import gzip
import os
import random
import socket
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime

from watchkeeper.domain.sending import SENDING_HEADER, Sending, SentCounts, encode_sending
from watchkeeper.sdk.batches import Batch, Contents, Part, contents_of
from watchkeeper.sdk.counters import Counters, Stream
from watchkeeper.sdk.http import Answer, Failure, Http, model_path
from watchkeeper.sdk.pace import Pace
from watchkeeper.sdk.packing import LABELS, PREDICTIONS
from watchkeeper.sdk.shelf import Ready
from watchkeeper.sdk.spool import Spool

__all__ = ["Sender"]

_FIRST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS = 0.25, 30.0
_CHANCE = random.SystemRandom()  # who seeded the program's random numbers finds them as they were
_ADOPT_SECONDS = 10.0
_TELL_SECONDS = 30.0
_WAIT_FOR_ALL = frozenset({0, 401, 403, 408, 425, 429})
_WAIT_FOR_ONE = frozenset({404})
_SPLIT = 413
_SERVER_ERROR = 500
_BACKLOG_FILES = 3
_TOLD = frozenset({PREDICTIONS, LABELS})
_HURRIED_SECONDS = 0.0005
_EMPTY = gzip.compress(b'{"rows":[]}', 1, mtime=0)


class _Later(Exception):
    """The batch stays in the spool; ``all_wait`` where the whole server is out of reach."""

    def __init__(self, failure: Failure, *, all_wait: bool) -> None:
        super().__init__(str(failure.error))
        self.failure = failure
        self.all_wait = all_wait


class Sender:
    """Sends what the spool holds; `round` does so once."""

    def __init__(
        self,
        spool: Spool,
        http: Http,
        counters: Counters,
        *,
        interval_seconds: float,
        horizon_seconds: float,
    ) -> None:
        self._spool = spool
        self._http = http
        self._counters = counters
        self._interval = interval_seconds
        self._horizon = horizon_seconds
        self.failed = 0  # rounds that ended without their rows sent
        self._failures = 0
        self._not_before = 0.0
        self._adopted_at = -_ADOPT_SECONDS
        self._told_at = time.monotonic()
        self._done: set[str] = set()
        self._one_round = threading.Lock()
        self._host = socket.gethostname()[:200] or "unknown"

    def round(self) -> float:
        """Seal, send every file, and return the seconds to wait until the next round.

        Where the server asked to be left alone for a time, nothing is sent until then.
        """
        with self._one_round:
            self._adopt()
            self._spool.seal()
            wait = max(0.0, self._not_before - time.monotonic())
            if wait > 0:
                self.failed += 1
                return wait
            files = self._spool.ready()
            for place, ready in enumerate(files):
                try:
                    self._send(ready, hurried=len(files) - place > _BACKLOG_FILES)
                except _Later as later:
                    wait = max(wait, self._back_off(later.failure))
                    if later.all_wait:
                        return wait
            if wait == 0:
                self._failures = 0
                self._tell()
            return max(wait, self._interval)

    def tick(self) -> float:
        """As `round`, which must not end the thread, whatever happens."""
        try:
            return self.round()
        except Exception as error:  # noqa: BLE001  the thread must outlive it
            self.failed += 1
            self._counters.warn("sender", f"sending to {self._http.url} failed: {error!r}")
            return _LONGEST_WAIT_SECONDS

    def say_closed(self) -> None:
        """Tell the server that no more rows will come of this process, where it has them all."""
        if self._failures or not self._spool.is_empty():
            return
        for stream in self._counters.streams():
            if (
                stream.kind in _TOLD
                and any(stream.to_tell)
                and not self._tell_one(stream, closed=True)
            ):
                return

    def _adopt(self) -> None:
        now = time.monotonic()
        if now - self._adopted_at < _ADOPT_SECONDS:
            return
        self._adopted_at = now
        self._spool.adopt()

    def _back_off(self, failure: Failure) -> float:
        self._counters.warn(f"later-{failure.status}", f"rows wait to be sent: {failure.error}")
        self.failed += 1
        longest = min(_LONGEST_WAIT_SECONDS, _FIRST_WAIT_SECONDS * 2.0**self._failures)
        self._failures = min(self._failures + 1, 20)
        jittered = longest * _CHANCE.uniform(0.5, 1.0)
        asked = failure.retry_after_seconds or 0.0
        self._not_before = time.monotonic() + asked
        return max(jittered, asked)

    def _send(self, ready: Ready, *, hurried: bool) -> None:
        content = self._spool.hold(ready)
        if content is None:  # it had to make room meanwhile
            return
        pace = Pace(piece_seconds=_HURRIED_SECONDS) if hurried else Pace()
        found = contents_of(ready, content, pace)
        later: _Later | None = None
        for batch in found.batches:
            try:
                self._send_batch(ready, content, batch)
            except _Later as problem:
                if problem.all_wait:
                    raise
                later = problem
        if later is not None:
            raise later
        self._account(ready, found)
        if found.unknown:
            self._spool.set_aside(ready)
        else:
            self._spool.forget(ready)
        self._done = {name for name in self._done if not name.startswith(ready.identity)}

    def _send_batch(self, ready: Ready, content: bytes, batch: Batch) -> None:
        if batch.name in self._done:  # another batch of the same file waited
            return
        stream = self._stream(ready, batch)
        told = stream.to_tell
        found = self._http.attempt(
            "POST",
            model_path(batch.model, batch.kind),
            batch.body.data,
            self._headers(ready, batch, stream),
        )
        if isinstance(found, Answer):
            stream.told = told
            self._count(ready, batch, found)
        elif found.status in _WAIT_FOR_ALL or found.status >= _SERVER_ERROR:
            raise _Later(found, all_wait=True)
        elif found.status in _WAIT_FOR_ONE:
            raise _Later(found, all_wait=False)
        elif found.status == _SPLIT and batch.rows > 1:
            for part in batch.halves():
                self._send_part(ready, content, part)
        else:
            self._refused(ready, batch, found)
        self._done.add(batch.name)

    def _send_part(self, ready: Ready, content: bytes, part: Part) -> None:
        for batch in contents_of(ready, content, Pace(), only=part).batches:
            self._send_batch(ready, content, batch)

    def _headers(self, ready: Ready, batch: Batch, stream: Stream) -> dict[str, str]:
        headers = {**batch.body.headers, "Idempotency-Key": batch.name}
        if batch.numbered:
            headers[SENDING_HEADER] = self._sending(ready.owner, stream, batch.numbers)
        return headers

    def _sending(
        self, client: str, stream: Stream, numbers: range | None, *, closed: bool = False
    ) -> str:
        spooled, dropped, refused, sampled = stream.to_tell
        last = numbers.stop - 1 if numbers else 0
        own = client == self._spool.client_id
        return encode_sending(
            Sending(
                client_id=client,
                sent_at=datetime.now(UTC),
                first_sequence=numbers.start if numbers else None,
                last_sequence=last or None,
                counts=SentCounts(max(spooled, last), dropped, refused, sampled),
                host=self._host if own else "",
                pid=os.getpid() if own else 0,
                horizon_seconds=self._horizon,
                closed=closed,
            )
        )

    def _stream(self, ready: Ready, batch: Batch) -> Stream:
        """The counts that belong to a batch: this process's own, or what one that is gone noted."""
        if ready.owner == self._spool.client_id:
            return self._counters.stream(batch.model, batch.kind)
        dropped, refused, sampled = batch.noted
        return Stream(batch.model, batch.kind, dropped=dropped, refused=refused, sampled=sampled)

    def _tell(self) -> None:
        """Tell the server of rows that were dropped or sampled out, where no batch did."""
        now = time.monotonic()
        if now - self._told_at < _TELL_SECONDS:
            return
        self._told_at = now
        for stream in self._counters.streams():
            if (
                stream.kind in _TOLD
                and stream.to_tell != stream.told
                and not self._tell_one(stream, closed=False)
            ):
                return

    def _tell_one(self, stream: Stream, *, closed: bool) -> bool:
        told, client = stream.to_tell, self._spool.client_id
        found = self._http.attempt(
            "POST",
            model_path(stream.model, stream.kind),
            _EMPTY,
            {
                "Content-Type": "application/json",
                "Content-Encoding": "gzip",
                "Idempotency-Key": f"{client}-{'-'.join(map(str, told))}-{int(closed)}",
                SENDING_HEADER: self._sending(client, stream, None, closed=closed),
            },
        )
        if isinstance(found, Answer):
            stream.told = told
        return isinstance(found, Answer) or found.status in _WAIT_FOR_ONE

    def _count(self, ready: Ready, batch: Batch, answer: Answer) -> None:
        data = answer.data if isinstance(answer.data, Mapping) else {}
        rejected = min(batch.rows, int(data.get("rejected", 0)))
        self._credit(ready, batch, "sent", batch.rows - rejected)
        self._credit(ready, batch, "rejected", rejected)
        if rejected:
            first = (data.get("rejections") or [{}])[0]
            self._counters.warn(
                "quarantine",
                f"{rejected} rows went to quarantine, the first because: {first.get('detail', '')}",
            )

    def _refused(self, ready: Ready, batch: Batch, failure: Failure) -> None:
        self._credit(ready, batch, "rejected", batch.rows)
        self._credit(ready, batch, "refused", batch.rows)
        self._counters.warn(
            f"rejected-{batch.model}",
            f"{batch.rows} {batch.kind} of {batch.model!r} were refused: {failure.error}",
        )

    def _credit(self, ready: Ready, batch: Batch, fate: str, rows: int) -> None:
        if ready.owner == self._spool.client_id:
            self._counters.add(fate, rows, stream=self._stream(ready, batch))
        elif fate == "sent":
            self._counters.inherit(rows)

    def _account(self, ready: Ready, found: Contents) -> None:
        """Say what of a file could not be read. Its numbers are missing at the server, too."""
        if found.unknown:
            self._counters.warn(
                "unknown", f"{ready.path} was written by a later version and is left out: upgrade"
            )
        elif found.damaged or found.unreadable:
            self._counters.warn(
                "damaged",
                f"{found.damaged} stretches and {found.unreadable} rows of {ready.path} could not "
                "be read and are lost",
            )
        if ready.owner == self._spool.client_id:
            self._counters.add("lost", found.damaged + found.unreadable)
