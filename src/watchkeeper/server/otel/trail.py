"""From one stage of the rows' way to the next: which spans a later one follows from."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from dataclasses import dataclass, field

from watchkeeper.domain.tracing import SpanRef

__all__ = ["Trail"]

_MOST = 10_000  # models, or incidents
_LAST = 16  # spans of each


@dataclass(slots=True)
class Trail:
    """The last spans of each model, until a later stage has taken them. In memory alone: what a
    crash takes with it is a link, nothing else. Safe to use from many threads.
    """

    _held: OrderedDict[str, deque[SpanRef]] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def leave(self, name: str, span: SpanRef | None) -> None:
        """Something was done for a model."""
        if span is None:
            return
        with self._lock:
            self._held.setdefault(name, deque(maxlen=_LAST)).append(span)
            self._held.move_to_end(name)
            if len(self._held) > _MOST:
                self._held.popitem(last=False)

    def take(self, name: str) -> tuple[SpanRef, ...]:
        """What was done for it since it was taken last."""
        with self._lock:
            return tuple(self._held.pop(name, ()))

    def last(self, name: str) -> SpanRef | None:
        """The last of it, which stays."""
        with self._lock:
            found = self._held.get(name)
            return found[-1] if found else None
