"""Timelines."""

from __future__ import annotations

from watchkeeper.domain.verdict import Severity
from watchkeeper.reports.strip import State, shortened, strips_of, windows_of


def test_each_window_has_the_worst_of_what_was_said(desk):
    """A fine figure does not hide an alarm of the same window; silence is silence."""
    verdicts = [
        desk.verdict("x", desk.OK, day=0),
        desk.verdict("x", desk.ALERT, day=0, what="missing_rate"),
        desk.verdict("x", desk.FEW, day=2),
        desk.verdict("c", desk.ALERT, day=1, severity=Severity.CRITICAL),
    ]

    strips = strips_of(verdicts)

    assert strips["x", True] == (State.WARNING, State.NONE, State.INSUFFICIENT)
    assert strips["c", True] == (State.NONE, State.CRITICAL, State.NONE)


def test_without_time_there_is_one_window(desk):
    """A report that is one test has a timeline of one."""
    verdicts = [desk.verdict("x", day=None)]

    assert windows_of(verdicts) == (None,)
    assert strips_of(verdicts) == {("x", True): (State.OK,)}


def test_a_short_strip_keeps_every_alarm():
    """However short, a step shows the worst of its windows."""
    strip = tuple(State.CRITICAL if at == 77 else State.OK for at in range(100))

    short = shortened(strip, 10)

    assert (len(short), short.index(State.CRITICAL), short.count(State.OK)) == (10, 7, 9)
    assert shortened(strip, 200) == strip
