"""Which windows are holidays, and what they are compared with."""

from __future__ import annotations

import gc
import weakref
from datetime import UTC, date, datetime, timedelta

import pytest

from watchkeeper.domain.model import Model, Task
from watchkeeper.domain.profile import WindowProfile
from watchkeeper.domain.window import Window
from watchkeeper.monitors.calendar import ENOUGH_HOLIDAYS, Calendar, by_kind
from watchkeeper.monitors.evidence import History

_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)
_NEW_YORK = Calendar("US", "America/New_York")
_ORDINARY = Model("m", Task.NONE, ())
_MODEL = Model("m", Task.NONE, (), timezone="America/New_York", holidays="US")


def _window(day: date, length: timedelta = _DAY, hour: int = 0) -> Window:
    start = datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
    return Window(start, start + length)


def _days(first: date, count: int) -> tuple[WindowProfile, ...]:
    return tuple(WindowProfile("m", _window(first + i * _DAY), 10, {}) for i in range(count))


def _holidays(calendar: Calendar, year: int) -> set[str]:
    days = (date(year, 1, 1) + i * _DAY for i in range(365))
    return {f"{day:%m-%d}" for day in days if calendar.holiday(_window(day))}


def test_a_year_of_holidays():
    """Each with its eve, its weekend and the bridge to it; midweek ones with their eve alone."""
    expected = {
        *("01-01", "01-19", "01-20", "01-21", "02-16", "02-17", "02-18", "05-25", "05-26", "05-27"),
        *("07-03", "07-04", "07-05", "07-06", "07-07", "08-31", "09-01", "09-02"),
        *("10-12", "10-13", "10-14", "11-09", "11-10", "11-11"),
        *("11-27", "11-28", "11-29", "11-30", "12-01", "12-24", "12-25", "12-31"),
    }

    assert _holidays(_NEW_YORK, 2013) == expected


@pytest.mark.parametrize(
    ("day", "what"),
    [
        (date(2013, 7, 3), "is the day before Independence Day"),
        (date(2013, 7, 4), "is a holiday (Independence Day)"),
        (date(2013, 7, 5), "belongs to the long weekend of Independence Day"),
        (date(2013, 5, 24), None),  # the Friday before a weekend is no eve
        (date(2012, 12, 29), "belongs to the long weekend of New Year's Day"),
        (date(2012, 12, 31), "is the day before New Year's Day"),
    ],
)
def test_what_a_day_is(day, what):
    """A sentence's end, which names the holiday."""
    assert _NEW_YORK.holiday(_window(day)) == what


def test_observed_days_count():
    """The 4th of July 2015 was a Saturday, kept on the Friday: its eve is a Thursday."""
    found = _holidays(_NEW_YORK, 2015)

    assert {"07-02", "07-03", "07-04", "07-05"} <= found
    assert not {"07-01", "07-06"} & found


def test_weekends_are_those_of_the_place():
    """In Israel a Monday's holiday is a bridge from Friday and Saturday, a Tuesday's is none."""
    found = _holidays(Calendar("IL", "Asia/Jerusalem"), 2013)

    assert {"03-29", "03-30", "03-31", "04-01"} <= found  # the last of Passover, a Monday
    assert {"04-15", "04-16"} <= found  # Independence Day, a Tuesday, and its eve
    assert "04-14" not in found


def test_a_part_of_a_country_has_holidays_of_its_own():
    """Patriots' Day is kept in Massachusetts."""
    day = _window(date(2013, 4, 15))

    assert Calendar("US-MA", "America/New_York").holiday(day) == "is a holiday (Patriots' Day)"
    assert _NEW_YORK.holiday(day) is None


@pytest.mark.parametrize(
    ("first", "month"),
    [(date(2013, 11, 27), 11), (date(2013, 7, 3), 7)],
)
def test_hours_belong_to_the_local_day(first, month):
    """The eve begins at midnight in New York: five o'clock in UTC in winter, four in summer."""
    midnight = 5 if month == 11 else 4
    before, after = (_window(first, _HOUR, midnight + hour) for hour in (-1, 0))

    assert _NEW_YORK.holiday(before) is None
    assert _NEW_YORK.holiday(after).startswith("is the day before")


def test_the_day_is_that_of_the_middle():
    """Noon of a day in UTC is the next day in Auckland's summer."""
    auckland = Calendar("NZ", "Pacific/Auckland")

    assert auckland.holiday(_window(date(2013, 2, 5))) == "is a holiday (Waitangi Day)"
    assert auckland.holiday(_window(date(2013, 2, 6))) is None


def test_windows_longer_than_a_day_are_no_holidays():
    """Every week would hold one sooner or later."""
    assert _NEW_YORK.holiday(_window(date(2013, 7, 4), 2 * _DAY)) is None
    assert _NEW_YORK.holiday(None) is None


@pytest.mark.parametrize("year", [1, 9999])
def test_impossible_years_have_no_holidays(year):
    """A broken clock breaks nothing here."""
    assert Calendar("US", "UTC").holiday(_window(date(year, 7, 4))) is None


def test_without_a_place_nothing_changes():
    """The very objects go on, which others remember by their identity."""
    current, history = _days(date(2013, 7, 4), 1), History(_days(date(2013, 5, 1), 60), timed=True)

    (kind,) = by_kind(_ORDINARY, current, history)

    assert kind.current is current
    assert kind.history is history
    assert kind.shortage(()) == ""


def test_without_holidays_on_either_side_nothing_changes():
    """Nor where the place has none in these weeks."""
    current, history = _days(date(2013, 4, 29), 1), History(_days(date(2013, 3, 1), 56), timed=True)

    (kind,) = by_kind(_MODEL, current, history)

    assert kind.current is current
    assert kind.history is history


def test_each_kind_is_judged_against_its_own():
    """Ordinary days first; together they are all there is."""
    current = _days(date(2013, 8, 28), 7)
    reference, recent = _days(date(2013, 5, 1), 28), _days(date(2013, 6, 15), 56)

    ordinary, special = by_kind(_MODEL, current, History(reference, timed=True, recent=recent))

    assert [p.window.start.day for p in special.current] == [31, 1, 2]
    assert [p.window.start.day for p in special.history.reference] == [25, 26, 27]
    assert [p.window.start.day for p in special.history.recent] == [3, 4, 5, 6, 7]
    assert len(ordinary.current) + len(special.current) == 7
    assert (len(ordinary.history.reference), len(ordinary.history.recent)) == (25, 51)
    assert (ordinary.history.holidays, special.history.holidays) == (False, True)


def test_a_reference_without_time_has_no_holidays():
    """Its blocks stay with the ordinary days; the holidays that came since are windows of time."""
    blocks = tuple(WindowProfile("m", None, 10, {}) for _ in range(8))
    history = History(blocks, timed=False, recent=_days(date(2013, 6, 15), 28))

    (special,) = by_kind(_MODEL, _days(date(2013, 9, 2), 1), history)

    assert (special.history.reference, special.history.timed) == ((), True)
    assert len(special.history.recent) == 5


def test_a_split_is_made_once_and_forgotten_with_its_history():
    """The same parts for every monitor of a call, and nothing kept after it."""
    history = History(_days(date(2013, 6, 15), 28), timed=True)
    current = _days(date(2013, 8, 1), 1)
    one, other = (by_kind(_MODEL, current, history)[0].history for _ in range(2))
    gone = weakref.ref(history)

    assert one is other
    del history
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize(
    ("first", "count", "said"),
    [
        (date(2013, 4, 1), 50, "the baseline holds no holidays to compare it with"),
        (date(2013, 5, 1), 50, "the baseline holds one holiday to compare it with, 8 are needed"),
        (date(2013, 5, 1), 100, "the baseline holds 2 holidays to compare it with, 8 are needed"),
        (date(2013, 1, 1), 274, "the baseline holds 6 holidays to compare it with, 8 are needed"),
        (date(2013, 1, 1), 300, "the baseline holds 7 holidays to compare it with, 8 are needed"),
        (date(2013, 1, 1), 320, ""),
    ],
)
def test_holidays_are_counted_not_their_days(first, count, said):
    """Three days of one long weekend are one holiday: they share their weather."""
    current = _days(date(2014, 7, 4), 1)

    kind = by_kind(_MODEL, current, History(_days(first, count), timed=True))[-1]

    assert ENOUGH_HOLIDAYS == 8
    assert kind.shortage(kind.history.reference) == said


def test_why_a_holiday_is_not_judged():
    """The message names the day and what it is."""
    current = _days(date(2013, 7, 4), 1)

    (kind,) = by_kind(_MODEL, current, History(_days(date(2013, 4, 1), 28), timed=True))

    assert kind.unjudged(current[0], kind.shortage(())) == (
        "4 July 2013 is a holiday (Independence Day): "
        "the baseline holds no holidays to compare it with"
    )
