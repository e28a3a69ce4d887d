"""Holidays: days of a kind of their own, compared with each other and never with ordinary ones.

Where a model's definition says whose holidays count, a window of at most a day belongs to a holiday
where the local day in its middle is

- a public holiday, or the day on which one is observed instead;
- the day before one;
- a day of the weekend that one falls on, touches, or is one working day away from; that working
  day (the bridge) too.

So Thursday, 4 July 2013 stands for the 3rd to the 7th, Monday, 27 May for the weekend before it,
and Wednesday, 25 December for the 24th and 25th. Weekends are those of the place.

A baseline must hold eight holidays to judge another by. The days of one long weekend share their
weather and much else, so what counts is how many holidays there are, not how many days: of five dry
ones nothing can be said about a wet one. As many blocks are asked for to learn how heavy the tails
of ordinary windows are. That takes the better part of a year; until then nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, date, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from watchkeeper.domain.model import Model
from watchkeeper.domain.profile import WindowProfile
from watchkeeper.domain.window import Window
from watchkeeper.monitors.evidence import History
from watchkeeper.monitors.memo import Memo

if TYPE_CHECKING:
    from holidays import HolidayBase

__all__ = ["ENOUGH_HOLIDAYS", "Calendar", "Kind", "by_kind"]

ENOUGH_HOLIDAYS = 8
_DAY = timedelta(days=1)
_APART = timedelta(days=3)  # days nearer to each other are of one holiday


@dataclass(frozen=True, slots=True)
class Calendar:
    """Whose holidays count (ISO 3166: ``US``, ``US-NY``), and by which clock a day is a day."""

    place: str
    zone: str

    def holiday(self, window: Window | None) -> str | None:
        """What the day of a window is, as a message ends; None where it is an ordinary one.

        >>> from datetime import UTC, datetime
        >>> us = Calendar("US", "America/New_York")
        >>> noon = datetime(2013, 7, 4, 16, tzinfo=UTC)
        >>> us.holiday(Window(noon, noon + timedelta(hours=1)))
        'is a holiday (Independence Day)'
        """
        if window is None or window.length > _DAY:
            return None
        day = self.day(window)
        return _of_year(self.place, day.year).get(day)

    def day(self, window: Window) -> date:
        """The local day in the middle of a window."""
        return (window.start + window.length / 2).astimezone(ZoneInfo(self.zone)).date()


@dataclass(frozen=True, slots=True)
class Kind:
    """Judged windows of one kind, and what they are judged against: windows of the same kind.

    ``calendar`` is None where they are ordinary.
    """

    current: Sequence[WindowProfile]
    history: History
    calendar: Calendar | None = None

    def shortage(self, windows: Sequence[WindowProfile]) -> str:
        """What these windows lack to judge others of this kind by; empty where they suffice."""
        if self.calendar is None:
            return ""
        days = sorted({self.calendar.day(p.window) for p in windows if p.window is not None})
        held = sum(day - before > _APART for before, day in pairwise([date.min, *days]))
        if held >= ENOUGH_HOLIDAYS:
            return ""
        many = {0: "no holidays", 1: "one holiday"}.get(held, f"{held} holidays")
        needed = f", {ENOUGH_HOLIDAYS} are needed" if held else ""
        return f"the baseline holds {many} to compare it with{needed}"

    def unjudged(self, profile: WindowProfile, shortage: str) -> str:
        """Why a window of this kind is not judged."""
        if self.calendar is None or profile.window is None:
            return shortage
        day, what = self.calendar.day(profile.window), self.calendar.holiday(profile.window)
        return f"{day.day} {day:%B %Y} {what}: {shortage}"


def by_kind(model: Model, current: Sequence[WindowProfile], history: History) -> tuple[Kind, ...]:
    """The windows to judge by kind, ordinary ones first; a kind that has none is left out.

    Where the model's definition names no holidays, or there is nothing to judge against, these are
    ``current`` and ``history`` themselves.
    """
    if model.holidays is None or not (history.reference or history.recent):
        return (Kind(current, history),)
    calendar = Calendar(model.holidays, model.timezone)
    parts = _part(history, calendar)
    special = [profile for profile in current if calendar.holiday(profile.window)]
    ordinary = current if not special else [p for p in current if not calendar.holiday(p.window)]
    kinds = (
        Kind(ordinary, history if parts.ordinary is None else parts.ordinary),
        Kind(special, parts.holidays, calendar),
    )
    return tuple(kind for kind in kinds if kind.current) or kinds[:1]


@dataclass(frozen=True, slots=True)
class _Parts:
    """The two parts of a history; ``ordinary`` is None where that is the whole of it."""

    ordinary: History | None
    holidays: History


def _part(history: History, calendar: Calendar) -> _Parts:
    known = _parts(history)
    if calendar not in known:
        known[calendar] = _split(history, calendar)
    return known[calendar]


def _split(history: History, calendar: Calendar) -> _Parts:
    found = [
        [(profile, bool(calendar.holiday(profile.window))) for profile in windows]
        for windows in (history.reference, history.recent)
    ]
    special, ordinary = (
        [tuple(profile for profile, of in windows if of is wanted) for windows in found]
        for wanted in (True, False)
    )
    # A holiday is known by its date, so all of these have times, whatever the rest has.
    holidays = History(special[0], timed=True, recent=special[1], holidays=True)
    if not any(special):
        return _Parts(None, holidays)
    return _Parts(History(ordinary[0], history.timed, ordinary[1]), holidays)


# Made once for all monitors of a call.
_parts: Memo[History, dict[Calendar, _Parts]] = Memo(lambda _: {})


@lru_cache(maxsize=256)
def _of_year(place: str, year: int) -> Mapping[date, str]:
    """The days that belong to holidays in a year (and some beside it), and what each of them is."""
    import holidays

    if not MINYEAR + 1 < year < MAXYEAR - 1:
        return {}
    country, _, part = place.partition("-")
    # The first of January makes a holiday of the day before it, hence the years beside.
    known = holidays.country_holidays(
        country, subdiv=part or None, years=range(year - 1, year + 2), language="en_US"
    )
    names = {day: " and ".join(known.get_list(day)) for day in sorted(known)}
    weekends = {
        other: f"belongs to the long weekend of {name}"
        for day, name in reversed(names.items())
        for other in _weekend(known, day)
    }
    eves = {day - _DAY: f"is the day before {name}" for day, name in names.items()}
    return {**weekends, **eves, **{day: f"is a holiday ({name})" for day, name in names.items()}}


def _weekend(known: HolidayBase, holiday: date) -> Iterator[date]:
    """The days of weekends that touch a holiday or are one working day away, and that day."""
    for step in (-_DAY, _DAY):
        bridge = () if known.is_weekend(holiday + step) else (holiday + step,)
        day = holiday + step * (1 + len(bridge))
        if known.is_weekend(day):
            yield from bridge
        while known.is_weekend(day):
            yield day
            day += step
