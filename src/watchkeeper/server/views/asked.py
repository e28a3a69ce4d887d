"""What a reader asks for: a range of windows, and which verdicts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from watchkeeper.domain.verdict import Status
from watchkeeper.errors import InvalidInput

__all__ = ["Range", "VerdictsAsked"]


@dataclass(frozen=True, slots=True)
class Range:
    """Windows that start in ``[start, end)``; None is open. Both must be aware."""

    start: datetime | None = None
    end: datetime | None = None

    def __post_init__(self) -> None:
        for name, moment in (("start", self.start), ("end", self.end)):
            if moment is not None and moment.tzinfo is None:
                raise InvalidInput(
                    f"{name} must carry a time zone, got {moment.isoformat()!r}: "
                    "write for example 2013-03-01T00:00:00Z"
                )


@dataclass(frozen=True, slots=True)
class VerdictsAsked:
    """Which verdicts; None takes all. An empty ``segment`` takes those over all rows alone."""

    range: Range = Range()
    monitor: str | None = None
    column: str | None = None
    segment: str | None = None
    status: Status | None = None
    known_at: datetime | None = None
