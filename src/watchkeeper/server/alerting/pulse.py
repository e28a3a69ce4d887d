"""When each loop of the worker last got something done."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field

__all__ = ["Pulse"]


@dataclass(slots=True)
class Pulse:
    """Written by every loop, read by the heartbeat; one assignment each, so no lock is needed.

    A loop that was never heard of counts from the start: one that never begins is stuck too.
    """

    seconds: Callable[[], float] = time.monotonic
    _last: dict[str, float] = field(default_factory=dict)
    _began: float = field(init=False)

    def __post_init__(self) -> None:
        self._began = self.seconds()

    def beat(self, loop: str) -> None:
        """The loop got something done."""
        self._last[loop] = self.seconds()

    def age(self, loop: str) -> float:
        """Seconds since the loop got something done."""
        return self.seconds() - self._last.get(loop, self._began)

    @contextmanager
    def round(self, loop: str, around: AbstractContextManager[None]) -> Iterator[None]:
        """A round of a loop within ``around``: it beats where it ends well."""
        with around:
            yield
        self.beat(loop)
