"""From verdicts to incidents and notices."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from watchkeeper.alerts.deciding import Rules, decide
from watchkeeper.alerts.engine import Change, Live, step
from watchkeeper.domain.alert import AlertState, NoticeKind
from watchkeeper.domain.group import Group, Signal
from watchkeeper.domain.model import Model, MonitorSpec, Task
from watchkeeper.domain.route import AlertRoute, Grouping, SinkSpec
from watchkeeper.domain.verdict import Severity, Status, Verdict
from watchkeeper.domain.window import Window

DAY = timedelta(days=1)
START = datetime(2013, 3, 1, tzinfo=UTC)
MODEL = Model("flights", Task.NONE, ())
AT_ONCE = Grouping(wait=timedelta(), interval=timedelta(), repeat=timedelta())
RULES = Rules(routes=(AlertRoute("all", (SinkSpec("log"),), grouping=AT_ONCE),))


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


def signals(live: Live) -> list[Signal]:
    incidents = {found.id: found for found in live.incidents}
    return [
        Signal(
            alert.id,
            alert.incident,
            alert.labels,
            alert.fault,
            severity=incidents[alert.incident].severity,
            certainty=incidents[alert.incident].facts["certainty"],
        )
        for alert in live.alerts
        if alert.state is AlertState.OPEN
    ]


def run(*days: list[Verdict], model: Model = MODEL) -> tuple[Live, list[NoticeKind]]:
    """Live through the days; what stands at their end, and why people were told meanwhile."""
    live, kinds, groups = Live(), [], {}
    for number, verdicts in enumerate(days):
        now = START + (number + 1) * DAY
        live = merged(live, step(model, live, verdicts, now))
        told = decide(RULES, groups.values(), signals(live), now)
        groups |= {group.key: group for group in told.groups}
        groups = {key: group for key, group in groups.items() if group not in told.ended}
        kinds += [intent.kind for intent in told.intents]
    assert all(isinstance(group, Group) for group in groups.values())
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


def test_a_new_kind_of_fault_in_an_open_incident_is_told():
    """A column that drifts for a week begins to miss values: its incident is told again, once."""
    days = [[verdict(day, "wind")] for day in range(7)]
    missing = {"monitor": "service", "what": "latency"}
    days += [[verdict(day, "wind"), verdict(day, "wind", **missing)] for day in (7, 8, 9)]

    live, kinds = run(*days)

    assert len(live.incidents) == 1
    assert kinds == [NoticeKind.OPENED, NoticeKind.UPDATED]


def test_what_joins_within_two_windows_is_the_same_fault():
    """Other kinds that begin a window or two later belong to what was told."""
    missing = {"monitor": "service", "what": "latency"}
    days = [[verdict(0, "wind")], *[[verdict(day, "wind", **missing)] for day in (1, 2, 3)]]

    live, kinds = run(*days)

    assert len(live.incidents) == 1
    assert kinds == [NoticeKind.OPENED]


def test_a_cause_that_comes_to_be_known_is_told():
    """A fault of the data explains the drift that was told before."""
    _, kinds = run([verdict(0, "wind")], [verdict(1, "wind", monitor="quality", what="missing")])

    assert kinds == [NoticeKind.OPENED, NoticeKind.UPDATED]


def test_a_monitor_says_how_long_it_must_fire_and_is_kept():
    """`for: 2d` opens with the third window in a row, `keep_firing_for: 1d` ends it at the second
    quiet one.
    """
    slow = MonitorSpec("drift", "drift", opens_after=2 * DAY, keeps_for=DAY)
    model = replace(MODEL, monitors=(slow,))
    fires = (True, False, True, True, True, False, True, False, False)
    days = [[verdict(day, "wind", fires=fired)] for day, fired in enumerate(fires)]

    opened, _ = run(*days[:5], model=model)
    waiting, _ = run(*days[:4], model=model)
    kept, _ = run(*days[:8], model=model)
    _, kinds = run(*days, model=model)

    assert [alert.state for alert in opened.alerts] == [AlertState.OPEN]
    assert [alert.state for alert in waiting.alerts] == [AlertState.PENDING]
    assert [alert.state for alert in kept.alerts] == [AlertState.OPEN]
    assert kinds == [NoticeKind.OPENED, NoticeKind.RESOLVED]


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
