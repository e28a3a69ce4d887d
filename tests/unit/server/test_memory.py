"""What the worker remembers of a model."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from watchkeeper.domain.model import Column, ColumnType, Model, Role, Task
from watchkeeper.domain.profile import WindowProfile
from watchkeeper.domain.window import Window
from watchkeeper.monitors.slices import TOTAL
from watchkeeper.server.memory import Memory

_DAY = timedelta(days=1)
_MONDAY = datetime(2024, 3, 4, tzinfo=UTC)
_MODEL = Model("m", Task.BINARY, (Column("x", ColumnType.NUMERIC, Role.FEATURE),))


def _window(day: datetime) -> Window:
    return Window(day, day + _DAY)


@pytest.fixture
def memory() -> Memory:
    """A hundred days up to a Thursday."""
    held = Memory(_MODEL, 1, None)
    for n in range(100, 0, -1):
        window = _window(_MONDAY + 3 * _DAY - n * _DAY)
        held.keep(window, [WindowProfile("m", window, 10, {})], [])
    return held


def _days(profiles: tuple[WindowProfile, ...]) -> tuple[datetime, datetime, int]:
    starts = [profile.window.start for profile in profiles if profile.window]
    return starts[0], starts[-1], len(starts)


def test_the_rolling_baseline_ends_where_the_week_began(memory):
    """Thursday is judged against the weeks before Monday: all days of a week against the same."""
    history = memory.histories(_window(_MONDAY + 3 * _DAY))[TOTAL]

    span = _MODEL.baseline.rolling_days
    assert _days(history.recent) == (_MONDAY - span * _DAY, _MONDAY - _DAY, span)


def test_the_last_week_goes_up_to_the_window(memory):
    """The six days before Thursday are at hand: with itself, a week."""
    history = memory.histories(_window(_MONDAY + 3 * _DAY))[TOTAL]

    assert _days(history.week) == (_MONDAY - 3 * _DAY, _MONDAY + 2 * _DAY, 6)
