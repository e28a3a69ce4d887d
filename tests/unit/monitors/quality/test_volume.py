"""Gaps and spikes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from watchkeeper.domain.profile import WindowProfile
from watchkeeper.domain.window import Window
from watchkeeper.monitors.calendar import Calendar
from watchkeeper.monitors.evidence import History
from watchkeeper.monitors.quality.volume import volume

_HOUR, _NEW_YEAR = timedelta(hours=1), datetime(2024, 1, 1, tzinfo=UTC)


def _weekly(bench, days: int = 56) -> History:
    """A thousand rows on weekdays, three hundred on weekends, give or take a few percent."""
    rows = [(300 if day % 7 > 4 else 1000) + 13 * (day * 5 % 7) for day in range(days)]
    return History(tuple(bench.window(d, {}, n) for d, n in enumerate(rows)), timed=True)


@pytest.mark.parametrize(
    ("day", "rows", "expected"),
    [
        (56, 1030, "ok"),
        (61, 330, "ok"),
        (56, 330, "alert"),
        (61, 1030, "alert"),
        (56, 3000, "alert"),
    ],
)
def test_volume_is_judged_against_its_season(bench, day, rows, expected):
    """A weekend's volume is fine on a Saturday and a gap on a Monday."""
    [(_, status)] = bench.judge(volume, bench.window(day, {}, rows), _weekly(bench))

    assert status == expected


def test_no_rows_at_all_is_a_gap_outside_the_budget(bench):
    """An empty window, where none ever was, alarms whatever the budget."""
    [(found, status)] = bench.judge(volume, bench.window(56, {}, 0), _weekly(bench), alpha=1e-300)

    assert status == "alert"
    assert found.message.startswith("no rows at all, where about 1,0")


def test_an_empty_night_that_is_always_empty_is_no_gap(bench):
    """Where the same season was empty before, an empty window is normal."""
    rows = [0 if day % 7 == 6 else 1000 for day in range(56)]
    history = History(tuple(bench.window(d, {}, n) for d, n in enumerate(rows)), timed=True)

    [(_, status)] = bench.judge(volume, bench.window(62, {}, 0), history)

    assert status == "ok"


def test_a_window_cut_by_the_end_of_the_data_is_not_judged(bench):
    """Half a day has half the rows, which says nothing."""
    current = replace(bench.window(56, {}, 500), complete=False)

    assert bench.judge(volume, current, _weekly(bench)) == []


def test_a_reference_that_is_a_sample_gives_no_level(bench):
    """Fifty times the reference's rows is how the reference was made; the message says so."""
    [(found, status)] = bench.judge(volume, bench.window(56, {}, 50_000), _weekly(bench))

    assert status == "ok"
    assert "the level is that of the judged windows" in found.message


def test_without_time_there_is_no_volume(bench):
    """Random blocks have no rate of rows."""
    history = replace(_weekly(bench), timed=False)

    assert bench.judge(volume, bench.window(56, {}, 10), history) == []


def test_three_windows_are_too_few(bench):
    """Fewer than four windows cannot say what is normal."""
    history = _weekly(bench, days=3)

    [(_, status)] = bench.judge(volume, bench.window(7, {}, 900), history)

    assert status == "insufficient_data"


_THANKSGIVING, _FOUR_OF_JULY = 332, 185  # of 2024, in days since the first of January


def _year(bench, days: int, *, holiday: int = 600) -> History:
    """A thousand rows a day, fewer on holidays of the US, give or take a few percent."""
    bench.model = replace(bench.model, holidays="US")
    calendar = Calendar("US", "UTC")
    plain = [bench.window(day, {}) for day in range(days)]
    level = [holiday if calendar.holiday(p.window) else 1000 for p in plain]
    rows = [n and n + 13 * (day * 5 % 7) for day, n in enumerate(level)]
    return History(tuple(replace(p, rows=n) for p, n in zip(plain, rows, strict=True)), timed=True)


@pytest.mark.parametrize(
    ("day", "rows", "expected"),
    [
        (_THANKSGIVING, 630, "ok"),
        (_THANKSGIVING, 1030, "alert"),  # what is usual on any other Thursday
        (_THANKSGIVING - 7, 1030, "ok"),
        (_THANKSGIVING - 7, 630, "alert"),
    ],
)
def test_holidays_are_judged_by_holidays(bench, day, rows, expected):
    """After eight of them, and ordinary days by ordinary days."""
    [(_, status)] = bench.judge(volume, bench.window(day, {}, rows), _year(bench, 300))

    assert status == expected


def test_a_holiday_is_not_judged_by_ordinary_days(bench):
    """A tenth of the rows says nothing where the baseline holds too few holidays."""
    history = _year(bench, 180)

    [(found, status)] = bench.judge(volume, bench.window(_FOUR_OF_JULY, {}, 100), history)

    assert status == "insufficient_data"
    assert found.message == (
        "100 rows; 4 July 2024 is a holiday (Independence Day): "
        "the baseline holds 5 holidays to compare it with, 8 are needed"
    )


def test_without_a_place_a_holiday_is_a_day_like_any_other(bench):
    """Only the definition makes a calendar of it."""
    history = _year(bench, 180)
    bench.model = replace(bench.model, holidays=None)

    [(_, status)] = bench.judge(volume, bench.window(_FOUR_OF_JULY, {}, 100), history)

    assert status == "alert"


@pytest.mark.parametrize(("usual", "expected"), [(600, "alert"), (0, "insufficient_data")])
def test_no_rows_on_a_holiday_are_a_gap_unless_holidays_had_none(bench, usual, expected):
    """A shop that is closed on holidays is not broken then."""
    history = _year(bench, 180, holiday=usual)

    [(_, status)] = bench.judge(volume, bench.window(_FOUR_OF_JULY, {}, 0), history)

    assert status == expected


def test_rolling_holidays_give_the_level_once_they_suffice(bench):
    """Five recent days of one holiday do not; they are taken together with the reference's."""
    whole = _year(bench, 320)
    history = History(whole.reference[:240], timed=True, recent=whole.reference[270:])

    [(found, status)] = bench.judge(volume, bench.window(_THANKSGIVING, {}, 630), history)

    assert status == "ok"
    assert "to be expected here" in found.message


def test_hours_of_holidays_are_judged_by_their_hour(bench):
    """Nights are quiet on holidays too."""
    bench.model = replace(bench.model, holidays="US")
    calendar = Calendar("US", "UTC")
    hours = [Window(_NEW_YEAR + i * _HOUR, _NEW_YEAR + (i + 1) * _HOUR) for i in range(300 * 24)]
    held = [(w, 300 if calendar.holiday(w) else 1000) for w in hours]
    rows = [(w, n // (4 if w.start.hour < 6 else 1) + w.start.day) for w, n in held]
    history = History(tuple(WindowProfile("m", w, n, {}) for w, n in rows), timed=True)
    noon = _NEW_YEAR + _THANKSGIVING * 24 * _HOUR + 12 * _HOUR
    night = noon - 9 * _HOUR

    found = [
        bench.judge(volume, WindowProfile("m", Window(at, at + _HOUR), n, {}), history)[0][1]
        for at, n in [(noon, 310), (noon, 800), (noon, 85), (night, 85), (night, 220)]
    ]

    assert found == ["ok", "alert", "alert", "ok", "alert"]
