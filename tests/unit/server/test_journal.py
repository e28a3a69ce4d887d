"""The journal: what the product sees itself, what is noted by hand, and what an incident says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from watchkeeper.definitions.document import load_model, model_to_dict
from watchkeeper.ingest.rows import RowKind

START = datetime(2024, 3, 4, tzinfo=UTC)
DAY = timedelta(days=1)
ROWS = 150


def noted(stage, kind=None):
    found = stage.parts.catalog.changes.page(model="loans").items
    return [change for change in found if kind is None or change.kind == kind]


def judged(stage, until):
    stage.advance(until + timedelta(hours=1))
    stage.parts.worker().step()


def test_a_definition_and_a_baseline_are_noted_once(stage, api, definition):
    """Who applied what, and what it changed; the same again is no change."""
    document = model_to_dict(load_model(definition))
    assert [change.title for change in noted(stage, "definition")] == ["defined"]
    (baseline,) = noted(stage, "baseline")
    assert baseline.title.startswith("baseline 1 set: 6,000 rows")

    for _ in range(2):
        changed = {**document, "materiality": 0.1, "owner": "credit"}
        assert api("PUT", "/api/v1/models/loans", json=changed).status_code == 200

    latest, *_ = noted(stage, "definition")
    assert len(noted(stage, "definition")) == 2
    assert latest.title == "definition changed: owner, materiality"
    assert latest.by == "test"


def test_a_new_version_in_the_data_is_a_deploy(stage):
    """The first window in which another version answers is noted, a roll-back too; a window that is
    judged again notes nothing twice.
    """
    for number, versions in enumerate((["1"], ["1", "2"], ["2"], ["1"])):
        stage.send(
            START + number * DAY, _wk_version=[versions[row % len(versions)] for row in range(ROWS)]
        )
    judged(stage, START + 4 * DAY)
    stage.receive(
        RowKind.PREDICTIONS,
        stage.loans(START + DAY, rows=20, seed=9).drop_columns(["repaid"]),
        "late",
        START + 6 * DAY,
    )
    judged(stage, START + 7 * DAY)

    deploys = noted(stage, "deploy")
    assert [(change.at, change.title) for change in reversed(deploys)] == [
        (START + DAY, "version 2 answers (before: 1)"),
        (START + 3 * DAY, "version 1 answers (before: 2)"),
    ]


def test_a_fault_of_the_data_is_noted_and_an_incident_says_what_came_before(stage, api):
    """A deploy noted by a build stands in the incident as a candidate, with how long before."""
    draft = {"title": "scoring 2.4", "kind": "deploy", "model": "loans", "key": "build-7"}
    at = (START + DAY - timedelta(hours=2)).isoformat()
    for _ in range(2):
        answer = api("POST", "/api/v1/changes", json={**draft, "at": at, "link": "https://ci.x/7"})
        assert answer.status_code == 200, answer.text
    stage.send(START)
    stage.send(START + DAY, income=[None] * 100 + [1.0] * (ROWS - 100))
    judged(stage, START + 2 * DAY)

    found = api("GET", "/api/v1/incidents").json()["data"]
    details = [api("GET", f"/api/v1/incidents/{each['id']}").json()["data"] for each in found]
    shown = next(each for each in details if "missing_rate" in {a["what"] for a in each["alerts"]})
    opened = shown["incident"]
    (candidate, *_) = [each for each in shown["changes"] if each["kind"] == "deploy"]
    assert candidate["title"] == "scoring 2.4"
    assert candidate["when"] == "2 h before"
    assert candidate["link"] == "https://ci.x/7"
    assert any(change.title == "missing rate of income" for change in noted(stage, "data"))
    assert not [each for each in shown["changes"] if each["kind"] == "data"]
    (told, *_) = stage.parts.catalog.alerts.notices_of(opened["id"])
    assert candidate["title"] in {each["title"] for each in told.notice.incident.facts["changes"]}


def test_entries_are_listed_by_model_and_time(stage, api):
    """Those of all models belong to each; a moment without a zone is refused."""
    for title, model, day in (("a", "loans", 1), ("b", None, 2), ("c", None, 3)):
        at = (START + day * DAY).isoformat()
        api("POST", "/api/v1/changes", json={"title": title, "model": model, "at": at})
    query = "model=loans&start=2024-03-05T00:00:00Z&end=2024-03-07T00:00:00Z"
    listed = api("GET", f"/api/v1/changes?{query}").json()["data"]
    assert [entry["title"] for entry in listed] == ["b", "a"]
    naive = {"title": "x", "at": "2024-03-05T00:00:00"}
    assert api("POST", "/api/v1/changes", json=naive).status_code == 422
    assert api("POST", "/api/v1/changes", json={"title": "x", "model": "no"}).status_code == 404


@pytest.mark.parametrize("link", ["javascript:alert(1)", "ftp://x", "https://"])
def test_a_link_is_an_address_of_the_web(api, link):
    """Nothing that a browser would run gets into a page or a message."""
    answer = api("POST", "/api/v1/changes", json={"title": "x", "link": link})
    assert answer.status_code in {400, 422}


def test_who_only_reads_notes_nothing(api):
    """The journal is written to by who may operate."""
    answer = api("POST", "/api/v1/changes", json={"title": "x"}, headers=api.key("read"))
    assert answer.status_code == 403
