"""How long a client's batches seem to have been on their way: what its clock is judged by.

``received_at − sent_at`` is the delay, which is never negative, less what the client's clock is
ahead. The smallest of an hour are kept: they are nearest to the clocks alone.

A clock that is set forward shows at once, in a smaller difference. One that is set back shows in a
difference that no delay explains, because a request that takes `LONGEST_SECONDS` was given up by
both sides: what was known is then forgotten. A request that took that long all the same does no
harm for long: the next one is smaller, and counts again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

__all__ = ["LONGEST_SECONDS", "WORTH_TELLING_SECONDS", "Delay", "observe"]

LONGEST_SECONDS = 300.0
# Smaller differences are what networks are like: nobody is told of them.
WORTH_TELLING_SECONDS = 10.0
_MEMORY = timedelta(hours=1)
_MOST = 16


@dataclass(frozen=True, slots=True)
class Delay:
    """``seconds`` from when a batch was sent, by the client's clock, to ``at``, by the server's."""

    at: datetime
    seconds: float


def observe(known: Sequence[Delay], delay: Delay) -> tuple[Delay, ...]:
    """The smallest delays of the last hour, with another one; ascending."""
    newest = max(held.at for held in (*known, delay))
    recent = [held for held in known if newest - held.at <= _MEMORY]
    if recent and delay.seconds > min(held.seconds for held in recent) + LONGEST_SECONDS:
        recent = [held for held in recent if held.at > delay.at]
    return tuple(sorted((*recent, delay), key=lambda held: held.seconds)[:_MOST])
