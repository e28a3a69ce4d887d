"""From verdicts to incidents and notices."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from watchkeeper.alerts.engine import Change, Live, step
from watchkeeper.domain.alert import AlertState, NoticeKind
from watchkeeper.domain.model import Model, Task
from watchkeeper.domain.verdict import Severity, Status, Verdict
from watchkeeper.domain.window import Window

DAY = timedelta(days=1)
START = datetime(2013, 3, 1, tzinfo=UTC)
MODEL = Model("flights", Task.NONE, ())


def verdict(
    day: int, column: str, *, monitor: str = "drift", what: str = "drift", fires: bool = True
) -> Verdict:
    start = START + day * DAY
    return Verdict(
        id=f"{monitor}-{column}-{day}",
        monitor=monitor,
        model="flights",
        status=Status.ALERT if fires else Status.OK,
        what=what,
        message=f"{column} moved",
        column=column,
        severity=Severity.WARNING,
        window=Window(start, start + DAY),
        effect={"p_value": 1e-12},
    )


def merged(live: Live, change: Change) -> Live:
    alerts = {alert.id: alert for alert in (*live.alerts, *live.resolved, *change.alerts)}
    incidents = {found.id: found for found in (*live.incidents, *change.incidents)}
    kept = [alert for alert in alerts.values() if alert.id not in change.forgotten]
    return Live(
        alerts=tuple(alert for alert in kept if alert.state is not AlertState.RESOLVED),
        incidents=tuple(incidents.values()),
        resolved=tuple(alert for alert in kept if alert.state is AlertState.RESOLVED),
    )


def run(*days: list[Verdict]) -> tuple[Live, list[NoticeKind]]:
    live, kinds = Live(), []
    for number, verdicts in enumerate(days):
        change = step(MODEL, live, verdicts, START + (number + 1) * DAY)
        kinds += [kind for _, kind in change.tell]
        live = merged(live, change)
    return live, kinds


def test_columns_that_move_together_are_one_incident():
    """Five columns in one window make one incident and one notice."""
    live, kinds = run([verdict(0, f"c{number}") for number in range(5)])

    assert len(live.incidents) == 1
    assert len(live.incidents[0].alerts) == 5
    assert kinds == [NoticeKind.OPENED]


def test_a_data_fault_is_the_cause_of_the_drift_beside_it():
    """Where quality and drift fire together, the data fault is named as the cause."""
    live, _ = run([verdict(0, "wind"), verdict(0, "temp", monitor="quality", what="missing_rate")])

    assert live.incidents[0].cause == "a data fault: temp moved"


def test_an_unexplained_fall_says_unknown():
    """Performance alone, with nothing beside it, has an unknown cause and says so."""
    fall = replace(verdict(0, "x", monitor="performance", what="roc_auc"), column=None)

    live, _ = run([fall])

    assert live.incidents[0].cause == "unknown"


def test_an_ongoing_incident_is_told_once():
    """Ten more days of the same alarm send nothing more."""
    live, kinds = run(*[[verdict(day, "wind")] for day in range(10)])

    assert len(live.incidents) == 1
    assert kinds == [NoticeKind.OPENED]


def test_what_begins_later_elsewhere_is_another_incident():
    """A column that begins to move a week later has another cause."""
    days = [[verdict(day, "wind")] for day in range(7)]
    days.append([verdict(7, "wind"), verdict(7, "dest")])

    live, kinds = run(*days)

    assert len(live.incidents) == 2
    assert kinds == [NoticeKind.OPENED, NoticeKind.OPENED]


def test_creep_of_many_columns_is_one_ongoing_incident():
    """Slow departures, however late each begins, share one incident."""
    days = [
        [verdict(day, f"c{number}", what="creep") for number in range(day + 1)] for day in range(12)
    ]

    live, kinds = run(*days)

    assert len(live.incidents) == 1
    assert kinds == [NoticeKind.OPENED]


def test_it_resolves_once_and_reopens_as_itself():
    """After three quiet days one resolve goes out; the same column soon after reopens it."""
    days = [
        [verdict(0, "wind")],
        *[[verdict(day, "wind", fires=False)] for day in (1, 2, 3)],
        [verdict(4, "wind")],
    ]

    live, kinds = run(*days)

    assert len(live.incidents) == 1
    assert kinds == [NoticeKind.OPENED, NoticeKind.RESOLVED, NoticeKind.OPENED]


def test_a_step_is_repeatable():
    """The same step from the same state gives the same change."""
    verdicts = [verdict(0, "wind"), verdict(0, "temp")]

    assert step(MODEL, Live(), verdicts, START) == step(MODEL, Live(), verdicts, START)
