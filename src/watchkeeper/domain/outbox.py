"""What passes between the outbox and who sends what it holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

__all__ = ["Claim", "Settled"]


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to send a notice for a while. ``attempts`` counts this one too; ``earlier`` is what
    was remembered of the thread's last notice.
    """

    key: str
    token: str
    attempts: int
    earlier: str | None = None


@dataclass(frozen=True, slots=True)
class Settled:
    """What the receiver answered, and when; what to remember of it for the thread; and when it is
    to be told again that things stand as they do, where it forgets.
    """

    at: datetime
    answer: str
    remember: str | None = None
    refresh_at: datetime | None = None
