"""From the spool to the server, in the background: batches, retries, give-way.

A batch is all rows of one model and kind in one sealed segment; its id is the segment's. What the
server cannot take now (no answer, 5xx, 429, no valid key) stays in the spool and everything waits;
what it cannot take yet for one model (the model is not known there) waits alone; what it will
never take is counted as rejected and logged.
"""

from __future__ import annotations

import gzip
import json
import random
import threading
import time
from collections.abc import Mapping, Sequence

from watchkeeper.sdk.counters import Counters
from watchkeeper.sdk.http import Answer, Failure, Http, model_path
from watchkeeper.sdk.spool import Segment, Spool

__all__ = ["Sender"]

_FIRST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS = 0.25, 30.0
_ADOPT_SECONDS = 60.0
_WAIT_FOR_ALL = frozenset({0, 401, 403, 408, 425, 429})
_WAIT_FOR_ONE = frozenset({404})
_SPLIT = 413
_SERVER_ERROR = 500
_GZIP_LEVEL = 1  # nine tenths of the saving at a fifth of the time


class _Later(Exception):
    """The batch stays in the spool; ``all_wait`` where the whole server is out of reach."""

    def __init__(self, failure: Failure, *, all_wait: bool) -> None:
        super().__init__(str(failure.error))
        self.failure = failure
        self.all_wait = all_wait


class Sender:
    """Sends what the spool holds; `round` does so once, `start` over and over in a thread."""

    def __init__(
        self, spool: Spool, http: Http, counters: Counters, *, interval_seconds: float
    ) -> None:
        self._spool = spool
        self._http = http
        self._counters = counters
        self._interval = interval_seconds
        self._failures = 0
        self._adopted_at = -_ADOPT_SECONDS
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._one_round = threading.Lock()
        self._wake = threading.Event()
        self._stopping = False

    def start(self) -> None:
        """Run in the background; does nothing where it does already."""
        if self._thread is not None:
            return
        with self._starting:
            if self._thread is None and not self._stopping:
                self._thread = threading.Thread(
                    target=self._run, name="watchkeeper-sender", daemon=True
                )
                self._thread.start()

    def flush(self, timeout_seconds: float) -> bool:
        """Send all of this process's rows; False where they were not all sent in time.

        A round that waits for a slow server is not interrupted: the timeout bounds the waiting.
        """
        self.start()
        self._wake.set()
        until = time.monotonic() + timeout_seconds
        while not self._spool.is_empty():
            if time.monotonic() >= until:
                return False
            time.sleep(0.01)
        return True

    def stop(self, timeout_seconds: float) -> None:
        """End the thread and give up the spool; a thread that is busy for longer than the timeout
        does so itself, once its request is answered.
        """
        with self._starting:
            self._stopping = True
            self._wake.set()
            if self._thread is None:
                self._spool.close()
        if self._thread is not None:
            self._thread.join(timeout_seconds)

    def round(self) -> float:
        """Seal, send every segment, and return the seconds to wait until the next round."""
        with self._one_round:
            self._adopt()
            self._spool.seal()
            wait = 0.0
            for segment in self._spool.sealed():
                try:
                    self._send(segment)
                except _Later as later:
                    wait = max(wait, self._back_off(later.failure))
                    if later.all_wait:
                        return wait
            if wait == 0:
                self._failures = 0
            return max(wait, self._interval)

    def _run(self) -> None:
        while not self._stopping:
            try:
                wait = self.round()
            except Exception as error:  # noqa: BLE001  the thread must outlive whatever happens
                self._counters.warn("sender", f"sending to {self._http.url} failed: {error!r}")
                wait = _LONGEST_WAIT_SECONDS
            if not self._stopping:
                self._wake.wait(wait)
                self._wake.clear()
        self._spool.close()

    def _adopt(self) -> None:
        now = time.monotonic()
        if now - self._adopted_at >= _ADOPT_SECONDS:
            self._adopted_at = now
            self._spool.adopt()

    def _back_off(self, failure: Failure) -> float:
        self._counters.warn(f"later-{failure.status}", f"rows wait to be sent: {failure.error}")
        longest = min(_LONGEST_WAIT_SECONDS, _FIRST_WAIT_SECONDS * 2.0**self._failures)
        self._failures = min(self._failures + 1, 20)
        jittered = longest * random.uniform(0.5, 1.0)  # noqa: S311  jitter, no secret
        return max(jittered, failure.retry_after_seconds or 0.0)

    def _send(self, segment: Segment) -> None:
        later: _Later | None = None
        for (model, kind), rows in _batches(segment.read()).items():
            batch = f"{segment.identity}-{kind}-{model}"
            try:
                self._send_rows(model, kind, batch, rows)
            except _Later as found:
                if found.all_wait:
                    raise
                later = found
        if later is not None:
            raise later
        self._spool.forget(segment)

    def _send_rows(self, model: str, kind: str, batch: str, rows: Sequence[bytes]) -> None:
        body = b'{"rows":[' + b",".join(rows) + b"]}"
        found = self._http.attempt(
            "POST",
            model_path(model, kind),
            gzip.compress(body, _GZIP_LEVEL, mtime=0),
            {
                "Content-Type": "application/json",
                "Content-Encoding": "gzip",
                "Idempotency-Key": batch,
            },
        )
        if isinstance(found, Answer):
            self._count(found, len(rows))
        elif found.status in _WAIT_FOR_ALL or found.status >= _SERVER_ERROR:
            raise _Later(found, all_wait=True)
        elif found.status in _WAIT_FOR_ONE:
            raise _Later(found, all_wait=False)
        elif found.status == _SPLIT and len(rows) > 1:
            half = len(rows) // 2
            self._send_rows(model, kind, f"{batch}-a", rows[:half])
            self._send_rows(model, kind, f"{batch}-b", rows[half:])
        else:
            self._counters.add("rejected", len(rows))
            self._counters.warn(
                f"rejected-{model}", f"{len(rows)} {kind} of {model!r} were refused: {found.error}"
            )

    def _count(self, answer: Answer, rows: int) -> None:
        data = answer.data if isinstance(answer.data, Mapping) else {}
        rejected = min(rows, int(data.get("rejected", 0)))
        self._counters.add("sent", rows - rejected)
        if rejected:
            first = (data.get("rejections") or [{}])[0]
            self._counters.add("rejected", rejected)
            self._counters.warn(
                "quarantine",
                f"{rejected} rows went to quarantine, the first because: {first.get('detail', '')}",
            )


def _batches(content: bytes) -> dict[tuple[str, str], list[bytes]]:
    found: dict[tuple[str, str], list[bytes]] = {}
    for line in content.splitlines():
        model, kind, row = line.split(b"\t", 2)
        found.setdefault((json.loads(model), kind.decode()), []).append(row)
    return found
