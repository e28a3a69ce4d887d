"""The four kinds of function, each wrapped so that it stays of its kind: plain, ``async``, generator
and ``async`` generator.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from typing import Any, Protocol, TypeVar

__all__ = ["Watching", "wrapped"]

C = TypeVar("C")
_MOST_PARTS, _MOST_CHARACTERS = 1000, 100_000


class Watching(Protocol[C]):
    """What hears of calls; it never raises. ``C`` is what it remembers of one."""

    def begin(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> C:
        """A call begins."""
        ...

    def end(self, call: C, result: object) -> None:
        """It returned."""
        ...

    def failed(self, call: C, error: BaseException) -> None:
        """It raised."""
        ...

    def rows(self, call: C) -> int:
        """How many answers are expected; 1 where the whole answer is one."""
        ...


def wrapped(function: Callable[..., Any], watching: Watching[C]) -> Callable[..., Any]:
    """The function, watched: what it takes, returns, yields and raises is passed on untouched."""
    called = type(function).__call__  # of an object that is called like a function
    for is_kind, wrap in _WRAPS:
        if is_kind(function) or is_kind(called):
            return wrap(function, watching)
    return _wrap(function, watching)


def _wrap(function: Callable[..., Any], watching: Watching[C]) -> Callable[..., Any]:
    @functools.wraps(function)
    def watched(*args: Any, **kwargs: Any) -> Any:
        call = watching.begin(args, kwargs)
        try:
            result = function(*args, **kwargs)
        except BaseException as error:
            watching.failed(call, error)
            raise
        watching.end(call, result)
        return result

    return watched


def _wrap_async(function: Callable[..., Any], watching: Watching[C]) -> Callable[..., Any]:
    @functools.wraps(function)
    async def watched(*args: Any, **kwargs: Any) -> Any:
        call = watching.begin(args, kwargs)
        try:
            result = await function(*args, **kwargs)
        except BaseException as error:  # a cancelled call was not answered either
            watching.failed(call, error)
            raise
        watching.end(call, result)
        return result

    return watched


def _wrap_generator(function: Callable[..., Any], watching: Watching[C]) -> Callable[..., Any]:
    @functools.wraps(function)
    def watched(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        call = watching.begin(args, kwargs)
        parts = _Parts(watching.rows(call))
        try:
            returned = yield from _Tap(function(*args, **kwargs), parts)
        except GeneratorExit:  # whoever listens has heard enough
            watching.end(call, parts.whole())
            raise
        except BaseException as error:
            watching.failed(call, error)
            raise
        watching.end(call, parts.whole())
        return returned

    return watched


def _wrap_async_generator(
    function: Callable[..., Any], watching: Watching[C]
) -> Callable[..., Any]:
    @functools.wraps(function)
    async def watched(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        call = watching.begin(args, kwargs)
        parts = _Parts(watching.rows(call))
        stream: AsyncGenerator[Any, Any] = function(*args, **kwargs)
        try:
            part = await anext(stream)
            while True:
                parts.add(part)
                try:
                    sent = yield part
                except GeneratorExit:
                    await stream.aclose()
                    raise
                except BaseException as thrown:  # noqa: BLE001  it belongs to the function
                    part = await stream.athrow(thrown)
                else:
                    part = await stream.asend(sent)
        except (StopAsyncIteration, GeneratorExit) as ended:
            watching.end(call, parts.whole())
            if isinstance(ended, GeneratorExit):
                raise
        except BaseException as error:
            watching.failed(call, error)
            raise

    return watched


_WRAPS: tuple[tuple[Callable[[Any], bool], Callable[..., Callable[..., Any]]], ...] = (
    (inspect.iscoroutinefunction, _wrap_async),
    (inspect.isasyncgenfunction, _wrap_async_generator),
    (inspect.isgeneratorfunction, _wrap_generator),
)


class _Parts:
    """What was yielded, as far as is kept: 100,000 characters and 1,000 parts, or one a row."""

    def __init__(self, rows: int) -> None:
        self._one = rows == 1
        self._most = max(_MOST_PARTS, rows)
        self._characters = 0
        self._parts: list[object] = []

    def add(self, part: object) -> None:
        if len(self._parts) >= self._most or self._characters >= _MOST_CHARACTERS:
            return
        self._parts.append(part)
        self._characters += len(part) if isinstance(part, str) else 0

    def whole(self) -> object:
        """Of one answer in texts the text; else the parts, where there is but one that."""
        texts = [part for part in self._parts if isinstance(part, str)]
        if not self._one or len(texts) < len(self._parts):
            return self._parts[0] if self._one and len(self._parts) == 1 else self._parts
        return "".join(texts)[:_MOST_CHARACTERS]


class _Tap:
    """A generator that is listened to; ``yield from`` it as from the generator itself."""

    def __init__(self, source: Generator[Any, Any, Any], parts: _Parts) -> None:
        self._source = source
        self._parts = parts

    def __iter__(self) -> _Tap:
        return self

    def __next__(self) -> Any:
        return self._heard(next(self._source))

    def send(self, value: Any) -> Any:
        return self._heard(self._source.send(value))

    def throw(self, *error: Any) -> Any:
        return self._heard(self._source.throw(*error))

    def close(self) -> None:
        self._source.close()

    def _heard(self, part: Any) -> Any:
        self._parts.add(part)
        return part
