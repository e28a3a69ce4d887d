"""Time intervals: recurring stretches of the calendar of one place, as Alertmanager has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

__all__ = ["Span", "TimeInterval", "Times"]

_DAY_MINUTES = 24 * 60
Span = tuple[int, int]
"""From and to, both included."""


@dataclass(frozen=True, slots=True)
class Times:
    """The moments that all that is stated holds of; what is empty is not stated.

    ``times`` are minutes of the day ``[from, to)``, to at most 1440. ``weekdays`` count from
    Sunday = 0, ``days`` are days of the month (from the end where negative), ``months`` from 1.
    All of it is read off the clock on the wall at ``location``, so that an hour that the change of
    the clocks repeats is there twice, and one that it leaves out is never.
    """

    times: tuple[Span, ...] = ()
    weekdays: tuple[Span, ...] = ()
    days: tuple[Span, ...] = ()
    months: tuple[Span, ...] = ()
    years: tuple[Span, ...] = ()
    location: str = "UTC"

    def __contains__(self, moment: datetime) -> bool:
        local = moment.astimezone(ZoneInfo(self.location))
        minute = local.hour * 60 + local.minute
        return (
            (not self.times or any(start <= minute < end for start, end in self.times))
            and _within(self.years, local.year)
            and _within(self.months, local.month)
            and _within(self.weekdays, local.isoweekday() % 7)
            and (not self.days or any(_on_day(span, local) for span in self.days))
        )


@dataclass(frozen=True, slots=True)
class TimeInterval:
    """A named set of times: a moment lies in it where it lies in any of them."""

    name: str
    intervals: tuple[Times, ...]

    def __contains__(self, moment: datetime) -> bool:
        return any(moment in times for times in self.intervals)


def _within(spans: Sequence[Span], value: int) -> bool:
    return not spans or any(low <= value <= high for low, high in spans)


def _on_day(span: Span, local: datetime) -> bool:
    """Whether the day of the month lies in the span; what lies beyond the month's end is cut."""
    first_of_next = (local.replace(day=1, hour=12) + timedelta(days=32)).replace(day=1)
    length = (first_of_next - timedelta(days=1)).day
    low, high = (day if day > 0 else length + day + 1 for day in span)
    return max(low, 1) <= local.day <= min(high, length) and low <= length
