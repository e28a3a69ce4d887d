"""Verdicts become notices, over a real catalog."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from watchkeeper.alerts.deciding import Rules
from watchkeeper.alerts.service import Alerting
from watchkeeper.alerts.telling import Telling
from watchkeeper.catalog.catalog import Catalog
from watchkeeper.domain.alert import AlertState
from watchkeeper.domain.model import Model, Task
from watchkeeper.domain.route import AlertRoute, Grouping, Match, SinkSpec
from watchkeeper.domain.verdict import Severity, Status, Verdict
from watchkeeper.domain.window import Window
from watchkeeper.errors import Conflict

DAY = timedelta(days=1)
START = datetime(2013, 3, 1, tzinfo=UTC)
MODEL = Model("flights", Task.NONE, (), owner="operations")
AT_ONCE = Grouping(wait=timedelta(), interval=timedelta())
ROUTES = (
    AlertRoute("all", (SinkSpec("log"), SinkSpec("webhook")), grouping=AT_ONCE),
    AlertRoute("others", (SinkSpec("log"),), Match(owner="somebody-else")),
    AlertRoute("only-critical", (SinkSpec("log"),), Match(severity=Severity.CRITICAL)),
)


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    """A real catalog in SQLite."""
    found = Catalog.open(f"sqlite:///{tmp_path / 'c.db'}", f"sqlite:///{tmp_path / 'i.db'}")
    yield found
    found.close()


@pytest.fixture
def alerting(catalog: Catalog) -> Alerting:
    """The alerts of all models, with three routes that tell at once."""
    rules = Rules(routes=ROUTES)
    telling = Telling(catalog.alerts, catalog.groups, lambda _: rules, "http://localhost:8711/")
    return Alerting(catalog.alerts, telling, wall=lambda: START + DAY)


def verdict(day: int, *, fires: bool = True) -> Verdict:
    start = START + day * DAY
    return Verdict(
        id=f"v{day}",
        monitor="drift",
        model="flights",
        status=Status.ALERT if fires else Status.OK,
        what="drift",
        message="wind moved",
        column="wind",
        severity=Severity.WARNING,
        window=Window(start, start + DAY),
        effect={"p_value": 1e-12},
    )


def test_one_notice_for_every_sink_of_a_matching_route(catalog, alerting):
    """Two sinks of the route that takes it are told; the other routes are not."""
    incidents = alerting.on_verdicts(MODEL, [verdict(0)], START + DAY)

    waiting = catalog.outbox.due(START + DAY, limit=10)
    assert [(notice.route, notice.sink) for notice in waiting] == [("all", 0), ("all", 1)]
    assert waiting[0].link == f"http://localhost:8711/incidents/{incidents[0].id}"


def test_the_same_verdicts_again_tell_nobody(catalog, alerting):
    """A worker that crashed and judges again sends nothing twice."""
    alerting.on_verdicts(MODEL, [verdict(0)], START + DAY)
    alerting.on_verdicts(MODEL, [verdict(0)], START + DAY)

    assert len(catalog.outbox.due(START + DAY, limit=10)) == 2


def test_a_resolved_incident_tells_its_receivers_once(catalog, alerting):
    """After three quiet days the incident resolves and says so once to each sink."""
    for day in range(6):
        alerting.on_verdicts(MODEL, [verdict(day, fires=day == 0)], START + (day + 1) * DAY)

    (incident,) = catalog.alerts.page().items
    kinds = [str(fate.notice.kind) for fate in catalog.alerts.notices_of(incident.id)]
    assert kinds == ["opened", "opened", "resolved", "resolved"]


def test_people_acknowledge_and_resolve(catalog, alerting):
    """An acknowledged incident names who saw it; a resolved one cannot be acknowledged."""
    incident = alerting.on_verdicts(MODEL, [verdict(0)], START + DAY)[0]

    seen = alerting.acknowledge(incident.id, by="ada", now=START + DAY)
    closed = alerting.resolve(incident.id, now=START + DAY)

    assert (seen.state, seen.acknowledged_by) == (AlertState.ACKNOWLEDGED, "ada")
    assert closed.state is AlertState.RESOLVED
    assert catalog.alerts.live_alerts("flights") == ()
    with pytest.raises(Conflict, match="resolved"):
        alerting.acknowledge(incident.id, by="ada", now=START + DAY)
