"""The smallest delays of an hour, through jumps of the client's clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from watchkeeper.domain.delays import LONGEST_SECONDS, Delay, observe
from watchkeeper.stats.clock_offset import clock_offset

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
DAY = 86_400.0


def after(offsets, *, seed=0, minutes=1.0):
    """The delays known after a batch a minute, from a clock ahead by ``offsets`` seconds in turn."""
    random = np.random.default_rng(seed)
    known = ()
    for place, offset in enumerate(offsets):
        at = NOON + place * timedelta(minutes=minutes)
        known = observe(known, Delay(at, float(random.exponential(0.2)) - offset))
    return known


def offset(known):
    """How far ahead the clock is found to be."""
    return clock_offset([delay.seconds for delay in known], longest=LONGEST_SECONDS)


def test_a_right_clock_is_found_right():
    """Delays alone are taken for a clock that is right, within a fraction of a second."""
    found = offset(after([0.0] * 60))

    assert -0.1 < found.low <= 0.0 <= found.high < 1.0


def test_a_clock_that_jumps_a_day_ahead_shows_at_once():
    """One batch after the jump is enough."""
    found = offset(after([0.0] * 30 + [DAY]))

    assert DAY - 3 < found.low <= DAY
    assert found.n > 1


def test_a_clock_that_jumps_a_day_back_shows_at_once():
    """What was known before cannot be explained by any delay, and is forgotten."""
    found = offset(after([0.0] * 30 + [-DAY]))

    assert found.low < -DAY + 1
    assert found.high < -DAY + LONGEST_SECONDS + 1


def test_a_clock_that_is_put_right_is_forgiven():
    """A day ahead, then right again: nothing of the day is left."""
    found = offset(after([DAY] * 30 + [0.0] * 3))

    assert -3 < found.low <= 0.0


def test_a_single_slow_request_does_no_harm():
    """A request that took six minutes is followed by a quick one, which counts again."""
    slow = observe(after([0.0] * 30), Delay(NOON + timedelta(minutes=31), 360.0))
    known = observe(slow, Delay(NOON + timedelta(minutes=32), 0.1))

    assert [delay.seconds for delay in known] == [0.1, 360.0]
    assert offset(known).low == -0.1


def test_what_is_kept_is_bounded_in_number_and_age():
    """At most sixteen, none of them older than an hour."""
    known = after([0.0] * 500)

    assert len(known) == 16
    assert max(d.at for d in known) - min(d.at for d in known) <= timedelta(hours=1)


def test_a_late_word_does_not_undo_a_jump():
    """A batch received before the jump and counted after it changes little: the newest stay."""
    known = after([0.0] * 30 + [-DAY])

    found = observe(known, Delay(NOON + timedelta(minutes=5), 0.1))

    assert offset(found).low == -0.1  # until the next batch, which forgets it
    again = observe(found, Delay(NOON + timedelta(minutes=40), DAY + 0.2))
    assert offset(again).low < -DAY + 1
