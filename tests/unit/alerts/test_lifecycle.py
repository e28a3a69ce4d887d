"""When alerts open and resolve."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from watchkeeper.alerts.lifecycle import advance
from watchkeeper.domain.alert import Alert, AlertState
from watchkeeper.domain.verdict import Status, Verdict
from watchkeeper.domain.window import Window

DAY = timedelta(days=1)
START = datetime(2013, 3, 1, tzinfo=UTC)


def verdict(day: int, status: Status = Status.ALERT, p_value: float | None = 1e-4) -> Verdict:
    start = START + day * DAY
    return Verdict(
        id=f"v{day}",
        monitor="drift",
        model="flights",
        status=status,
        what="drift",
        message="it moved",
        column="wind",
        window=Window(start, start + DAY),
        effect={} if p_value is None else {"p_value": p_value},
    )


def follow(*verdicts: Verdict) -> Alert | None:
    alert: Alert | None = None
    for found in verdicts:
        alert = advance(alert, found, found.window.end)
    return alert


def test_one_moderate_firing_is_only_pending():
    """A single window at a moderate p-value does not wake anybody."""
    assert follow(verdict(0)).state is AlertState.PENDING


def test_two_of_three_windows_open():
    """Two firing windows of the last three open the alert, since the first of them."""
    alert = follow(verdict(0), verdict(1, Status.OK), verdict(2))

    assert alert.state is AlertState.OPEN
    assert alert.opened_at == START


def test_overwhelming_evidence_opens_at_once():
    """A p-value below one in a million needs no confirmation."""
    assert follow(verdict(0, p_value=1e-9)).state is AlertState.OPEN


def test_a_fault_outside_the_budget_opens_at_once():
    """A broken bound has no p-value and needs no confirmation."""
    assert follow(verdict(0, p_value=None)).state is AlertState.OPEN


def test_a_pending_alert_is_forgotten_after_three_quiet_windows():
    """What fired once and never again leaves no trace."""
    quiet = [verdict(day, Status.OK) for day in (1, 2, 3)]

    assert follow(verdict(0), *quiet) is None


def test_an_open_alert_resolves_after_three_quiet_windows():
    """Two quiet windows are not enough, three are."""
    opened = follow(verdict(0), verdict(1))

    twice = advance(advance(opened, verdict(2, Status.OK), START), verdict(3, Status.OK), START)
    thrice = advance(twice, verdict(4, Status.OK), START)

    assert (twice.state, thrice.state) == (AlertState.OPEN, AlertState.RESOLVED)


def test_silence_never_resolves():
    """Windows without enough data leave an open alert open, however many there are."""
    opened = follow(verdict(0), verdict(1))

    for day in range(2, 12):
        opened = advance(opened, verdict(day, Status.INSUFFICIENT_DATA), START)

    assert opened.state is AlertState.OPEN


def test_a_restated_window_replaces_its_tick():
    """Judging the same window again does not count as a second window."""
    assert follow(verdict(0), verdict(0), verdict(0)).state is AlertState.PENDING
