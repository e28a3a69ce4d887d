"""A time interval as plain values (the form of its document), and back, in Alertmanager's words."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Mapping
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from watchkeeper.definitions.fields import Field
from watchkeeper.definitions.names import read_name
from watchkeeper.domain.hours import Span, TimeInterval, Times

__all__ = [
    "INTERVAL_KEYS",
    "TIMES_KEYS",
    "clock_text",
    "form_of_interval",
    "form_of_times",
    "read_clock",
    "read_interval",
    "read_times",
    "read_weekday",
    "read_zone",
    "weekday_text",
]

INTERVAL_KEYS = ("kind", "apiVersion", "name", "time_intervals")
TIMES_KEYS = ("times", "weekdays", "days_of_month", "months", "years", "location")
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)\Z|24:00\Z")
_WEEKDAYS = tuple(name.lower() for name in (calendar.day_name[6], *calendar.day_name[:6]))
_MONTHS = tuple(name.lower() for name in calendar.month_name)
_MOST = 100


def read_interval(document: Field) -> TimeInterval:
    """The time interval that a document of kind ``TimeInterval`` defines."""
    fields = document.mapping(INTERVAL_KEYS, required=("name", "time_intervals"))
    entries = fields["time_intervals"].sequence(most=_MOST)
    if not entries:
        raise fields["time_intervals"].must_be("at least one interval")
    return TimeInterval(read_name(fields["name"]), tuple(read_times(each) for each in entries))


def form_of_interval(interval: TimeInterval) -> dict[str, object]:
    """The document of the time interval."""
    return {
        "kind": "TimeInterval",
        "apiVersion": "watchkeeper/v1",
        "name": interval.name,
        "time_intervals": [form_of_times(times) for times in interval.intervals],
    }


def read_times(field: Field) -> Times:
    """One entry of a time interval."""
    fields = field.mapping(TIMES_KEYS)

    def spans(key: str, read: Callable[[Field], Span]) -> tuple[Span, ...]:
        return (
            tuple(read(each) for each in fields[key].sequence(most=_MOST)) if key in fields else ()
        )

    return Times(
        times=spans("times", _read_minutes),
        weekdays=spans("weekdays", lambda each: _read_span(each, _weekday)),
        days=spans("days_of_month", _read_days),
        months=spans("months", lambda each: _read_span(each, _month)),
        years=spans("years", lambda each: _read_span(each, _year)),
        location=read_zone(fields["location"]) if "location" in fields else "UTC",
    )


def form_of_times(times: Times) -> dict[str, object]:
    """The entry: what is not stated is left out."""
    form: dict[str, object] = {}
    if times.times:
        form["times"] = [
            {"start_time": clock_text(start), "end_time": clock_text(end)}
            for start, end in times.times
        ]
    texts: Mapping[str, tuple[tuple[Span, ...], Callable[[int], str]]] = {
        "weekdays": (times.weekdays, weekday_text),
        "days_of_month": (times.days, str),
        "months": (times.months, lambda number: _MONTHS[number]),
        "years": (times.years, str),
    }
    for key, (spans, text) in texts.items():
        if spans:
            form[key] = [text(a) if a == b else f"{text(a)}:{text(b)}" for a, b in spans]
    if times.location != "UTC":
        form["location"] = times.location
    return form


def read_clock(field: Field) -> int:
    """A time of the day such as ``09:00``, as minutes; ``24:00`` is the day's end."""
    text = field.value
    if not isinstance(text, str) or not _CLOCK.match(text):
        raise field.must_be("a time of the day in quotes, from '00:00' to '24:00'")
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def clock_text(minute: int) -> str:
    """The text of a minute of the day.

    >>> clock_text(545)
    '09:05'
    """
    return f"{minute // 60:02d}:{minute % 60:02d}"


def read_zone(field: Field) -> str:
    """The name of a time zone, such as ``Europe/Berlin``."""
    name = field.text(most=64)
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise field.must_be("the name of a time zone, such as Europe/Berlin or UTC") from error
    return name


def read_weekday(field: Field) -> int:
    """A day of the week by its name, from Sunday = 0."""
    number = _weekday(field.text(most=20).strip())
    if number is None:
        raise field.must_be(f"one of {', '.join(_WEEKDAYS)}")
    return number


def weekday_text(number: int) -> str:
    """The name of a day of the week."""
    return _WEEKDAYS[number]


def _read_minutes(field: Field) -> Span:
    fields = field.mapping(("start_time", "end_time"), required=("start_time", "end_time"))
    start, end = read_clock(fields["start_time"]), read_clock(fields["end_time"])
    if start >= end:
        raise field.fail(
            "must end after it starts: for a night that passes midnight give two, such as "
            "22:00 to 24:00 and 00:00 to 06:00"
        )
    return start, end


def _read_days(field: Field) -> Span:
    low, high = _read_span(field, _day, ordered=False)
    if (low < 0) == (high < 0) and low > high:
        raise field.must_be("days in their order, such as 1:5 or -3:-1")
    if low < 0 < high:
        raise field.must_be("days that both count from the end where the first does")
    return low, high


def _read_span(field: Field, read: Callable[[str], int | None], *, ordered: bool = True) -> Span:
    text = str(field.value) if isinstance(field.value, int) else field.text(most=64)
    begin, _, end = text.strip().partition(":")
    low = read(begin.strip())
    high = low if not end else read(end.strip())
    if low is None or high is None or (ordered and low > high):
        raise field.must_be("one of them or a range in order, such as monday:friday, 1:5 or 2026")
    return low, high


def _weekday(text: str) -> int | None:
    return _WEEKDAYS.index(text.lower()) if text.lower() in _WEEKDAYS else None


def _month(text: str) -> int | None:
    if text.lower() in _MONTHS[1:]:
        return _MONTHS.index(text.lower())
    return int(text) if text.isdigit() and 1 <= int(text) <= 12 else None


def _year(text: str) -> int | None:
    return int(text) if text.isdigit() and 1 <= int(text) <= 9999 else None


def _day(text: str) -> int | None:
    digits = text.removeprefix("-")
    return int(text) if digits.isdigit() and 1 <= int(digits) <= 31 else None
