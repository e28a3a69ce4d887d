"""What every way of fetching rows has in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

__all__ = ["Pulled", "Puller"]


@dataclass(frozen=True, slots=True)
class Pulled:
    """What one step did. ``lag``: how many files or messages are there and not taken, None where
    that is not known. ``rest``: for how many seconds nothing more is to be done. ``waiting``: what
    the source waits for, other than new things; None: for nothing.
    """

    events: int = 0
    lag: int | None = None
    rest: float = 0.0
    waiting: str | None = None


class Puller(Protocol):
    """Fetches from one source. Used by one thread; whatever it raises, it is opened anew."""

    def step(self) -> Pulled:
        """Fetch and take a bounded number of things."""
        ...

    def close(self) -> None:
        """Let go of the source."""
        ...
