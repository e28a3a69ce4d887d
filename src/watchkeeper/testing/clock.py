"""A clock that stands still until a test moves it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

__all__ = ["Clock"]


@dataclass(slots=True)
class Clock:
    """Whatever takes ``now: Callable[[], datetime]`` takes this. ``now`` needs a time zone.

    >>> from datetime import UTC
    >>> clock = Clock(datetime(2024, 5, 1, tzinfo=UTC))
    >>> clock.advance(timedelta(hours=2))
    >>> clock().hour
    2
    """

    now: datetime

    def __call__(self) -> datetime:
        """The moment at which it stands."""
        return self.now

    def advance(self, by: timedelta) -> None:
        """Let time pass."""
        self.now += by
