"""Who is on call: turns, the change of the clocks, layers and those who stand in."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchkeeper.alerts.on_call import on_call, shifts
from watchkeeper.domain.hours import Times
from watchkeeper.domain.rota import Layer, Override, Rota
from watchkeeper.domain.route import SinkSpec

PEOPLE = {name: (SinkSpec("log"),) for name in ("ada", "bob", "cleo")}
DAILY = Rota(
    "daily", PEOPLE, (Layer(("ada", "bob"), date(2026, 3, 1), every=1, at=9 * 60),), "Europe/Berlin"
)
WEEKLY = Rota("weekly", PEOPLE, (Layer(("ada", "bob", "cleo"), date(2026, 1, 5)),), "UTC")


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "person"),
    [
        ("2026-03-01 07:59", None),  # before it starts
        ("2026-03-01 08:00", "ada"),  # 09:00 in Berlin, in winter
        ("2026-03-02 07:59", "ada"),
        ("2026-03-02 08:00", "bob"),
        ("2026-03-29 06:59", "bob"),  # 08:59 in summer, a day of 23 hours has passed
        ("2026-03-29 07:00", "ada"),  # 09:00 in summer
    ],
)
def test_turns_change_by_the_clock_on_the_wall(moment, person):
    """At nine in the morning, whatever that is in UTC."""
    assert on_call(DAILY, utc(moment)) == person


@pytest.mark.parametrize(
    ("moment", "person"),
    [
        ("2026-10-25 00:29", "bob"),  # 02:29 in summer
        ("2026-10-25 00:30", "ada"),  # 02:30, the first time
        ("2026-10-25 01:15", "ada"),  # 02:15, the second time: nobody hands back
        ("2026-10-25 01:45", "ada"),
        ("2026-10-26 01:30", "bob"),
    ],
)
def test_an_hour_that_comes_twice_hands_over_once(moment, person):
    """The clocks go back over the time of the hand-over."""
    layer = Layer(("ada", "bob"), date(2026, 10, 25), every=1, at=2 * 60 + 30)
    before = Layer(("bob",), date(2026, 1, 1))
    rota = Rota("night", PEOPLE, (before, layer), "Europe/Berlin")

    assert on_call(rota, utc(moment)) == person


def test_a_later_layer_and_an_override_take_precedence():
    """The night's layer over the week's where it has hours; whoever stands in over both."""
    night = Layer(("cleo",), date(2026, 1, 5), hours=(Times(times=((0, 360), (1320, 1440))),))
    stands_in = Override("bob", utc("2026-01-07 23:00"), utc("2026-01-08 01:00"))
    rota = Rota("r", PEOPLE, (Layer(("ada",), date(2026, 1, 5)), night), overrides=(stands_in,))

    asked = ("2026-01-07 21:59", "2026-01-07 22:00", "2026-01-07 23:30", "2026-01-08 06:00")
    assert [on_call(rota, utc(moment)) for moment in asked] == ["ada", "cleo", "bob", "ada"]


def test_shifts_say_who_and_until_when():
    """One entry a stretch of one person, without gaps."""
    found = shifts(WEEKLY, utc("2026-01-06 00:00"), utc("2026-01-20 00:00"))

    assert [each.person for each in found] == ["ada", "bob", "cleo"]
    assert found[0].end == utc("2026-01-12 09:00")
    assert [each.end for each in found[:-1]] == [each.start for each in found[1:]]


@given(st.integers(0, 24 * 60 * 700), st.integers(1, 48))
def test_shifts_are_what_is_asked_at_any_moment(minutes, hours):
    """Whoever a shift names is who is on call at every moment of it."""
    start = utc("2026-01-06 00:00") + timedelta(minutes=minutes)
    for shift in shifts(DAILY, start, start + timedelta(hours=hours)):
        for share in (0, 0.5, 0.999):
            assert on_call(DAILY, shift.start + share * (shift.end - shift.start)) == shift.person
