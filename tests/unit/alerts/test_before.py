"""What was changed shortly before an incident."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from watchkeeper.alerts.before import MOST_TOLD, changes_before, in_words
from watchkeeper.domain.alert import AlertState, Incident
from watchkeeper.domain.change import Change, ChangeKind
from watchkeeper.domain.verdict import Severity

ONSET = datetime(2024, 3, 4, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def incident(*alerts):
    return Incident(
        "i", "loans", AlertState.OPEN, Severity.WARNING, "t", "unknown", ONSET, ONSET, alerts=alerts
    )


def change(key, before, *, kind=ChangeKind.DEPLOY):
    return Change(key, ONSET - before, kind, key, "loans", by="ci")


def told(*changes, of=None, length=HOUR):
    found = changes_before(of or incident(), changes, window_length=length)
    return [(item["title"], item["when"]) for item in found]


def test_the_nearest_comes_first_with_how_long_before():
    """A deploy within the window that fired is as near as it gets."""
    assert told(
        change("a", 26 * HOUR), change("b", 2 * HOUR), change("c", -HOUR / 2), change("d", HOUR)
    ) == [("c", "in the first window that fired"), ("d", "1 h before"), ("b", "2 h before")]


def test_what_came_after_the_first_window_is_no_cause():
    """The onset's window is the last in which a cause can lie."""
    assert told(change("late", -HOUR), change("later", -2 * HOUR)) == []


def test_long_windows_look_farther_back():
    """Three windows before the onset count, where they are longer than a day."""
    assert told(change("a", 60 * HOUR)) == []
    assert told(change("a", 60 * HOUR), length=24 * HOUR) == [("a", "2 d 12 h before")]


def test_an_incident_is_not_its_own_cause():
    """The faults that the incident itself consists of are in the journal too."""
    own, other = (change(f"alert|{name}", timedelta(0), kind=ChangeKind.DATA) for name in "xy")
    assert [title for title, _ in told(own, other, of=incident("x"))] == ["alert|y"]


def test_a_message_is_not_flooded():
    """Of many changes the nearest few are told."""
    many = [change(f"c{number:02}", number * timedelta(minutes=5)) for number in range(30)]
    assert [title for title, _ in told(*many)] == [f"c{n:02}" for n in range(MOST_TOLD)]


@pytest.mark.parametrize(
    ("before", "words"),
    [
        (timedelta(seconds=20), "less than a minute before"),
        (timedelta(minutes=59), "59 min before"),
        (timedelta(minutes=61), "1 h 1 min before"),
        (timedelta(days=2), "2 d before"),
        (timedelta(0), "in the first window that fired"),
    ],
)
def test_a_span_in_words(before, words):
    """As a person would say it."""
    assert in_words(before) == words
