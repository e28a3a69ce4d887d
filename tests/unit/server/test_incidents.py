"""What people do about incidents, and what acting on them does."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from watchkeeper.domain.profile import NumericBinning, NumericProfile, WindowProfile
from watchkeeper.domain.window import Window
from watchkeeper.server.accepting import rebased

START = datetime(2024, 3, 4, tzinfo=UTC)
DAY = timedelta(days=1)
ROWS = 150


@pytest.fixture
def incident(stage, api):
    """An open incident about incomes."""
    stage.send(START)
    stage.send(START + DAY, income=[1.0] * ROWS)
    stage.advance(START + 2 * DAY + timedelta(hours=1))
    stage.parts.worker().step()
    found = api("GET", "/api/v1/incidents?state=open").json()["data"]
    return next(item for item in found if "income" in item["title"])


def test_an_incident_shows_its_alerts_and_what_happened(api, incident):
    """Each alert names its series and its verdicts; the timeline begins with the opening."""
    shown = api("GET", f"/api/v1/incidents/{incident['id']}").json()["data"]

    assert shown["incident"] == incident
    assert {alert["column"] for alert in shown["alerts"]} == {"income"}
    assert all(alert["verdicts"] for alert in shown["alerts"])
    times = [entry["at"] for entry in shown["timeline"]]
    assert times == sorted(times)
    assert {"opened", "joined", "told"} <= {entry["kind"] for entry in shown["timeline"]}


def test_somebody_looks_after_it_and_says_it_is_over(api, incident):
    """Acknowledging and resolving keep who and why; acting on it again is a conflict."""
    path = f"/api/v1/incidents/{incident['id']}"
    api("POST", f"{path}/acknowledge", json={"note": "on it"})
    shown = api("POST", f"{path}/resolve", json={"note": "feed mended"}).json()["data"]

    acts = [(e["kind"], e["text"], e["by"]) for e in shown["timeline"] if e["by"]]
    assert acts == [("acknowledged", "on it", "test"), ("resolved", "feed mended", "test")]
    assert shown["incident"]["state"] == "resolved"
    assert api("POST", f"{path}/resolve", json={}).status_code == 409


def test_a_young_change_is_not_accepted(api, incident):
    """Two windows cannot tell what is normal now."""
    answer = api("POST", f"/api/v1/incidents/{incident['id']}/accept", json={})

    assert answer.status_code == 409
    assert "14 windows" in answer.json()["error"]["message"]


@pytest.mark.slow
def test_an_accepted_change_is_normal_from_then_on(stage, api):
    """After two weeks the changed incomes become the reference, and alarm no more."""
    random = np.random.default_rng(7)

    def changed(day):
        stage.send(day, income=random.lognormal(13, 0.5, ROWS))

    stage.send(START)
    for number in range(1, 17):
        changed(START + number * DAY)
    stage.advance(START + 17 * DAY + timedelta(hours=1))
    worker = stage.parts.worker()
    worker.step()
    open_ones = api("GET", "/api/v1/incidents?state=open").json()["data"]
    for item in open_ones:
        answer = api("POST", f"/api/v1/incidents/{item['id']}/accept", json={"note": "new market"})
        assert answer.status_code == 200, answer.text
    for number in range(17, 19):
        changed(START + number * DAY)
    stage.advance(START + 19 * DAY + timedelta(hours=1))

    worker.step()

    after = stage.verdicts(monitors=("drift",), column="income", segment="", start=START + 17 * DAY)
    assert {verdict.status.value for verdict in after} == {"ok"}
    assert stage.parts.catalog.baselines.current("loans").revision == 1 + len(open_ones)


def profile_of(day, *columns):
    empty = np.zeros(0, np.int64)
    held = NumericProfile(
        NumericBinning(0.0, 1.0),
        1,
        0,
        0,
        0,
        0,
        0,
        0,
        empty,
        empty,
        empty * 1.0,
        0.0,
        0.0,
        None,
        None,
    )
    return WindowProfile("m", Window(day, day + DAY), 1, dict.fromkeys(columns, held))


def test_only_what_changed_is_rebased():
    """The reference keeps its other columns; the changed windows bring the changed one alone."""
    then, now = profile_of(START, "a", "b"), profile_of(START + DAY, "a", "b")

    found = rebased([then], [now], columns={"b"}, figures=False)

    assert [set(part.columns) for part in found] == [{"a"}, {"b"}]
    assert not found[1].complete
    assert rebased([then], [now], columns=set(), figures=False)[0] == replace(then)
