"""`watch`: logs what a predict function is asked and answers, and changes nothing else about it."""

from __future__ import annotations

import functools
import inspect
import logging
import threading
import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ParamSpec, TypeVar, cast

from watchkeeper.sdk.client import Client
from watchkeeper.sdk.logger import Logger

__all__ = ["last_prediction_id", "watch"]

P = ParamSpec("P")
R = TypeVar("R")
_log = logging.getLogger("watchkeeper.sdk")
_last: ContextVar[str | None] = ContextVar("watchkeeper_last_prediction_id", default=None)


def watch(
    model: str,
    *,
    version: str | None = None,
    client: Client | None = None,
    features: Callable[..., Mapping[str, object]] | None = None,
    answer: Callable[[Any], Mapping[str, object]] | None = None,
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Log each call of the decorated function, plain or ``async``, with latency and errors.

    Parameters
    ----------
    model, version
        What answers.
    client
        None: one made from the settings at the first call.
    features
        From the call's arguments to what the model saw. Without it: the one argument that is a
        mapping, else all arguments by name.
    answer
        From the result to a mapping with ``prediction`` and, where there is one, ``score``.
        Without it: the result itself where it is such a mapping, else it is the prediction.

    Notes
    -----
    What the function returns or raises is passed on untouched. Whatever goes wrong in logging,
    in ``features`` and ``answer`` too, is counted and logged, never raised.
    `last_prediction_id` gives the id of the latest call in the same thread or task.
    """
    watcher = _Watcher(model, version, client, features, answer)

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        signature = inspect.signature(function)

        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def watched_async(*args: P.args, **kwargs: P.kwargs) -> Any:
                call = watcher.begin(signature, args, kwargs)
                try:
                    result = await function(*args, **kwargs)
                except Exception as error:
                    watcher.end(call, None, error)
                    raise
                watcher.end(call, result, None)
                return result

            return cast("Callable[P, R]", watched_async)

        @functools.wraps(function)
        def watched(*args: P.args, **kwargs: P.kwargs) -> R:
            call = watcher.begin(signature, args, kwargs)
            try:
                result = function(*args, **kwargs)
            except Exception as error:
                watcher.end(call, None, error)
                raise
            watcher.end(call, result, None)
            return result

        return watched

    return decorate


def last_prediction_id() -> str | None:
    """The id under which this thread's or task's latest watched call was logged."""
    return _last.get()


@dataclass(frozen=True, slots=True)
class _Call:
    """One call: what the model saw (None where that could not be told) and when it began."""

    seen: Mapping[str, object] | None
    time: datetime
    began: float


class _Watcher:
    """Logs calls of one model. Nothing here raises."""

    def __init__(
        self,
        model: str,
        version: str | None,
        client: Client | None,
        features: Callable[..., Mapping[str, object]] | None,
        answer: Callable[[Any], Mapping[str, object]] | None,
    ) -> None:
        self._model, self._version, self._client = model, version, client
        self._features, self._answer = features, answer
        self._making = threading.Lock()
        self._logger: Logger | None = None
        self._told = False

    def begin(
        self, signature: inspect.Signature, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> _Call:
        """Note what is asked before the function can change it."""
        seen: Mapping[str, object] | None = None
        try:
            if self._features is not None:
                seen = dict(self._features(*args, **kwargs))
            else:
                seen = _arguments(signature, args, kwargs)
        except Exception as problem:  # noqa: BLE001  promise 2: watching never hurts the model
            self._say(problem)
        return _Call(seen, datetime.now(UTC), time.perf_counter())

    def end(self, call: _Call, result: object, error: Exception | None) -> None:
        """Log what was answered."""
        if call.seen is None:
            return
        latency_ms = (time.perf_counter() - call.began) * 1000.0
        try:
            answered = {} if error is not None else self._answered(result)
            identity = self._made().prediction(
                call.seen,
                prediction=answered.get("prediction"),
                score=answered.get("score"),
                time=call.time,
                latency_ms=latency_ms,
                error=None if error is None else f"{type(error).__name__}: {error}",
            )
            _last.set(identity)
        except Exception as problem:  # noqa: BLE001  as above
            self._say(problem)

    def _answered(self, result: object) -> Mapping[str, object]:
        if self._answer is not None:
            return self._answer(result)
        if isinstance(result, Mapping) and "prediction" in result:
            return result
        return {"prediction": result}

    def _made(self) -> Logger:
        if self._logger is None:
            with self._making:
                if self._client is None:
                    self._client = Client()
                self._logger = self._client.logger(self._model, version=self._version)
        return self._logger

    def _say(self, problem: Exception) -> None:
        if self._client is not None:
            self._client.drop(f"a call of {self._model!r} was not logged: {problem!r}")
        elif not self._told:
            self._told = True
            _log.warning("calls of %r are not logged: %r", self._model, problem)


def _arguments(
    signature: inspect.Signature, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> Mapping[str, object]:
    """The one mapping among the arguments, else all arguments by name."""
    bound = dict(signature.bind(*args, **kwargs).arguments)
    for name in ("self", "cls"):
        bound.pop(name, None)
    given = list(bound.values())
    if len(given) == 1 and isinstance(given[0], Mapping):
        return dict(given[0])
    return bound
