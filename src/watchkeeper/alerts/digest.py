"""When the next digest is due."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from watchkeeper.domain.route import Digest

__all__ = ["next_digest"]

_A_WEEK = 8


def next_digest(digest: Digest, after: datetime) -> datetime:
    """The first of its moments after ``after``, in UTC.

    A time that the change of the clocks leaves out is taken when they have passed it, one that it
    repeats is taken once.
    """
    zone = ZoneInfo(digest.location)
    first = after.astimezone(zone).date()
    for day in (first + timedelta(days=number) for number in range(_A_WEEK)):
        if digest.weekdays and day.isoweekday() % 7 not in digest.weekdays:
            continue
        for minute in sorted(digest.at):
            at = datetime.combine(day, time(minute // 60, minute % 60, tzinfo=zone))
            moment = at.astimezone(ZoneInfo("UTC"))
            if moment > after:
                return moment
    return after + timedelta(days=_A_WEEK)
