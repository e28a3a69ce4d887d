"""Holidays, whose columns are distributed otherwise, and rightly so."""

from __future__ import annotations

from dataclasses import replace

import pytest

from watchkeeper.domain.model import Column, ColumnType, Model, MonitorSpec, Task
from watchkeeper.domain.verdict import Status
from watchkeeper.monitors.budget import decide
from watchkeeper.monitors.calendar import Calendar
from watchkeeper.monitors.drift import drift
from watchkeeper.monitors.evidence import History

_THANKSGIVING, _FOUR_OF_JULY = 332, 185  # of 2024, in days since the first of January
_MODEL = Model("m", Task.NONE, (Column("x", ColumnType.NUMERIC),), holidays="US")


def _year(bench, make, rng, days):
    """Days around 0, holidays of the US around 1."""
    calendar = Calendar("US", "UTC")
    plain = [bench.window(day, {}) for day in range(days)]
    return tuple(
        replace(p, columns={"x": make.numeric(rng.normal(level + rng.normal(0, 0.05), 1, 200))})
        for p in plain
        for level in [1.0 if calendar.holiday(p.window) else 0.0]
    )


def _judge(model, profile, history):
    """The evidence of drift and its status."""
    found = list(drift(MonitorSpec("drift", "drift"), model, [profile], history))
    return [(e, s) for e, s in decide(found, alpha=0.01) if e.series.what == "drift"]


@pytest.mark.parametrize(
    ("day", "level", "expected"),
    [
        (_THANKSGIVING, 1.0, Status.OK),
        (_THANKSGIVING, 0.0, Status.ALERT),
        (_THANKSGIVING - 7, 0.0, Status.OK),
        (_THANKSGIVING - 7, 1.0, Status.ALERT),
    ],
)
def test_holidays_are_judged_by_holidays(bench, make, rng, day, level, expected):
    """After eight of them, and ordinary days by ordinary days; the message says by which."""
    history = History(_year(bench, make, rng, 300), timed=True)
    current = bench.window(day, make.numeric(rng.normal(level, 1, 500)))

    [(found, status)] = _judge(_MODEL, current, history)

    assert status is expected
    against = "holidays" if day == _THANKSGIVING else "Thursdays"
    assert f"than on {against} before" in found.message


def test_a_holiday_is_not_judged_by_ordinary_days(bench, make, rng):
    """The first of its kind is said to be one; without a place it is a drift."""
    history = History(_year(bench, make, rng, 180), timed=True)
    current = bench.window(_FOUR_OF_JULY, make.numeric(rng.normal(1.0, 1, 500)))

    [(found, status)] = _judge(_MODEL, current, history)
    [(_, without)] = _judge(replace(_MODEL, holidays=None), current, history)

    assert (status, without) == (Status.INSUFFICIENT_DATA, Status.ALERT)
    assert (found.n, found.profiles) == (500, (current.id,))
    assert found.message == (
        "x: drift cannot be judged, 4 July 2024 is a holiday (Independence Day): "
        "the baseline holds 5 holidays to compare it with, 8 are needed"
    )


def test_a_column_needs_the_holidays_that_hold_it(bench, make, rng):
    """What is missing from the baseline's holidays cannot be judged by them."""
    year = _year(bench, make, rng, 300)
    history = History((*(replace(p, columns={}) for p in year[:180]), *year[180:]), timed=True)
    current = bench.window(_THANKSGIVING, make.numeric(rng.normal(1.0, 1, 500)))

    [(found, status)] = _judge(_MODEL, current, history)

    assert status is Status.INSUFFICIENT_DATA
    assert "holds 3 holidays" in found.message


def test_creep_is_judged_on_holidays_too(bench, make, rng):
    """It is of the last week, not of the day."""
    year = _year(bench, make, rng, 185)
    history = History(year[:60], timed=True, recent=year[60:180], usual_week=year[179:])
    current = bench.window(_FOUR_OF_JULY, make.numeric(rng.normal(1.0, 1, 500)))

    found = list(drift(MonitorSpec("drift", "drift"), _MODEL, [current], history))

    assert [(e.series.what, e.status is Status.INSUFFICIENT_DATA) for e in found] == [
        ("drift", True),
        ("creep", False),
    ]
