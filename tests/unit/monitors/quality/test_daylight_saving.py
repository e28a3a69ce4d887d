"""Daylight saving: a day of 23 or 25 hours is neither a gap nor a spike, and no row counts twice."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from watchkeeper.domain.model import Column, ColumnType, Model, MonitorSpec, Task
from watchkeeper.domain.profile import WindowProfile
from watchkeeper.domain.window import Granularity
from watchkeeper.monitors.budget import decide
from watchkeeper.monitors.evidence import History
from watchkeeper.monitors.quality.volume import volume

HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)
SPEC = MonitorSpec("quality", "quality")
# Both transitions, north and south of the equator.
TRANSITIONS = [
    ("Europe/Berlin", date(2024, 3, 31), 23),
    ("Europe/Berlin", date(2024, 10, 27), 25),
    ("America/New_York", date(2024, 3, 10), 23),
    ("America/New_York", date(2024, 11, 3), 25),
    ("America/Santiago", date(2024, 4, 6), 25),
]
# The one zone that moves by half an hour: its hours are cut differently before and after, so that
# hourly windows are not alike; that no row counts twice holds there too.
HALF_AN_HOUR = ("Australia/Lord_Howe", date(2024, 10, 6), 23.5)


def midnight(day, zone):
    """The moment at which a local day begins."""
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


def traffic(start, end, *, length, zone, seed=0):
    """Windows of people who live by their local clock: many at noon, few at night and on Sundays."""
    random = np.random.default_rng(seed)
    profiles = []
    for window in Granularity(length).windows(start, end):
        expected = 0.0
        for part in range(int(length / (HOUR / 2))):
            local = (window.start + (part + 0.5) * HOUR / 2).astimezone(ZoneInfo(zone))
            awake = 1.0 - np.cos(2 * np.pi * (local.hour + local.minute / 60) / 24)
            expected += (60 + 600 * awake) * (0.4 if local.weekday() == 6 else 1.0)
        profiles.append(WindowProfile("m", window, int(random.poisson(expected)), {}))
    return profiles


def alarms(current, history, *, zone, granularity):
    """How many of the windows alarm at the model's budget."""
    model = Model("m", Task.NONE, (Column("x", ColumnType.NUMERIC),), timezone=zone)
    alpha = model.alarm_budget.per_tick(granularity)
    found = 0
    for profile in current:
        evidence = list(volume(SPEC, model, [profile], history))
        found += sum(str(status) == "alert" for _, status in decide(evidence, alpha=alpha))
    return found


@pytest.mark.parametrize(("zone", "day", "_hours"), TRANSITIONS)
@pytest.mark.parametrize("length", [HOUR, DAY], ids=["hourly", "daily"])
def test_a_transition_is_no_alarm(zone, day, _hours, length):
    """Neither the day of the transition nor the week after it alarms, by the hour or by the day."""
    start = midnight(day, zone).replace(minute=0)
    windows = traffic(start - 10 * WEEK, start + WEEK, length=length, zone=zone)
    before = [profile for profile in windows if profile.window.end <= start]
    after = [profile for profile in windows if profile.window.start >= start - length]

    found = alarms(
        after, History(tuple(before), timed=True), zone=zone, granularity=Granularity(length)
    )

    assert found == 0


def test_seasons_in_universal_time_would_alarm():
    """The same traffic, judged as if people lived by universal time, alarms after the transition:
    what the test above holds is not held by chance.
    """
    zone, day, _ = TRANSITIONS[0]
    start = midnight(day, zone)
    windows = traffic(start - 10 * WEEK, start + WEEK, length=HOUR, zone=zone)
    before = [profile for profile in windows if profile.window.end <= start]
    after = [profile for profile in windows if profile.window.start >= start]

    found = alarms(
        after, History(tuple(before), timed=True), zone="UTC", granularity=Granularity(HOUR)
    )

    assert found > 10


def test_a_real_gap_on_the_day_of_a_transition_is_told():
    """An hour without half of its rows alarms on that day as on any other."""
    zone, day, _ = TRANSITIONS[1]
    start = midnight(day, zone)
    windows = traffic(start - 10 * WEEK, start + DAY, length=HOUR, zone=zone)
    before = [profile for profile in windows if profile.window.end <= start]
    (noon,) = [p for p in windows if p.window.start == start + 12 * HOUR]

    found = alarms(
        [replace(noon, rows=noon.rows // 2)],
        History(tuple(before), timed=True),
        zone=zone,
        granularity=Granularity(HOUR),
    )

    assert found == 1


@pytest.mark.parametrize(("zone", "day", "hours"), [*TRANSITIONS, HALF_AN_HOUR])
@pytest.mark.parametrize("text", ["5m", "1h", "1d"])
def test_every_row_of_the_day_lies_in_one_window(zone, day, hours, text):
    """The hour that comes twice fills two windows, the one that is left out none: each row once."""
    first, last = midnight(day, zone), midnight(day + DAY, zone)
    granularity = Granularity.parse(text)
    moments = [first + n * timedelta(minutes=1) for n in range(int((last - first) / HOUR * 60))]
    windows = granularity.windows(first, last)

    counted = Counter(granularity.window_of(moment) for moment in moments)

    assert len(moments) == hours * 60
    assert sum(counted.values()) == len(moments)
    assert set(counted) == set(windows)
    assert all(a.end == b.start for a, b in pairwise(windows))
    if text == "1h":
        whole = [n for window, n in counted.items() if first <= window.start < last - HOUR]
        assert set(whole) == {60}
