"""When windows are judged."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from watchkeeper.catalog.windows import StoredWindow
from watchkeeper.domain.window import Window
from watchkeeper.server.schedule import full_hour, looks

START = datetime(2024, 3, 4, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
GRACE = timedelta(minutes=5)


def stored(known_at, *, judged_at=None, first_known_at=START + HOUR):
    return StoredWindow(
        model="m",
        window=Window(START, START + DAY),
        changed=1,
        profiled=0,
        judged=0,
        known_at=known_at,
        predictions_version=None,
        labels_version=None,
        profile_revision=0,
        first_known_at=first_known_at,
        judged_at=judged_at,
    )


def moments(window, now):
    return [look.as_of for look in looks(window, now)]


def test_a_window_is_judged_a_little_after_it_closed():
    """Five minutes after its end, with what was known then."""
    window = stored(START + 23 * HOUR)

    assert moments(window, START + DAY + GRACE) == []
    assert moments(window, START + DAY + GRACE + timedelta(microseconds=1)) == [START + DAY + GRACE]


@pytest.mark.parametrize(("length", "grace"), [(HOUR, 180), (timedelta(minutes=5), 15), (DAY, 300)])
def test_short_windows_wait_less(length, grace):
    """A twentieth of the window, five minutes at the most."""
    window = Window(START, START + length)

    assert window.due - window.end == timedelta(seconds=grace)


def test_what_came_later_is_judged_at_the_next_full_hour():
    """Labels that came at half past are judged at the full hour, after the first look."""
    window = stored(START + DAY + 6.5 * HOUR)

    assert moments(window, START + 3 * DAY) == [START + DAY + GRACE, START + DAY + 7 * HOUR]


def test_a_window_is_judged_once_an_hour_at_most():
    """Two labels within an hour are one restatement; the one after waits for the next hour."""
    judged_at = START + DAY + 7 * HOUR
    window = stored(judged_at + timedelta(minutes=1), judged_at=judged_at)

    assert moments(window, judged_at + HOUR) == []
    assert moments(window, judged_at + 2 * HOUR) == [judged_at + HOUR]


def test_what_was_received_under_an_older_time_is_judged_all_the_same():
    """A batch that says it was known before the last judgement is not passed over."""
    judged_at = START + 5 * DAY
    window = stored(START + 2 * DAY, judged_at=judged_at)

    assert moments(window, START + 6 * DAY) == [judged_at + HOUR]


def test_history_that_is_sent_late_is_judged_with_what_came():
    """A window whose first rows came long after it is no window without rows."""
    came = START + 30 * DAY + 20 * timedelta(minutes=1)
    window = stored(came, first_known_at=came)

    assert moments(window, came + HOUR) == [came + timedelta(seconds=10)]


def test_a_window_in_two_batches_of_one_file_is_judged_once():
    """What comes within seconds of its first rows is judged with them."""
    came = START + 30 * DAY + 20 * timedelta(minutes=1)
    window = stored(came + timedelta(seconds=3), first_known_at=came)

    assert moments(window, came + HOUR) == [came + timedelta(seconds=10)]


def test_a_full_hour_is_its_own():
    """The first full hour at or after a moment."""
    assert full_hour(START) == START
    assert full_hour(START + timedelta(microseconds=1)) == START + HOUR
