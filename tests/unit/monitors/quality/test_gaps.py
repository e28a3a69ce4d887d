"""Rows that never arrived, and accounts that do not add up."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from watchkeeper.domain.model import Column, ColumnType, Model, MonitorSpec, Task
from watchkeeper.domain.profile import Accounting, ClientAccount, WindowProfile
from watchkeeper.domain.verdict import Severity, Status
from watchkeeper.domain.window import Window
from watchkeeper.monitors.evidence import History
from watchkeeper.monitors.quality.clocks import clocks
from watchkeeper.monitors.quality.gaps import gaps

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
WINDOW = Window(NOON, NOON + timedelta(hours=1))
MODEL = Model("m", Task.NONE, (Column("x", ColumnType.NUMERIC),))
SPEC = MonitorSpec("quality", "quality")
DAY = 86_400.0


def judged(monitor, account, **options):
    """What a monitor says of a window with that account, by figure."""
    profile = WindowProfile("m", WINDOW, 100, {}, accounting=account)
    spec = replace(SPEC, options=options)
    found = monitor(spec, MODEL, [profile], History((), timed=True))
    return {evidence.series.what: evidence for evidence in found}


def account(*clients, **counts):
    """An account of a hundred rows, of clients that number theirs."""
    return Accounting(
        **{"received": 100, "accepted": 100, **counts}, clients=clients, numbered=True
    )


def test_nothing_is_said_where_no_account_was_kept():
    """A file that is compared has no account; a client that numbers nothing lost nothing known."""
    assert judged(gaps, None) == {}
    assert set(judged(gaps, Accounting(5, 5))) == {"unaccounted_rows"}
    assert judged(clocks, Accounting(5, 5)) == {}


def test_all_is_well_where_every_number_came():
    """What was sampled out on purpose is no loss."""
    found = judged(gaps, account(ClientAccount("a", "predictions", sampled=900)))

    assert {what: e.status for what, e in found.items()} == {
        "missing_rows": Status.OK,
        "unaccounted_rows": Status.OK,
    }
    assert found["unaccounted_rows"].message == (
        "100 received = 100 accepted + 0 duplicate + 0 rejected"
    )


def test_a_lost_row_is_told_with_who_lost_it():
    """Missing and dropped rows are one figure, and two clauses that name their clients."""
    found = judged(
        gaps,
        account(
            ClientAccount("web-1/7", "predictions", missing=4, dropped=1),
            ClientAccount("web-2/9", "labels", missing=20),
        ),
    )["missing_rows"]

    assert (found.status, found.value, found.low, found.high, found.n) == (
        Status.ALERT,
        25.0,
        25.0,
        25.0,
        125,
    )
    assert found.p_value is None
    assert found.severity is Severity.CRITICAL
    assert found.message == (
        "20.0 % of 125 rows are lost: 24 rows never arrived (20 labels of web-2/9, 4 predictions "
        "of web-1/7); 1 row could not be kept by the client (1 prediction of web-1/7)"
    )


def test_few_lost_rows_are_a_warning():
    """Less than one row in a hundred is told, and is no catastrophe."""
    lost = ClientAccount("a", "predictions", missing=1)

    found = judged(gaps, account(lost, received=1000, accepted=1000))["missing_rows"]

    assert (found.status, found.severity) == (Status.ALERT, Severity.WARNING)


def test_many_clients_are_summed_up():
    """A message stays short however many clients lost rows."""
    clients = [ClientAccount(f"web-{n}", "predictions", missing=n) for n in range(1, 6)]

    message = judged(gaps, account(*clients))["missing_rows"].message

    assert "5 predictions of web-5" in message
    assert message.endswith("the rest of 2 other clients)")


@pytest.mark.parametrize("field", ["received", "accepted", "duplicate", "rejected"])
def test_a_row_that_is_not_accounted_for_is_an_alarm(field):
    """Any one count that is off by one shows."""
    counts = {"received": 100, "accepted": 80, "duplicate": 15, "rejected": 5}

    fine = judged(gaps, account(**counts))["unaccounted_rows"]
    off = judged(gaps, account(**{**counts, field: counts[field] + 1}))["unaccounted_rows"]

    assert fine.status is Status.OK
    assert (off.status, off.severity, off.value) == (Status.ALERT, Severity.CRITICAL, 1.0)


def test_a_day_that_differs_from_what_is_stored_is_an_alarm():
    """What the nightly comparison found is told in words, also where no row came since."""
    found = judged(gaps, account(received=0, accepted=0, faults=("2026-11-20, labels: 3 too few",)))

    assert found["unaccounted_rows"].status is Status.ALERT
    assert "2026-11-20, labels: 3 too few" in found["unaccounted_rows"].message


def test_a_clock_a_day_ahead_is_a_warning():
    """The worst clock is the figure, and named."""
    found = judged(
        clocks,
        account(
            ClientAccount("web-1/7", "predictions", delays=(-DAY - 2.0, -DAY)),
            ClientAccount("web-2/8", "predictions", delays=(-100.0, -99.9)),
        ),
    )["clock_skew"]

    assert (found.status, found.severity, found.value) == (
        Status.ALERT,
        Severity.WARNING,
        DAY + 2.0,
    )
    assert found.message == (
        "the clock of web-1/7 is 1 day ahead, the clock of web-2/8 is 1.67 minutes ahead"
    )


def test_a_clock_behind_needs_more_than_a_slow_network():
    """A minute and a half of delay may be the network's; what no request survives is the clock."""
    slow = judged(clocks, account(ClientAccount("a", "predictions", delays=(90.0,))))
    behind = judged(clocks, account(ClientAccount("a", "predictions", delays=(DAY, DAY + 1.0))))

    assert slow["clock_skew"].status is Status.OK
    assert behind["clock_skew"].status is Status.ALERT
    assert "1 day behind" in behind["clock_skew"].message


def test_right_clocks_are_said_to_be_right():
    """Where nothing stands out there is no figure, which is not the same as zero."""
    found = judged(clocks, account())["clock_skew"]

    assert (found.status, found.value) == (Status.OK, None)


def test_the_tolerance_is_the_owners():
    """Five minutes may be fine where windows are days."""
    ahead = account(ClientAccount("a", "predictions", delays=(-100.0, -99.9)))

    assert judged(clocks, ahead)["clock_skew"].status is Status.ALERT
    told = judged(clocks, ahead, clock_tolerance_seconds=300)["clock_skew"]
    assert told.status is Status.OK
    assert told.message == "no client's clock is more than 5 minutes off"
