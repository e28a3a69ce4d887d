"""Windows: half-open intervals of event time that tumble in UTC."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from watchkeeper.errors import InvalidInput

__all__ = ["Granularity", "Window"]

_UNITS = {
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
_LONGEST_GRACE, _GRACE_SHARE = timedelta(minutes=5), 20
_SHORTEST, _LONGEST = timedelta(minutes=5), timedelta(weeks=1)
# A week starts on a Monday: 1970-01-05 was the first one of the Unix era.
_ORIGIN = datetime(1970, 1, 5, tzinfo=UTC)


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """The interval ``[start, end)`` of event time, both aware and in UTC."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise InvalidInput(
                f"a window needs aware datetimes, got {self.start!r} and {self.end!r}: add a time zone"
            )
        if self.end <= self.start:
            raise InvalidInput(f"a window must end after it starts, got [{self.start}, {self.end})")

    @property
    def length(self) -> timedelta:
        """The time from start to end."""
        return self.end - self.start

    @property
    def due(self) -> datetime:
        """When it is judged first: five minutes after it closed, less for short windows. Rows that
        come to be known later are late.
        """
        return self.end + min(_LONGEST_GRACE, self.length / _GRACE_SHARE)

    def __contains__(self, moment: datetime) -> bool:
        return self.start <= moment < self.end

    def __str__(self) -> str:
        return f"[{self.start.isoformat()}, {self.end.isoformat()})"


@dataclass(frozen=True, slots=True, order=True)
class Granularity:
    """The length of a model's windows: from 5 minutes to a week, dividing a week evenly.

    >>> Granularity.parse("1d").window_of(datetime(2013, 3, 1, 17, tzinfo=UTC)).start.isoformat()
    '2013-03-01T00:00:00+00:00'
    >>> str(Granularity.parse("60m"))
    '1h'
    """

    length: timedelta

    def __post_init__(self) -> None:
        whole = (
            timedelta(weeks=1) % self.length == timedelta(0)
            if self.length > timedelta(0)
            else False
        )
        if not (_SHORTEST <= self.length <= _LONGEST and whole):
            raise InvalidInput(
                f"granularity must lie between 5m and 1w and divide a week evenly, got {self.length}: "
                "use for example 5m, 15m, 1h, 6h, 1d or 1w"
            )

    @classmethod
    def parse(cls, text: str) -> Granularity:
        """Read ``5m``, ``1h``, ``1d`` or ``1w``; InvalidInput for anything else."""
        match = re.fullmatch(r"\s*(\d+)\s*([mhdw])\s*", text)
        if match is None:
            raise InvalidInput(f"granularity must look like 5m, 1h, 1d or 1w, got {text!r}")
        return cls(int(match[1]) * _UNITS[match[2]])

    def window_of(self, moment: datetime) -> Window:
        """The window that holds ``moment`` (aware)."""
        start = _ORIGIN + (moment - _ORIGIN) // self.length * self.length
        return Window(start, start + self.length)

    def windows(self, start: datetime, end: datetime) -> tuple[Window, ...]:
        """Every window that overlaps ``[start, end)``, in order."""
        found = []
        window = self.window_of(start)
        while window.start < end:
            found.append(window)
            window = Window(window.end, window.end + self.length)
        return tuple(found)

    def __str__(self) -> str:
        for letter in "wdhm":
            if self.length % _UNITS[letter] == timedelta(0):
                return f"{self.length // _UNITS[letter]}{letter}"
        raise AssertionError("a valid granularity is whole minutes")
