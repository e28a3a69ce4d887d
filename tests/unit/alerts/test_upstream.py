"""What an upstream failure explains is held back, said to be, and told when it outlasts the failure."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from watchkeeper.alerts.deciding import Rules, decide
from watchkeeper.alerts.engine import Live, step
from watchkeeper.alerts.message import compose
from watchkeeper.alerts.upstream import Explaining, Upstream
from watchkeeper.domain.alert import AlertState, Notice, NoticeKind
from watchkeeper.domain.group import Signal
from watchkeeper.domain.model import Model, MonitorSpec, Task
from watchkeeper.domain.route import AlertRoute, Grouping, SinkSpec
from watchkeeper.domain.verdict import Severity, Status, Verdict
from watchkeeper.domain.window import Window

DAY = timedelta(days=1)
START = datetime(2013, 3, 1, tzinfo=UTC)
MODEL = Model("flights", Task.NONE, (), monitors=(MonitorSpec("feed", "quality"),))
AT_ONCE = Grouping(wait=timedelta(), interval=timedelta(), repeat=timedelta())
RULES = Rules(routes=(AlertRoute("all", (SinkSpec("log"),), grouping=AT_ONCE),))


def said(
    day,
    monitor,
    what,
    column=None,
    *,
    fires=True,
    segment=None,
    severity=Severity.WARNING,
    **effect,
):
    """A verdict: certain, so that its alert opens at once."""
    start = START + day * DAY
    return Verdict(
        id=f"{monitor}-{what}-{column}-{segment}-{day}", monitor=monitor, model="flights",
        status=Status.ALERT if fires else Status.OK, what=what, message=f"{what} of {column}",
        column=column, segment=segment, severity=severity, window=Window(start, start + DAY),
        effect={"p_value": 1e-12, **effect},
    )  # fmt: skip


def broken(day, column="wind", *, fires=True, monitor="quality"):
    return said(day, monitor, "missing_rate", column, fires=fires)


def drifted(day, column="wind", *, fires=True, **more):
    return said(day, "drift", "drift", column, fires=fires, **more)


def worse(day, *, fires=True):
    return said(day, "performance", "log_loss", fires=fires)


class World:
    """A model that lives day by day, and what people are told of it."""

    def __init__(self, *upstream):
        self.alerts, self.incidents, self.groups = {}, {}, {}
        self.upstream, self.told = upstream, []

    def day(self, number, *verdicts):
        now = START + (number + 1) * DAY
        held = tuple(a for a in self.alerts.values() if a.state is not AlertState.RESOLVED)
        over = tuple(a for a in self.alerts.values() if a.state is AlertState.RESOLVED)
        live = Live(held, tuple(self.incidents.values()), over, tuple(self.upstream))
        change = step(MODEL, live, verdicts, now)
        self.alerts |= {alert.id: alert for alert in change.alerts}
        for forgotten in change.forgotten:
            self.alerts.pop(forgotten)
        self.incidents |= {incident.id: incident for incident in change.incidents}
        decision = decide(RULES, self.groups.values(), self._signals(), now)
        self.groups |= {group.key: group for group in decision.groups}
        for group in decision.ended:
            self.groups.pop(group.key, None)
        self.told += [(intent.kind, len(intent.alerts)) for intent in decision.intents]
        return self

    def _signals(self):
        return [
            Signal(a.id, a.incident, a.labels, a.fault, self.incidents[a.incident].severity)
            for a in self.alerts.values()
            if a.state is AlertState.OPEN
        ]

    @property
    def incident(self):
        (found,) = self.incidents.values()
        return found

    def held(self):
        return sorted((a.monitor, a.column) for a in self.alerts.values() if a.held_back)


def test_one_incident_tells_of_the_fault_and_says_what_it_holds_back():
    """A broken column, its drift, the drift of the score and worse errors are one notice."""
    world = World().day(0, broken(0), drifted(0), drifted(0, "score", role="output"), worse(0))
    assert world.told == [(NoticeKind.OPENED, 1)]
    assert world.held() == [("drift", "score"), ("drift", "wind"), ("performance", None)]
    assert world.incident.cause == "a data fault: missing_rate of wind"
    assert world.incident.facts["held_back"] == (
        "2 drift and 1 performance alerts are held back because missing_rate of wind"
    )


def test_the_message_says_what_is_held_back():
    """Who is told of the fault reads beside it what else would have been told."""
    incident = World().day(0, broken(0), drifted(0)).incident
    notice = Notice("k", NoticeKind.OPENED, "all", 0, incident, (), START)
    assert dict(compose(notice).facts)["Held back"] == (
        "1 drift alert is held back because missing_rate of wind"
    )


def test_another_column_is_no_consequence():
    """Drift of a feature that is whole is told."""
    world = World().day(0, broken(0), drifted(0, "rain"))
    assert world.held() == []
    assert world.told == [(NoticeKind.OPENED, 2)]


def test_what_outlasts_the_fault_is_told():
    """The fault is over, the drift stays: people are told, once, that it does."""
    world = World().day(0, broken(0), drifted(0)).day(1, broken(1), drifted(1))
    assert world.told == [(NoticeKind.OPENED, 1)]
    world.day(2, broken(2, fires=False), drifted(2))
    assert world.told[1:] == [(NoticeKind.UPDATED, 2)]
    assert world.held() == []
    assert "held_back" not in world.incident.facts
    assert "this stays" in world.incident.facts["let_go"]
    world.day(3, broken(3, fires=False), drifted(3)).day(4, broken(4, fires=False), drifted(4))
    assert [kind for kind, _ in world.told].count(NoticeKind.OPENED) == 1


def test_what_ends_with_the_fault_is_never_told():
    """Its drift is over with it: one notice that it began, one that it is over."""
    world = World().day(0, broken(0), drifted(0))
    for day in (1, 2, 3):
        world.day(day, broken(day, fires=False), drifted(day, fires=False))
    assert [kind for kind, _ in world.told] == [NoticeKind.OPENED, NoticeKind.RESOLVED]


def test_what_comes_later_joins_the_fault():
    """Labels come weeks after: the errors of the same windows are one incident with the fault."""
    world = World().day(0, broken(0), drifted(0))
    for day in range(1, 6):
        world.day(day, broken(day), drifted(day))
    world.day(6, broken(6), drifted(6), worse(6))
    assert world.told == [(NoticeKind.OPENED, 1)]
    assert len(world.incidents) == 1
    assert ("performance", None) in world.held()


def test_what_began_before_is_no_consequence():
    """Drift that was there a week earlier was told, and the fault does not take it back."""
    world = World()
    for day in range(5):
        world.day(day, drifted(day))
    world.day(5, broken(5), drifted(5))
    assert world.held() == []


def test_a_gap_holds_back_everything_and_a_busy_day_nothing():
    """No rows at all explain any drift; more rows than usual do not."""
    gap = said(0, "quality", "volume", severity=Severity.CRITICAL)
    assert World().day(0, gap, drifted(0), worse(0)).held() == [
        ("drift", "wind"), ("performance", None),
    ]  # fmt: skip
    busy = said(0, "quality", "volume")
    assert World().day(0, busy, drifted(0)).held() == []


def test_a_monitor_by_another_name_is_known_by_its_kind():
    """A quality monitor may be called anything."""
    assert World().day(0, broken(0, monitor="feed"), drifted(0)).held() == [("drift", "wind")]


def test_a_fault_of_one_segment_is_no_excuse_for_another():
    """Where it is broken is where it is held back."""
    fault = said(0, "quality", "missing_rate", "wind", segment="origin=JFK")
    world = World().day(
        0, fault, drifted(0, segment="origin=JFK"), drifted(0, segment="origin=LGA")
    )
    held = [alert.segment for alert in world.alerts.values() if alert.held_back]
    assert held == ["origin=JFK"]


def test_a_failure_of_what_the_model_depends_on_is_told_there():
    """A host without memory is another model's incident: here nothing is told, and it says why."""
    host = Upstream("resources", START, START + 5 * DAY, "hosts: memory of web-1 is used up")
    slow = said(0, "service", "latency_p95")
    world = World(host).day(0, worse(0), slow)
    assert world.told == []
    assert "held back because hosts: memory of web-1" in world.incident.facts["held_back"]
    world.upstream = ()
    world.day(1, worse(1), replace(slow, window=Window(START + DAY, START + 2 * DAY)))
    assert world.told == [(NoticeKind.OPENED, 2)]


@pytest.mark.parametrize(("what", "held"), [("creep", False), ("drift", True)])
def test_what_is_slow_has_no_sudden_cause(what, held):
    """A week that wandered away was not made by one broken window."""
    world = World().day(0, broken(0), said(0, "drift", what, "wind"))
    assert bool(world.held()) is held


def test_resources_do_not_excuse_broken_data():
    """Quality is nobody's consequence."""
    world = World(Upstream("resources", START, START + DAY, "disk full")).day(0, broken(0))
    (alert,) = world.alerts.values()
    assert Explaining.of(world.upstream, MODEL).fault_of(alert) is None
