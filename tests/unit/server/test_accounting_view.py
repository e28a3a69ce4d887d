"""The accounts of a model over the API, and in the metrics."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from watchkeeper.catalog.accounting import BatchAccount
from watchkeeper.catalog.windows import Move
from watchkeeper.domain.sending import SENDING_HEADER, Sending, SentCounts, encode_sending

START = datetime(2024, 3, 4, tzinfo=UTC)
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)


@pytest.fixture
def told(api, stage, clock):
    """A morning of two clients: one lost rows and is a day ahead, one is fine; a label each."""
    clock.now = START + HOUR

    def send(client, first, last, *, ahead=timedelta(0), kind="predictions", **counts):
        said = Sending(
            client,
            clock.now + ahead,
            first,
            last,
            SentCounts(counts.pop("spooled", last), **counts),
            host=f"host-{client}",
            pid=7,
        )
        rows = [
            {"id": f"{client}{n}", "income": 1.0 + n, "at": START.isoformat()}
            for n in range(first, last + 1)
        ]
        if kind == "labels":
            rows = [{"id": row["id"], "label": "yes"} for row in rows]
        answer = api(
            "POST",
            f"/api/v1/models/loans/{kind}",
            content=json.dumps({"rows": rows}),
            headers={
                **api.headers,
                "Content-Type": "application/json",
                SENDING_HEADER: encode_sending(said),
            },
        )
        assert answer.status_code == 200, answer.text

    send("a", 1, 10, ahead=DAY, dropped=3, sampled=50)
    send("a", 15, 20, ahead=DAY, dropped=3, sampled=80)
    clock.now += MINUTE
    send("b", 1, 5)
    send("b", 1, 5, kind="labels")
    send("b", 4, 5)
    clock.now += 11 * MINUTE
    stage.parts.worker().step()
    stage.parts.worker().step()
    return api


def get(api, path, **query):
    """What the API answers."""
    answer = api("GET", f"/api/v1/models/loans/{path}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_window_accounts_for_every_row(told):
    """What was received, what became of it, and what was never received."""
    found = get(told, "accounting")["data"]

    assert found["numbered"] is True
    (window,) = found["windows"]
    counts = {name: value for name, value in window.items() if isinstance(value, int)}
    assert counts == {
        "received": 23,
        "accepted": 21,
        "duplicate": 2,
        "rejected": 0,
        "joined": 0,
        "late": 0,
        "missing": 4,
        "dropped": 3,
        "sampled": 80,
    }
    assert window["closing"] == "open"


def test_a_day_accounts_for_every_kind(told):
    """Labels are counted beside predictions, by the day on which they came."""
    days = get(told, "accounting")["data"]["days"]

    assert [(d["day"], d["kind"], d["received"], d["batches"], d["checked_at"]) for d in days] == [
        ("2024-03-04", "labels", 5, 1, None),
        ("2024-03-04", "predictions", 23, 4, None),
    ]


def test_windows_and_days_are_of_the_range(told):
    """A range holds the windows that start in it and the days up to the one after it."""
    found = get(told, "accounting", start=(START + DAY).isoformat())["data"]

    assert (found["windows"], found["days"]) == ([], [])
    until = get(told, "accounting", end=START.isoformat())["data"]
    assert (until["windows"], len(until["days"])) == ([], 2)
    before = get(told, "accounting", end=(START - DAY).isoformat())["data"]
    assert before["days"] == []


def test_clients_are_told_with_gaps_and_clocks(told):
    """Who sent what, the last heard of first, page after page."""
    first = get(told, "clients", limit=2)
    rest = get(told, "clients", limit=2, cursor=first["next_cursor"])
    rows = first["data"] + rest["data"]

    assert rest["next_cursor"] is None
    assert [(row["name"], row["kind"]) for row in rows] == [
        ("host-b/7", "predictions"),
        ("host-b/7", "labels"),
        ("host-a/7", "predictions"),
    ]
    bad = rows[-1]
    assert (bad["given"], bad["arrived"], bad["missing"], bad["lost"]) == (20, 16, 4, 4)
    assert [(gap["first"], gap["last"], gap["told"]) for gap in bad["gaps"]] == [(11, 14, True)]
    assert (bad["clock"]["seconds"], bad["clock"]["off"]) == (86_400.0, True)
    assert (rows[0]["clock"]["seconds"], rows[0]["clock"]["off"]) == (0.0, False)


def test_metrics_have_fates_and_no_clients(told):
    """The counts of the catalog stand in /metrics, however many clients there are."""
    text = told("GET", "/metrics").text

    rows = 'watchkeeper_model_rows_total{fate="%s",kind="predictions",model="loans"} %.1f'
    assert rows % ("accepted", 21) in text
    assert rows % ("duplicate", 2) in text
    assert rows % ("missing", 4) in text
    assert "host-a" not in text


def test_a_model_that_is_not_there_has_no_account(api):
    """An unknown model is not found, rather than empty."""
    for path in ("accounting", "clients"):
        assert api("GET", f"/api/v1/models/nothing/{path}").status_code == 404


def test_rows_of_which_only_profiles_came_are_told_too(api, stage):
    """A client that counts by itself numbers its rows as others do."""
    said = Sending("p", START, 1, 30)
    account = BatchAccount("profiles", START, START, 30, 30, since=START, sending=said)
    stage.parts.catalog.windows.record(Move("door", "loans", 1, START, accounts=[account]))

    assert [(row["kind"], row["arrived"]) for row in get(api, "clients")["data"]] == [
        ("profiles", 30)
    ]
    assert [day["kind"] for day in get(api, "accounting")["data"]["days"]] == ["profiles"]


def test_rows_that_come_after_their_window_was_due_are_late(api, stage, clock):
    """A day is due five minutes after it ended; what comes later is counted, and counted as late."""
    for minutes, identity in ((4, "in time"), (6, "late")):
        clock.now = START + DAY + minutes * MINUTE
        rows = [{"id": identity, "at": START.isoformat(), "income": 1.0}]
        assert api("POST", "/api/v1/models/loans/predictions", json={"rows": rows}).is_success
        stage.parts.worker().mover.move()

    (window,) = get(api, "accounting", end=(START + DAY).isoformat())["data"]["windows"]

    assert (window["accepted"], window["late"]) == (2, 1)
