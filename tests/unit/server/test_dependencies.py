"""What a model depends on: its sources and other models, in the journal and in its incidents."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from watchkeeper.catalog.source_files import SourceState
from watchkeeper.definitions.document import (
    dump_document,
    load_model,
    model_from_dict,
    model_to_dict,
)
from watchkeeper.definitions.plan import plan
from watchkeeper.domain.alert import Alert, AlertState, Tick
from watchkeeper.domain.source import Source, SourceType
from watchkeeper.domain.verdict import Severity
from watchkeeper.errors import InvalidDefinition
from watchkeeper.monitors.identity import config_hash
from watchkeeper.server.alerting.dependencies import Dependencies
from watchkeeper.server.alerting.feeds import Feeds

START = datetime(2024, 3, 4, tzinfo=UTC)
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def feeds(stage):
    """What keeps the states of sources of the model, one of which is defined."""
    source = Source("feed", "loans", SourceType.DIRECTORY, {"path": "/data"})
    stage.parts.catalog.sources.put("feed", dump_document(source), by="test", now=START)
    return Feeds(stage.parts.catalog.source_states, stage.parts.catalog.changes, lambda _: "loans")


def say(feeds, state, at, detail=None):
    feeds.save("feed", SourceState(state, detail, None, at))


def noted(stage):
    return [change.title for change in reversed(stage.parts.catalog.changes.page(model="loans").items)
            if change.key.startswith("source|")]  # fmt: skip


def upstream(stage, model=None, *, now=START + DAY):
    parts = stage.parts
    of = parts.models.get("loans").model if model is None else model
    return Dependencies(parts.catalog, parts.models, parts.sources).of(of, now)


def test_a_source_that_fails_for_longer_is_noted_until_it_delivers(stage, feeds):
    """A hiccup is no change; a failure is one, once, and its end another."""
    say(feeds, "failing", START, "timed out")
    say(feeds, "running", START + timedelta(seconds=5))
    assert noted(stage) == []
    for minute in range(1, 5):
        say(feeds, "failing", START + minute * MINUTE, "no such bucket")
    assert noted(stage) == ["source feed fails"]
    (fault,) = upstream(stage)
    assert (fault.kind, fault.since, fault.column) == ("quality", START, None)
    assert fault.why == "source feed fails: no such bucket"
    say(feeds, "waiting", START + 10 * MINUTE, "the lake is full")
    assert upstream(stage) != []
    for minute in (11, 12):
        say(feeds, "running", START + minute * MINUTE)
    assert noted(stage) == ["source feed fails", "source feed delivers again"]
    assert upstream(stage) == []


def test_what_was_known_then_counts(stage, feeds):
    """A replay of the time before the failure finds none."""
    for minute in (0, 2):
        say(feeds, "failing", START + DAY + minute * MINUTE, "x")
    assert upstream(stage, now=START + DAY / 2) == []
    assert len(upstream(stage, now=START + 2 * DAY)) == 1


def test_a_fault_of_another_model_stands_upstream(stage, definition):
    """What the model depends on fails: it is told with the name of that model, everywhere."""
    parts = stage.parts
    other = model_to_dict(load_model(definition)) | {"name": "hosts"}
    parts.models.apply("hosts", other, by="test", now=START)
    alert = Alert(
        "a", "k", "hosts", "quality", AlertState.OPEN, Severity.CRITICAL, "missing_rate", "half is null",
        START, START, column="income", segment="region=north", incident="i", recent=(Tick(START, fired=True),),
    )  # fmt: skip
    parts.catalog.alerts.record(alerts=(alert,), forgotten=(), incidents=())
    model = parts.models.get("loans").model
    assert upstream(stage, model) == []
    (fault,) = upstream(stage, replace(model, depends_on=("hosts", "unheard-of")))
    assert (fault.column, fault.segment, fault.key) == (None, None, None)
    assert fault.why == "hosts: half is null"
    assert fault.until == START + 2 * DAY


def test_dependencies_are_part_of_the_definition(stage):
    """They are written and read, planned, and change no verdict."""
    model = replace(stage.parts.models.get("loans").model, depends_on=("hosts", "scores"))
    assert model_from_dict(model_to_dict(model)) == model
    before = replace(model, depends_on=())
    (change,) = plan(before, model).changes
    assert (change.path, change.new) == ("depends_on", ["hosts", "scores"])
    assert config_hash(model) == config_hash(before)
    with pytest.raises(InvalidDefinition, match="differ"):
        model_from_dict({**model_to_dict(model), "depends_on": ["hosts", "hosts"]})


def test_held_back_drift_says_so_in_the_incident(stage, api):
    """A day with a broken column: what it explains is held back, in the incident and its notice."""
    stage.send(START)
    stage.send(START + DAY, income=[None] * 100 + [1.0] * 50)
    stage.advance(START + 2 * DAY + timedelta(hours=1))
    stage.parts.worker().step()
    alerts = stage.parts.catalog.alerts.live_alerts("loans")
    held = [alert for alert in alerts if alert.held_back and alert.state is AlertState.OPEN]
    assert {alert.monitor for alert in held} <= {"drift", "performance"}
    assert held
    told = [api("GET", f"/api/v1/incidents/{alert.incident}").json()["data"] for alert in held]
    assert all("held back because" in each["incident"]["facts"]["held_back"] for each in told)
    notices = stage.parts.catalog.alerts.notices_of(held[0].incident)
    assert notices
    shown = {alert.id for fate in notices for alert in fate.notice.alerts}
    assert not shown & {alert.id for alert in held}
