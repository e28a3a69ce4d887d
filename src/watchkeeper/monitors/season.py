"""Which windows are alike: seasons of the week and of the day, in the model's own time zone.

Day of week from four weeks of daily windows; for shorter windows the hour of the week from eight
weeks and the hour of the day from one; else one season. Holidays (`watchkeeper.monitors.calendar`)
are few, and a Tuesday among them is no Tuesday: they are one season, or by the hour of the day.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from watchkeeper.domain.window import Window

__all__ = ["SeasonKind", "Seasons", "seasons_of", "week_of"]

_DAY, _WEEK = timedelta(days=1), timedelta(weeks=1)
_MONDAY = datetime(1970, 1, 5, tzinfo=UTC)


class SeasonKind(StrEnum):
    """What repeats."""

    NONE = "none"
    DAY_OF_WEEK = "day_of_week"
    HOUR_OF_DAY = "hour_of_day"
    HOUR_OF_WEEK = "hour_of_week"
    HOLIDAY = "holiday"
    HOUR_OF_HOLIDAY = "hour_of_holiday"


_ONE_SEASON = (SeasonKind.NONE, SeasonKind.HOLIDAY)


@dataclass(frozen=True, slots=True)
class Seasons:
    """How windows are numbered by season."""

    kind: SeasonKind
    zone: str = "UTC"

    def of(self, window: Window | None) -> int:
        """The season of a window, by the local time in its middle; 0 where there is none."""
        if window is None or self.kind in _ONE_SEASON:
            return 0
        local = (window.start + window.length / 2).astimezone(ZoneInfo(self.zone))
        if self.kind is SeasonKind.DAY_OF_WEEK:
            return local.weekday()
        hour = local.hour
        return local.weekday() * 24 + hour if self.kind is SeasonKind.HOUR_OF_WEEK else hour


def seasons_of(
    windows: Sequence[Window | None], zone: str = "UTC", *, holidays: bool = False
) -> Seasons:
    """The seasons that so many windows of a reference can tell apart; ``holidays``: all are such."""
    timed = [window for window in windows if window is not None]
    if not timed:
        return Seasons(SeasonKind.NONE, zone)
    if holidays:
        whole = timed[0].length >= _DAY
        return Seasons(SeasonKind.HOLIDAY if whole else SeasonKind.HOUR_OF_HOLIDAY, zone)
    span = max(window.end for window in timed) - min(window.start for window in timed)
    return Seasons(_kind(timed[0].length, span), zone)


def _kind(length: timedelta, span: timedelta) -> SeasonKind:
    if length == _DAY and span >= 4 * _WEEK:
        return SeasonKind.DAY_OF_WEEK
    if length < _DAY and span >= 8 * _WEEK:
        return SeasonKind.HOUR_OF_WEEK
    if length < _DAY and span >= _WEEK:
        return SeasonKind.HOUR_OF_DAY
    return SeasonKind.NONE


def week_of(window: Window | None, position: int) -> int:
    """The number of the week that a window starts in; its ``position`` where it has no time."""
    return position if window is None else (window.start - _MONDAY) // _WEEK
