"""What every door has: a client, made at the first use where none is given, and rows into it."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from itertools import repeat

from watchkeeper.errors import InvalidInput
from watchkeeper.sdk.answers import Answer
from watchkeeper.sdk.client import Client
from watchkeeper.sdk.logger import Logger
from watchkeeper.sdk.tables import Row, Table
from watchkeeper.sdk.trace import trace_now
from watchkeeper.settings import Settings

__all__ = [
    "Asked",
    "Door",
    "default_client",
    "error_text",
    "last_prediction_id",
    "last_prediction_ids",
]

_log = logging.getLogger("watchkeeper.sdk")
_LONGEST_ERROR = 1000
_making = threading.RLock()
_defaults: dict[tuple[str, str, str], Client] = {}
_last: ContextVar[tuple[str, ...]] = ContextVar("watchkeeper_last_prediction_ids", default=())


def last_prediction_id() -> str | None:
    """The id under which this thread's or task's latest watched call was logged; of a call with
    many rows that of the last row, None before any.
    """
    ids = _last.get()
    return ids[-1] if ids else None


def last_prediction_ids() -> tuple[str, ...]:
    """The ids of all rows of this thread's or task's latest watched call, in their order."""
    return _last.get()


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked, when, and how long the answer took; ``ids`` where the caller has its own."""

    rows: Table
    time: datetime
    latency_ms: float | None = None
    error: str | None = None
    trace_id: str | None = None
    ids: tuple[str, ...] = ()


class Door:
    """One version of a model, as calls of it are seen at one place. No method raises."""

    def __init__(self, model: str, version: str | None, to: Client | Logger | None) -> None:
        self.model, self.version = model, version
        self._logger = to if isinstance(to, Logger) else None
        self._client = to.client if isinstance(to, Logger) else to
        self._told = False

    def one(self, row: Row, answer: Answer, time: datetime, latency_ms: float) -> None:
        """Log one row with its answer, the usual case."""
        try:
            identity = (self._logger or self._made()).prediction(
                row,
                prediction=answer.get("prediction"),
                score=answer.get("score"),
                time=time,
                latency_ms=latency_ms,
                trace_id=trace_now(),
            )
            _last.set((identity,))
        except Exception as problem:  # noqa: BLE001  promise 2: watching never hurts the model
            self.refuse(problem)

    def answered(self, asked: Asked, answers: Iterable[Answer]) -> None:
        """Log each row with its answer; where fewer can be told, the other rows are dropped."""
        logged: list[str] = []
        try:
            log, ids = self._made().prediction, asked.ids or repeat(None)
            time, latency_ms = asked.time, asked.latency_ms
            error, trace_id = asked.error, asked.trace_id
            for (row, answer), identity in zip(zip(asked.rows, answers, strict=True), ids):  # noqa: B905  ids may be endless
                logged.append(
                    log(
                        row,
                        prediction=answer.get("prediction"),
                        score=answer.get("score"),
                        prediction_id=identity,
                        time=time,
                        latency_ms=latency_ms,
                        error=error,
                        trace_id=trace_id,
                    )
                )
        except Exception as problem:  # noqa: BLE001  as above
            self.refuse(problem, asked.rows.size - len(logged))
        if logged:
            _last.set(tuple(logged))

    def failed(self, asked: Asked) -> None:
        """Log each row without an answer, because of ``asked.error``."""
        self.answered(asked, ({} for _ in range(asked.rows.size)))

    def label(self, prediction_id: str, value: object, *, time: datetime | None) -> None:
        """Log the truth of a prediction."""
        try:
            self._made().label(prediction_id, value, time=time)
        except Exception as problem:  # noqa: BLE001  as above
            self.refuse(problem)

    def refuse(self, problem: Exception | str, rows: int = 1) -> None:
        """Count rows that cannot be logged, and say why at most once a minute."""
        if self._client is not None:
            self._client.drop(f"a call of {self.model!r} was not logged: {_shown(problem)}", rows)
        elif not self._told:
            self._told = True
            _log.warning("calls of %r are not logged: %s", self.model, _shown(problem))

    def _made(self) -> Logger:
        if self._logger is None:
            with _making:
                if self._client is None:
                    self._client = default_client()
                self._logger = self._client.logger(self.model, version=self.version)
        return self._logger


def default_client() -> Client:
    """The one client of all doors that were given none: one for each server, key and home."""
    settings = Settings.load()
    named = (settings.url, settings.api_key, str(settings.home))
    with _making:
        if named not in _defaults:
            _defaults[named] = Client()
        return _defaults[named]


def _in_child() -> None:
    """After a fork: whoever held the lock is not here."""
    global _making  # noqa: PLW0603  a lock is renewed by replacing it
    _making = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)


def error_text(error: BaseException) -> str:
    """The kind of an error and what it says, cut short; its own text may raise."""
    try:
        return f"{type(error).__name__}: {error}"[:_LONGEST_ERROR]
    except Exception:  # noqa: BLE001  promise 2
        return type(error).__name__


def _shown(problem: Exception | str) -> str:
    if isinstance(problem, str):
        return problem
    return str(problem) if isinstance(problem, InvalidInput) else error_text(problem)
