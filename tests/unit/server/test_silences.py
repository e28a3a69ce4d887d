"""Silences, rotas and what people do about incidents, through the API."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from watchkeeper.alerts.labels import fingerprint

START = datetime(2024, 3, 4, tzinfo=UTC)
DAY = timedelta(days=1)
NOW = datetime(2024, 9, 1, tzinfo=UTC)  # of the wall's clock
HEAD = {"apiVersion": "watchkeeper/v1"}


@pytest.fixture
def incident(stage, api):
    """An open incident about incomes."""
    stage.send(START)
    stage.send(START + DAY, income=[1.0] * 150)
    stage.advance(START + 2 * DAY + timedelta(hours=1))
    stage.parts.worker().step()
    found = api("GET", "/api/v1/incidents?state=open").json()["data"]
    return next(item for item in found if "income" in item["title"])


def asked(*matchers, **more):
    """A silence of a day, as it is sent."""
    ends = (NOW + DAY).isoformat()
    return {"matchers": list(matchers), "ends_at": ends, "comment": "upgrade", **more}


def test_a_silence_is_previewed_made_and_ended(api, incident):
    """It says whom it mutes before it does; its incident names it; ended, it is kept."""
    preview = api("POST", "/api/v1/silences/preview", json={"matchers": ["column=income"]})
    made = api("POST", "/api/v1/silences", json=asked("column=income")).json()["data"]
    shown = api("GET", f"/api/v1/incidents/{incident['id']}").json()["data"]
    ended = api("DELETE", f"/api/v1/silences/{made['id']}").json()["data"]

    found = preview.json()["data"]
    titles = {each["incident"]: each["title"] for each in found["alerts"]}
    assert titles[incident["id"]] == incident["title"]
    assert len(titles) == found["incidents"]
    assert (made["muted"], made["state"], made["owner"]) == (found["total"], "active", "test")
    assert [each["id"] for each in shown["silences"]] == [made["id"]]
    assert ended["state"] == "expired"
    assert api("DELETE", f"/api/v1/silences/{made['id']}").status_code == 409
    assert api("GET", "/api/v1/silences?state=active").json()["data"] == []
    assert [each["id"] for each in api("GET", "/api/v1/silences").json()["data"]] == [made["id"]]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (asked("column=~income("), 422),
        (asked("team=~.*"), 422),
        (asked('team=""'), 422),
        (asked(), 422),
        (asked("a=b", ends_at=(NOW - DAY).isoformat()), 422),
        (asked("a=b", comment=""), 422),
    ],
)
def test_a_silence_that_mutes_everything_or_nothing_is_refused(api, body, status):
    """A pattern must be one, something must be asked for, and it must end in time to come."""
    answer = api("POST", "/api/v1/silences", json=body)

    assert answer.status_code in {400, status}
    assert answer.json()["error"]["message"]


def test_what_is_silenced_is_not_told(stage, api):
    """A model that is muted beforehand tells nobody; afterwards it does."""
    made = api("POST", "/api/v1/silences", json=asked("model=loans")).json()["data"]
    stage.send(START)
    stage.send(START + DAY, income=[1.0] * 150)
    stage.advance(START + 2 * DAY + timedelta(hours=1))
    stage.parts.worker().step()
    quiet = stage.parts.catalog.groups.standing()

    api("DELETE", f"/api/v1/silences/{made['id']}")
    told = stage.parts.alerting.telling.look(NOW)

    assert quiet[0]
    assert all(not group.told_at for group in quiet[1])
    assert told == len(quiet[1]) > 0


def test_people_assign_and_note(api, incident):
    """Who is to look after it, and what somebody has to say, stand in its timeline."""
    path = f"/api/v1/incidents/{incident['id']}"
    api("POST", f"{path}/assign", json={"to": "ada", "note": "she knows the feed"})
    shown = api("POST", f"{path}/note", json={"note": "asked the vendor"}).json()["data"]

    assert shown["incident"]["assignee"] == "ada"
    acts = [(each["kind"], each["text"]) for each in shown["timeline"] if each["by"]]
    assert acts == [("assigned", "to ada: she knows the feed"), ("noted", "asked the vendor")]
    assert api("POST", f"{path}/note", json={"note": " "}).status_code in {400, 422}


def test_the_worker_does_not_undo_what_people_did(stage, api, incident):
    """Acknowledged, assigned and noted: all of it stands after the next windows were judged."""
    path = f"/api/v1/incidents/{incident['id']}"
    catalog = stage.parts.catalog
    before = catalog.alerts.incident(incident["id"])
    api("POST", f"{path}/acknowledge", json={"note": "on it"})
    api("POST", f"{path}/assign", json={"to": "ada"})
    catalog.alerts.record(alerts=(), forgotten=(), incidents=(before,))

    shown = api("GET", path).json()["data"]
    assert shown["incident"]["state"] == "acknowledged"
    assert shown["incident"]["assignee"] == "ada"
    assert {"acknowledged", "assigned"} <= {each["kind"] for each in shown["timeline"]}


def test_an_alert_shows_its_identity(api, incident):
    """Labels, and the fingerprint that Prometheus would compute of them."""
    (alert, *_) = api("GET", f"/api/v1/incidents/{incident['id']}").json()["data"]["alerts"]

    assert alert["labels"]["model"] == "loans"
    assert alert["labels"]["column"] == "income"
    assert alert["fingerprint"] == fingerprint(alert["labels"])


ROTA = {
    **HEAD,
    "kind": "Rota",
    "name": "primary",
    "people": {"ada": [{"type": "log"}], "bob": [{"type": "log"}]},
    "layers": [{"people": ["ada", "bob"], "starts": "2024-08-26"}],
}


def test_definitions_are_applied_and_say_who_is_on_call(api):
    """A rota is planned, applied once, and asked."""
    path = "/api/v1/alerting/rotas/primary"
    planned = api("PUT", f"{path}?plan=true", json=ROTA).json()["data"]
    applied = api("PUT", path, json=ROTA).json()["data"]
    again = api("PUT", path, json=ROTA).json()["data"]
    (found,) = api("GET", "/api/v1/on-call?days=14").json()["data"]

    assert (planned["applied"], applied["created"], again["applied"]) == (False, True, False)
    assert (found["rota"], found["person"]) == ("primary", "ada")
    assert [each["person"] for each in found["shifts"]] == ["ada", "bob", "ada"]
    assert api("GET", "/api/v1/on-call?rota=none").status_code == 404
    at = api("GET", "/api/v1/on-call?at=2024-09-01T02:00:00%2B02:00").json()["data"]
    assert at[0]["shifts"][0]["start"] == "2024-09-01T00:00:00Z"
    wrong = api("PUT", "/api/v1/alerting/escalations/primary", json=ROTA)
    assert "Escalation" in wrong.json()["error"]["message"]


def test_a_silence_is_a_document_too(api):
    """Applied by its name; the same again changes nothing."""
    document = {
        **HEAD,
        "kind": "Silence",
        "name": "upgrade",
        "matchers": ["model=loans"],
        "starts_at": NOW.isoformat(),
        "ends_at": (NOW + DAY).isoformat(),
        "owner": "ada",
        "comment": "The warehouse is upgraded.",
    }
    first = api("PUT", "/api/v1/silences/upgrade", json=document).json()["data"]
    again = api("PUT", "/api/v1/silences/upgrade", json=document).json()["data"]
    held = api("GET", "/api/v1/silences/upgrade").json()["data"]

    assert (first["created"], again["applied"]) == (True, False)
    assert (held["owner"], held["definition"]["name"]) == ("ada", "upgrade")
