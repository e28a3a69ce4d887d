"""Remembering what follows from an immutable object, for as long as that object lives.

A window is judged once and then judged *against* for weeks: its figures are the same every time.
They are kept by the identity of the object they follow from, through a weak reference, so that
nothing lives longer than it did, and nothing large is ever hashed or compared.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Generic, TypeVar

__all__ = ["Memo"]

K = TypeVar("K")
V = TypeVar("V")


class Memo(Generic[K, V]):
    """A pure function of an immutable object that allows weak references, computed once for each.

    The value must not refer to the object itself, or neither would ever be freed. Safe among
    threads: at worst two of them compute the same value.
    """

    __slots__ = ("_compute", "_found")

    def __init__(self, compute: Callable[[K], V]) -> None:
        self._compute = compute
        self._found: dict[int, tuple[weakref.ref[K], V]] = {}

    def __call__(self, of: K) -> V:
        """The value of ``of``."""
        key = id(of)
        held = self._found.get(key)
        if held is not None:
            return held[1]
        value = self._compute(of)
        # The entry goes as the object does, before another one can get its identity.
        self._found[key] = (weakref.ref(of, lambda _: self._found.pop(key, None)), value)
        return value

    def __len__(self) -> int:
        return len(self._found)
