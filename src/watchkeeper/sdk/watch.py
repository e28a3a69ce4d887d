"""`watch`: logs what a predict function is asked and answers, and changes nothing else about it."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, NamedTuple, ParamSpec, TypeVar, cast

from watchkeeper.errors import InvalidInput
from watchkeeper.sdk.answers import answers_of
from watchkeeper.sdk.client import Client
from watchkeeper.sdk.door import Asked, Door, error_text
from watchkeeper.sdk.logger import Logger
from watchkeeper.sdk.tables import Table, one_row, table_of, values_of
from watchkeeper.sdk.trace import trace_now
from watchkeeper.sdk.wraps import wrapped

__all__ = ["watch"]

P = ParamSpec("P")
R = TypeVar("R")
Reader = Callable[[tuple[Any, ...], Mapping[str, Any]], dict[str, object] | Table]
_SCALARS = frozenset({str, float, int, bool})
_PLAIN = (str, bytes, int, float, complex, Decimal, date, type(None))


def watch(
    model: str,
    *,
    version: str | None = None,
    client: Client | Logger | None = None,
    features: Callable[..., object] | Sequence[str] | None = None,
    answer: Callable[[Any], object] | None = None,
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Log each call of the decorated function or method, with latency and errors.

    Plain and ``async`` functions are watched, and generators of both kinds, whose one answer is
    all that they yield: texts joined (100,000 characters at most), else a list (of 1,000).

    Parameters
    ----------
    model, version
        What answers.
    client
        Where rows go; a logger where they are sampled, or columns have policies. None: a client
        that is made from the settings at the first call.
    features
        From the call's arguments to what the model saw; or names of columns: of an array all, of
        what has names those that are wanted. Without it: the rows of the one argument that holds
        some, with the other arguments that are plain values; where none holds rows, all arguments
        that are plain values or lists, by name.
    answer
        From the result to a mapping with ``prediction`` and, where there is one, ``score``; of
        many rows to columns or to a list of these. Without it: the result itself where it is
        such a mapping, else it is the prediction.

    Notes
    -----
    A table of pandas, Polars or Arrow, a two-dimensional array of numpy, and a list of mappings,
    data classes or pydantic models are many rows: each is logged with its own answer and with the
    latency of the whole call, for which it waited.

    What the function returns or raises is passed on untouched. Whatever goes wrong in logging,
    in ``features`` and ``answer`` too, is counted and logged, never raised.
    `last_prediction_id` gives the id of the latest call in the same thread or task,
    `last_prediction_ids` those of all its rows.
    """
    door = Door(model, version, client)

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        if isinstance(function, staticmethod | classmethod):
            return cast("Callable[P, R]", type(function)(decorate(function.__func__)))
        watcher = _Watcher(door, _reader(function, features), answer)
        return cast("Callable[P, R]", wrapped(function, watcher))

    return decorate


class _Call(NamedTuple):
    """One call: what the model saw, one row or several (None where that could not be told), and when
    it began.
    """

    seen: dict[str, object] | Table | None
    time: datetime
    began: float


@dataclass(frozen=True, slots=True)
class _Watcher:
    """Logs calls of one function. Nothing here raises."""

    door: Door
    read: Reader
    told: Callable[[Any], object] | None

    def begin(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> _Call:
        """Note what is asked before the function can change it."""
        seen: dict[str, object] | Table | None = None
        try:
            seen = self.read(args, kwargs)
        except Exception as problem:  # noqa: BLE001  promise 2: watching never hurts the model
            self.door.refuse(problem)
        return _Call(seen, datetime.now(UTC), time.perf_counter())

    def rows(self, call: _Call) -> int:
        """How many answers are expected."""
        return call.seen.size if isinstance(call.seen, Table) and not call.seen.single else 1

    def end(self, call: _Call, result: object) -> None:
        """Log what was answered."""
        seen = call.seen
        if type(seen) is dict and self.told is None and type(result) in _SCALARS:  # quick
            self.door.one(seen, {"prediction": result}, call.time, _latency_ms(call))
        elif seen is not None:
            rows = one_row(seen) if isinstance(seen, dict) else seen
            asked = _asked(call, rows)
            try:
                answers = answers_of(result, rows, self.told)
            except Exception as problem:  # noqa: BLE001  as above
                self.door.refuse(problem, rows.size)
            else:
                self.door.answered(asked, answers)

    def failed(self, call: _Call, error: BaseException) -> None:
        """Log that there was no answer, and why."""
        if call.seen is not None:
            rows = one_row(call.seen) if isinstance(call.seen, dict) else call.seen
            self.door.failed(_asked(call, rows, error_text(error)))


def _asked(call: _Call, seen: Table, error: str | None = None) -> Asked:
    return Asked(seen, call.time, _latency_ms(call), error, trace_now())


def _latency_ms(call: _Call) -> float:
    return (time.perf_counter() - call.began) * 1000.0


def _reader(
    function: Callable[..., Any], features: Callable[..., object] | Sequence[str] | None
) -> Reader:
    """From a call's arguments to the rows that the model saw."""
    if callable(features):
        return lambda args, kwargs: _required(features(*args, **kwargs))
    signature, names = inspect.signature(function), features
    every = signature.parameters.values()
    plain = tuple(p.name for p in every if p.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD)
    quick = len(plain) == len(every)

    def read(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, object] | Table:
        if len(args) == 1 and not kwargs and names is None and type(args[0]) is dict:
            return args[0].copy()  # the usual, and quick
        given = dict(zip(plain, args, strict=False)) | dict(kwargs) if quick else None
        return _arguments(given or signature.bind(*args, **kwargs).arguments, names)

    return read


def _required(found: object, names: Sequence[str] | None = None) -> Table:
    rows = table_of(found, names)
    if rows is None:
        raise InvalidInput(
            f"features= must give a mapping, a table or a list of rows, got {type(found).__name__}"
        )
    return rows


def _arguments(given: Mapping[str, Any], names: Sequence[str] | None) -> dict[str, object] | Table:
    """The rows of the one argument that holds some, with the plain values of the others."""
    bound = {name: value for name, value in given.items() if name not in ("self", "cls")}
    plain: dict[str, object] = {n: v for n, v in bound.items() if isinstance(v, _PLAIN)}
    if len(plain) == len(bound) and names is None:
        return plain
    others = {name: value for name, value in bound.items() if name not in plain}
    held = {name: rows for name, value in others.items() if (rows := table_of(value, names))}
    if len(held) == 1:
        (rows,) = held.values()
        return _with(rows, plain) if plain else rows
    listed = {n: v for n, v in others.items() if n in held or values_of(v) is not None}
    seen = {name: bound[name] for name in bound if name in plain or name in listed}
    if bound and not seen:
        raise InvalidInput(
            f"no argument of {list(bound)} holds values or rows: say with features= what was seen"
        )
    return _required(seen, names)


def _with(rows: Table, plain: Mapping[str, object]) -> Table:
    return Table(
        rows.size,
        single=rows.single,
        part=lambda start, stop: [{**plain, **row} for row in rows.part(start, stop)],
    )
