"""Who is on call: a pure function of a rota and a moment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from watchkeeper.domain.rota import Layer, Rota

__all__ = ["Shift", "hand_overs", "on_call", "shifts"]

_MOST_SHIFTS = 1_000


@dataclass(frozen=True, slots=True)
class Shift:
    """Who is on call in ``[start, end)``; None where nobody is."""

    person: str | None
    start: datetime
    end: datetime


def on_call(rota: Rota, now: datetime) -> str | None:
    """The person who is on call; None where nobody is.

    Turns change at a time of the day of the rota's place, whatever its clocks do: a day of 23 or
    25 hours is one day. A time that the clocks leave out is reached when they have passed it; one
    that they repeat, the first time.
    """
    for override in reversed(rota.overrides):
        if override.starts_at <= now < override.ends_at:
            return override.person
    for layer in reversed(rota.layers):
        person = _turn(layer, rota.timezone, now)
        if person is not None:
            return person
    return None


def shifts(rota: Rota, start: datetime, end: datetime) -> list[Shift]:
    """Who is on call from ``start`` to ``end``, one entry a stretch of one person."""
    found: list[Shift] = []
    moments = sorted(
        {start, *(each for each in hand_overs(rota, start, end) if start < each < end)}
    )
    for begin, until in zip(moments, [*moments[1:], end], strict=True):
        person = on_call(rota, begin)
        if found and found[-1].person == person:
            found[-1] = Shift(person, found[-1].start, until)
        else:
            found.append(Shift(person, begin, until))
        if len(found) >= _MOST_SHIFTS:
            break
    return found


def hand_overs(rota: Rota, start: datetime, end: datetime) -> Iterator[datetime]:
    """The moments between which who is on call cannot change, in no order."""
    for override in rota.overrides:
        yield from (override.starts_at, override.ends_at)
    zone = ZoneInfo(rota.timezone)
    for layer in rota.layers:
        day, last = start.astimezone(zone).date() - timedelta(days=1), end.astimezone(zone).date()
        while day <= last:
            yield _moment(day, layer.at, rota.timezone)
            for times in layer.hours:
                minutes = {0, *(each for span in times.times for each in span)}
                yield from (_moment(day, minute, times.location) for minute in minutes)
            day += timedelta(days=1)


def _turn(layer: Layer, timezone: str, now: datetime) -> str | None:
    if layer.hours and not any(now in times for times in layer.hours):
        return None
    day = now.astimezone(ZoneInfo(timezone)).date()
    while now < _moment(day, layer.at, timezone):
        day -= timedelta(days=1)
    if day < layer.starts:
        return None
    return layer.people[(day - layer.starts).days // layer.every % len(layer.people)]


def _moment(day: date, minute: int, timezone: str) -> datetime:
    """The minute of that day at that place, the first time where there are two of it."""
    extra, minute = divmod(minute, 24 * 60)
    at = time(minute // 60, minute % 60, tzinfo=ZoneInfo(timezone))
    # Through UTC, so that moments are compared by instant and not by what the clocks show.
    return datetime.combine(day + timedelta(days=extra), at).astimezone(ZoneInfo("UTC"))
