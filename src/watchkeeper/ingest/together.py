"""Many acknowledgements in one transaction: what makes a commit slow is the disk, not its size.

Whoever comes while a transaction is being committed waits; the first of them then commits the work
of all. So a lone batch waits for nobody, and a thousand small ones a second share some hundred
commits. Where the transaction of several fails, each is tried in one of its own, so that nobody
bears the fault of another.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, TypeVar

from watchkeeper.catalog.inbox import Inbox, InboxWrite
from watchkeeper.errors import Unavailable
from watchkeeper.ingest.id_index import IdIndex, IdSession

__all__ = ["Together"]

_T = TypeVar("_T")
_MOST = 64


@dataclass(slots=True)
class _Job(Generic[_T]):
    act: Callable[[InboxWrite, IdSession], _T]
    done: bool = False
    result: _T | None = None
    error: BaseException | None = None


class Together:
    """Runs work on the inbox, a transaction at a time, with the index of ids."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._index = IdIndex()
        self._waiting: deque[_Job[object]] = deque()
        self._leading = threading.Lock()

    def run(self, act: Callable[[InboxWrite, IdSession], _T]) -> _T:
        """Do ``act`` in a transaction and return what it did once that is durable.

        ``act`` may be done twice, of which one is undone; what it raises undoes its own part.
        """
        job: _Job[_T] = _Job(act)
        self._waiting.append(job)  # type: ignore[arg-type]  # the queue does not look at results
        with self._leading:
            while not job.done:
                self._lead()
        if job.error is not None:
            raise job.error
        return job.result  # type: ignore[return-value]  # done without an error

    def _lead(self) -> None:
        jobs = [self._waiting.popleft() for _ in range(min(_MOST, len(self._waiting)))]
        try:
            self._commit(jobs)
        except Exception as error:  # noqa: BLE001  told to each caller below
            alone = len(jobs) == 1 or isinstance(error, Unavailable)
            for job in jobs:
                try:
                    if alone:
                        job.error = error
                    else:
                        self._commit([job])
                except Exception as own:  # noqa: BLE001  raised in its caller's thread
                    job.error = own
        finally:
            for job in jobs:
                job.done = True

    def _commit(self, jobs: Sequence[_Job[object]]) -> None:
        with self._inbox.write() as inbox:
            session = self._index.session(inbox.ids)
            if len(jobs) == 1:  # the transaction is its own: whatever it raises undoes that
                jobs[0].error = None
                jobs[0].result = jobs[0].act(inbox, session)
            else:
                for job in jobs:
                    _try(job, inbox, session)
            made = session.write(datetime.now(UTC))
        self._index.keep(made)


def _try(job: _Job[object], inbox: InboxWrite, session: IdSession) -> None:
    """Do a job in a step of the transaction; what it raises undoes its own step alone."""
    mark, job.error = session.mark(), None
    try:
        with inbox.step():
            job.result = job.act(inbox, session)
    except Exception as error:  # noqa: BLE001  raised in its caller's thread
        session.undo(mark)
        job.error = error
