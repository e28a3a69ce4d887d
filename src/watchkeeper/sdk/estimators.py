"""`watch_estimator`: logs what a fitted estimator of scikit-learn's kind predicts.

The estimator stays what it is: the watch is laid over two of its methods in the instance itself,
so its class, its parameters and its fitted state are untouched. What is made from it by `clone`,
`copy`, `pickle` or `joblib` is not watched, and can be loaded where Watchkeeper is not installed.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, TypeVar

from watchkeeper.errors import InvalidInput
from watchkeeper.sdk.answers import Answer, answers_of
from watchkeeper.sdk.client import Client
from watchkeeper.sdk.door import Asked, Door, error_text
from watchkeeper.sdk.logger import Logger
from watchkeeper.sdk.tables import Table, table_of, values_of
from watchkeeper.sdk.trace import trace_now

__all__ = ["watch_estimator"]

E = TypeVar("E")
_PREDICT, _PROBABILITIES = "predict", "predict_proba"
_STATE = "__getstate__"
# Estimators whose own watched method is running here: what they call of themselves is no call.
_running: ContextVar[frozenset[int]] = ContextVar(
    "watchkeeper_running_estimators", default=frozenset()
)


def watch_estimator(
    estimator: E,
    model: str,
    *,
    version: str | None = None,
    client: Client | Logger | None = None,
    features: Sequence[str] | None = None,
    methods: Sequence[str] | None = None,
) -> E:
    """Log every row that the estimator predicts, with its scores; returns the estimator itself.

    Parameters
    ----------
    estimator
        Anything with ``predict(X)``: an estimator or pipeline of scikit-learn, or one of a library
        that follows it (XGBoost, LightGBM, CatBoost).
    model, version
        What answers.
    client
        Where rows go; a logger where they are sampled, or columns have policies. None: a client
        that is made from the settings at the first call.
    features
        The names of the columns of ``X``; of a table those that are logged. None: those that the
        estimator was fitted with (``feature_names_in_``), else the table's own, else ``x0``,
        ``x1``, ….
    methods
        Which are watched: ``predict``, ``predict_proba``; None: both, where it has both. A service
        that asks both for one answer names one, or each answer is logged twice.

    Raises
    ------
    InvalidInput
        Where the estimator lacks a method that is named, or has none, or is watched already.

    Notes
    -----
    ``predict`` logs predictions. ``predict_proba`` logs scores, of two classes that of
    ``classes_[1]``, of more one for each class, and the most probable class as the prediction.
    What either returns or raises is passed on untouched.
    """
    chosen = _methods(estimator, methods)
    door = Door(model, version, client)
    for name in chosen:
        vars(estimator)[name] = _Watched(estimator, name, door, features)
    vars(estimator)[_STATE] = functools.partial(_plain_state, estimator)
    return estimator


def _methods(estimator: Any, methods: Sequence[str] | None) -> Sequence[str]:
    wanted = (_PREDICT, _PROBABILITIES) if methods is None else methods
    had = [name for name in wanted if callable(getattr(estimator, name, None))]
    kind = type(estimator).__name__
    if not had or (methods is not None and len(had) < len(wanted)):
        raise InvalidInput(f"an estimator must have {' or '.join(wanted)}, got a {kind}")
    if not set(wanted) <= {_PREDICT, _PROBABILITIES}:
        raise InvalidInput(f"methods must be of predict and predict_proba, got {list(wanted)}")
    if not hasattr(estimator, "__dict__"):
        raise InvalidInput(f"an estimator must take attributes, a {kind} has fixed slots")
    if any(isinstance(vars(estimator).get(name), _Watched) for name in had):
        raise InvalidInput(f"an estimator is watched once, this {kind} is already: clone it")
    return had


def _plain_state(estimator: Any) -> Any:
    """The state of the estimator without the watch: what its copies and pickles get."""
    state = getattr(type(estimator), _STATE)(estimator)
    if not isinstance(state, dict):
        return state
    return {
        name: value
        for name, value in state.items()
        if name != _STATE and not isinstance(value, _Watched)
    }


class _Watched:
    """One method of one estimator; it is called as the method is."""

    def __init__(
        self, estimator: Any, name: str, door: Door, features: Sequence[str] | None
    ) -> None:
        self._estimator, self._name = estimator, name
        self._door, self._features = door, features
        functools.update_wrapper(self, self._method)

    @property
    def _method(self) -> Callable[..., Any]:
        """The estimator's own, as its class has it now."""
        method: Callable[..., Any] = getattr(type(self._estimator), self._name).__get__(
            self._estimator
        )
        return method

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Answer as the estimator does, and log it."""
        running = _running.get()
        if id(self._estimator) in running:
            return self._method(*args, **kwargs)
        token = _running.set(running | {id(self._estimator)})
        try:
            return self._logged(args, kwargs)
        finally:
            _running.reset(token)

    def __reduce__(self) -> tuple[object, ...]:
        """In a pickle it is the estimator's own method."""
        return getattr, (self._estimator, self._name)

    def _logged(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        asked, when, began = self._asked(args, kwargs), datetime.now(UTC), time.perf_counter()
        try:
            result = self._method(*args, **kwargs)
        except BaseException as error:
            if asked is not None:
                self._door.failed(_facts(asked, when, began, error_text(error)))
            raise
        if asked is not None:
            facts = _facts(asked, when, began)
            try:
                answers = self._answers(result, asked)
            except Exception as problem:  # noqa: BLE001  promise 2: watching never hurts the model
                self._door.refuse(problem, asked.size)
            else:
                self._door.answered(facts, answers)
        return result

    def _asked(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Table | None:
        try:
            return _rows(args[0] if args else kwargs["X"], self._names)
        except Exception as problem:  # noqa: BLE001  as above
            self._door.refuse(problem)
            return None

    @property
    def _names(self) -> Sequence[str] | None:
        """What the columns are called: as told, else as the estimator was fitted with them."""
        if self._features is not None:
            return self._features
        fitted = getattr(self._estimator, "feature_names_in_", None)
        return None if fitted is None else [str(name) for name in fitted]

    def _answers(self, result: Any, asked: Table) -> Iterable[Answer]:
        if self._name == _PROBABILITIES:
            return _scored(result, self._estimator.classes_, asked)
        # Some give a second figure when they are asked to, as `return_std` does.
        return answers_of(result[0] if isinstance(result, tuple) else result, asked)


def _facts(asked: Table, when: datetime, began: float, error: str | None = None) -> Asked:
    latency_ms = (time.perf_counter() - began) * 1000.0
    return Asked(asked, when, latency_ms, error, trace_now())


def _rows(given: Any, names: Sequence[str] | None) -> Table:
    """The rows of ``X``; a list or column of texts is one column."""
    texts = values_of(given)
    if texts and all(isinstance(text, str | bytes) for text in texts):
        column = names[0] if names else "x0"
        return Table(
            len(texts),
            single=False,
            part=lambda start, stop: [{column: text} for text in texts[start:stop]],
        )
    found = table_of(given, names)
    if found is None or found.single:
        raise InvalidInput(f"X must be a table, a matrix or a list, got {type(given).__name__}")
    return found


def _scored(result: Any, classes: Any, asked: Table) -> Iterator[Answer]:
    rows, names = result.tolist(), classes.tolist()
    if len(rows) != asked.size or any(len(row) != len(names) for row in rows[:1]):
        raise InvalidInput(
            f"{asked.size} rows of {len(names)} classes must get as many scores, got {len(rows)}"
        )
    for row in rows:
        best = max(range(len(names)), key=row.__getitem__)
        scores = row[1] if len(names) == 2 else dict(zip(map(str, names), row, strict=True))
        yield {"prediction": names[best], "score": scores}
