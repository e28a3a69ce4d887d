"""Seasons."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from watchkeeper.domain.window import Window
from watchkeeper.monitors.season import SeasonKind, seasons_of, week_of

_MONDAY = datetime(2024, 1, 1, tzinfo=UTC)


def _windows(length: timedelta, span: timedelta) -> list[Window]:
    return [Window(_MONDAY + i * length, _MONDAY + (i + 1) * length) for i in range(span // length)]


@pytest.mark.parametrize(
    ("length", "days", "expected"),
    [
        (timedelta(days=1), 27, SeasonKind.NONE),
        (timedelta(days=1), 28, SeasonKind.DAY_OF_WEEK),
        (timedelta(hours=1), 6, SeasonKind.NONE),
        (timedelta(hours=1), 7, SeasonKind.HOUR_OF_DAY),
        (timedelta(hours=1), 56, SeasonKind.HOUR_OF_WEEK),
        (timedelta(weeks=1), 400, SeasonKind.NONE),
    ],
)
def test_seasons_need_enough_history(length, days, expected):
    """Only as many seasons as the reference can tell apart."""
    assert seasons_of(_windows(length, timedelta(days=days))).kind is expected


def test_the_hour_is_local_time():
    """Nine in New York is nine, in winter and in summer."""
    seasons = seasons_of(_windows(timedelta(hours=1), timedelta(days=10)), "America/New_York")
    hour = timedelta(hours=1)
    winter, summer = datetime(2024, 1, 2, 14, tzinfo=UTC), datetime(2024, 7, 2, 13, tzinfo=UTC)

    assert [seasons.of(Window(t, t + hour)) for t in (winter, summer)] == [9, 9]


@pytest.mark.parametrize(("length", "season"), [(timedelta(days=1), 0), (timedelta(hours=1), 15)])
def test_holidays_have_no_day_of_the_week(length, season):
    """They are too few for it: days are one season, shorter windows have their hour."""
    seasons = seasons_of(_windows(length, timedelta(days=100)), holidays=True)
    start = datetime(2024, 7, 4, 15, tzinfo=UTC) if season else datetime(2024, 7, 4, tzinfo=UTC)

    assert seasons.of(Window(start, start + length)) == season


def test_without_time_there_is_one_season():
    """Blocks are all alike."""
    assert (seasons_of([None, None]).of(None), week_of(None, 3)) == (0, 3)
