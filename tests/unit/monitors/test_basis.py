"""Which windows a figure is judged against."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from watchkeeper.domain.profile import CountProfile, WindowProfile
from watchkeeper.domain.window import Window
from watchkeeper.monitors.basis import basis_of, column_basis
from watchkeeper.monitors.evidence import History

_START = datetime(2024, 1, 1, tzinfo=UTC)
_REFERENCE_DAYS = range(28)


def _windows(days, length: timedelta = timedelta(days=1)) -> tuple[WindowProfile, ...]:
    columns = {"a": CountProfile(10, 0), "b": CountProfile(10, 0)}
    starts = [_START + day * length for day in days]
    return tuple(WindowProfile("m", Window(s, s + length), 10, columns) for s in starts)


def _without(windows, name: str) -> tuple[WindowProfile, ...]:
    return tuple(
        replace(p, columns={n: c for n, c in p.columns.items() if n != name}) for p in windows
    )


@pytest.mark.parametrize(
    ("days", "rolling"),
    [
        (range(100, 128), True),
        (range(100, 127), False),  # not four weeks yet
        ([*range(100, 120), 155], True),  # 21 of 56, over eight weeks
        ([*range(100, 119), 155], False),
        ([100, 155], False),  # four weeks apart, and nothing between
        ([], False),
    ],
)
def test_rolling_windows_take_over_once_they_are_enough(days, rolling):
    """They span four weeks, and are three quarters as many as four weeks have."""
    history = History(_windows(_REFERENCE_DAYS), timed=True, recent=_windows(days))

    basis = basis_of(history, "UTC")

    assert basis.rolling is rolling
    expected = history.recent if rolling else (*history.reference, *history.recent)
    assert basis.windows == expected


def test_rolling_hours_are_counted_as_hours():
    """Four weeks of hourly windows are 672: a hundred of them are too few."""
    hour = timedelta(hours=1)
    few, many = range(0, 700, 7), range(700)

    bases = [
        basis_of(History((), timed=True, recent=_windows(days, hour)), "UTC")
        for days in (few, many)
    ]

    assert [basis.rolling for basis in bases] == [False, True]


def test_a_column_that_is_left_out_of_recent_windows_falls_back_on_the_reference():
    """What starves one column's baseline leaves the others theirs."""
    recent = _windows(range(100, 156))
    history = History(
        _windows(_REFERENCE_DAYS), timed=True, recent=(*_without(recent[:40], "a"), *recent[40:])
    )

    a, b = (column_basis(history, "UTC", name) for name in "ab")

    assert a.windows == (*history.reference, *recent[40:])
    assert (b.windows, b.rolling) == (history.recent, True)
    assert b is basis_of(history, "UTC")


def test_a_few_windows_without_a_column_leave_the_rolling_ones():
    """Eight weeks without one week of a column are still enough."""
    recent = _windows(range(100, 156))
    history = History(
        _windows(_REFERENCE_DAYS), timed=True, recent=(*_without(recent[:7], "a"), *recent[7:])
    )

    assert column_basis(history, "UTC", "a").windows == recent[7:]


def test_a_basis_is_made_once_for_a_history():
    """All monitors of a call share it; another history has its own."""
    history = History(_windows(_REFERENCE_DAYS), timed=True)

    assert basis_of(history, "UTC") is basis_of(history, "UTC")
    assert basis_of(history, "UTC") is not basis_of(replace(history), "UTC")
    assert basis_of(history, "UTC") is not basis_of(history, "Asia/Tokyo")
