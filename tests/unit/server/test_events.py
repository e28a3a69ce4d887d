"""Payload logs over HTTP: both sides of an exchange become rows, whatever happens between."""

from __future__ import annotations

import base64
import json
from datetime import timedelta

import pytest

from watchkeeper.lake.layout import LakeTable

WHEN = "2024-09-01T00:00:00Z"


class Logger:
    """What a payload logger sends."""

    def __init__(self, api):
        self.api, self.path = api, "/api/v1/models/loans/cloudevents"

    def send(self, side, document, *, event="e1", time=WHEN, path=None, **attributes):
        """One event in headers, as KServe's agent sends it; its answer."""
        data = document if isinstance(document, bytes) else json.dumps(document).encode()
        given = {
            "id": event,
            "type": f"org.kubeflow.serving.inference.{side}",
            "source": "http://localhost:9081/",
            "specversion": "1.0",
            "time": time,
            "component": "predictor",
            **attributes,
        }
        headers = {f"ce-{name}": value for name, value in given.items()}
        return self.api(
            "POST", path or self.path, content=data, headers={**self.api.headers, **headers}
        )

    def both(self, *, event="e1", rows=1, **options):
        """A request and its response."""
        self.send("request", asked(rows), event=event, **options)
        return self.send(
            "response", answered(rows), event=event, time="2024-09-01T00:00:00.250Z", **options
        )

    def stored(self, table=LakeTable.PREDICTIONS):
        """The rows in the lake, after the worker has paired and moved."""
        parts = self.api.parts
        parts.pairing().step()
        parts.worker().step()
        start = parts.now() - timedelta(days=400)
        found = parts.lake.rows("loans", table, start=start, end=start + timedelta(days=800))
        return found.to_pylist()

    def counts(self, source="loans.events"):
        """What came of the source, and that it adds up."""
        found = self.api.parts.catalog.ledger.totals()[source].counts
        assert found.received == found.accepted + found.duplicate + found.rejected
        return found


def asked(rows=1):
    return {"instances": [{"income": 10.0 + row, "region": "north"} for row in range(rows)]}


def answered(rows=1):
    return {"predictions": [{"score": 0.75, "prediction": "yes"} for _ in range(rows)]}


@pytest.fixture
def logger(api):
    """A payload logger of the watched model."""
    return Logger(api)


def source(api, name="loans-log", **options):
    """Define a source of events."""
    document = {"kind": "Source", "apiVersion": "watchkeeper/v1", "name": name, "model": "loans"}
    made = api(
        "PUT", f"/api/v1/sources/{name}", json={**document, "type": "cloud_events", **options}
    )
    assert made.status_code == 200, made.text


@pytest.mark.parametrize("first", ["request", "response"])
def test_two_sides_become_one_row(first, logger):
    """In any order: features, answer, and how long the answer took."""
    for side in sorted(["request", "response"], reverse=first == "response"):
        time = WHEN if side == "request" else "2024-09-01T00:00:00.250Z"
        document = asked() if side == "request" else answered()
        answer = logger.send(side, document, time=time, endpoint="canary")
        assert (answer.status_code, answer.json()["data"]["kept"]) == (200, 1)

    (row,) = logger.stored()
    assert (row["_wk_id"], row["income"], row["score"]) == ("e1", 10.0, 0.75)
    assert (row["_wk_latency_ms"], row["_wk_arm"]) == (250.0, "canary")
    assert logger.counts().accepted == 1


def test_several_rows_have_ids_that_follow_from_the_event(logger):
    """So that labels can be sent for each."""
    logger.both(rows=3)

    assert [row["_wk_id"] for row in logger.stored()] == ["e1:0", "e1:1", "e1:2"]


def test_what_was_kept_survives_a_restart(logger, open_stage):
    """Half of an exchange waits in the database, not in a process."""
    logger.send("request", asked())
    assert logger.stored() == []
    logger.send("response", answered())

    assert len(logger.stored()) == 1


def test_an_event_that_comes_again_is_ignored(logger):
    """Before its row was made and after."""
    logger.both()
    assert logger.send("request", asked()).json()["data"]["ignored"] == 1
    assert len(logger.stored()) == 1
    again = logger.both()

    assert again.json()["data"]["ignored"] == 1
    assert len(logger.stored()) == 1
    assert (logger.counts().events, logger.counts().ignored) == (5, 3)


def test_a_side_that_never_comes_is_accounted_for(logger, clock):
    """After a while it is in quarantine, with what there was of it."""
    logger.send("request", asked(2))
    assert logger.stored(LakeTable.QUARANTINE) == []
    clock.advance(timedelta(minutes=11))

    one, _ = logger.stored(LakeTable.QUARANTINE)
    assert (one["_wk_reason"], json.loads(one["_wk_row"])["income"]) == ("unpaired", 10.0)
    assert (logger.counts().unpaired, logger.counts().rejected) == (2, 2)
    clock.advance(timedelta(minutes=11))
    logger.stored()
    assert logger.api.parts.catalog.halves.sources() == ()


def test_an_error_is_a_row_without_an_answer(logger):
    """What the model could not answer is not lost."""
    logger.send("request", asked())
    logger.send("response", {"error": "out of memory"})

    (row,) = logger.stored()
    assert (row["_wk_error"], row["income"], row["score"]) == ("out of memory", 10.0, None)


def test_a_payload_that_cannot_be_read_is_kept_with_the_reason(logger):
    """And the logger is not told to send it again, for it would be the same."""
    answer = logger.send("request", b"\x00\x01")

    assert (answer.status_code, answer.json()["data"]["refused"]) == (200, 1)
    (row,) = logger.stored(LakeTable.QUARANTINE)
    assert row["_wk_reason"] == "unreadable"


def test_sides_of_different_lengths_are_refused(logger):
    """Three answers to two questions are not guessed at."""
    logger.send("request", asked(2))
    logger.send("response", answered(3))

    assert logger.stored() == []
    (row,) = logger.stored(LakeTable.QUARANTINE)
    assert "for each of the request's 2" in row["_wk_detail"]


def test_seldon_pairs_by_the_request_and_tells_the_truth(logger):
    """Its events have ids of their own; its feedback becomes labels."""
    kinds = [
        ("request", "io.seldon.serving.inference.request", asked()),
        ("response", "io.seldon.serving.inference.response", answered()),
        ("feedback", "io.seldon.serving.feedback", {"truth": {"data": {"ndarray": [["yes"]]}}}),
    ]
    for side, kind, document in kinds:
        answer = logger.send(side, document, event=side, type=kind, requestid="r1")
        assert answer.json()["data"]["kept"] == 1

    assert [row["_wk_id"] for row in logger.stored()] == ["r1"]
    assert [(row["_wk_id"], row["_wk_label"]) for row in logger.stored(LakeTable.LABELS)] == [
        ("r1", "yes")
    ]


def test_an_event_finds_its_model_by_its_service(logger, api):
    """By a source that names the service, else by a model of that name."""
    source(api, service="loans-*", features=["income", "region"])
    path = "/api/v1/cloudevents"
    logger.both(event="a", path=path, inferenceservicename="loans-blue")
    logger.both(event="b", path=path, inferenceservicename="loans")

    unknown = logger.send("request", asked(), path=path, inferenceservicename="cats")

    assert sorted(row["_wk_id"] for row in logger.stored()) == ["a", "b"]
    assert (logger.counts("loans-log").accepted, logger.counts().accepted) == (1, 1)
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "not_found")


def test_what_is_none_of_ours_is_ignored(logger):
    """Other types and other components are counted, never refused."""
    for attributes in ({"type": "com.example.other"}, {"component": "explainer"}):
        answer = logger.send("request", asked(), **attributes)
        assert (answer.status_code, answer.json()["data"]["ignored"]) == (200, 1)

    assert (logger.counts().events, logger.counts().ignored) == (2, 2)


def test_a_source_may_expect_requests_alone(logger, api):
    """Where responses are not logged, features are watched all the same."""
    source(api, expect="request")
    logger.send("request", asked())
    assert logger.send("response", answered()).json()["data"]["ignored"] == 1

    (row,) = logger.stored()
    assert (row["income"], row["score"]) == (10.0, None)


def test_structured_and_batched_events_are_taken(logger, api):
    """Whatever the mode, the rows are the same."""
    events = [
        {
            "specversion": "1.0",
            "id": "s",
            "source": "x",
            "type": f"a.inference.{side}",
            "data": data,
        }
        for side, data in (("request", asked()), ("response", answered()))
    ]
    for content, media in ((events[:1], "-batch"), (events[1], "")):
        answer = api(
            "POST",
            logger.path,
            content=json.dumps(content),
            headers={**api.headers, "content-type": f"application/cloudevents{media}+json"},
        )
        assert answer.status_code == 200

    assert len(logger.stored()) == 1


def test_a_key_may_stand_in_the_address(logger, api):
    """A logger knows only an address; without a key it is refused."""
    secret = api.key("ingest")["Authorization"].split()[1]
    packed = base64.b64encode(f"kserve:{secret}".encode()).decode()
    api.headers = {"Authorization": f"Basic {packed}"}
    assert logger.send("request", asked()).status_code == 200

    api.headers = {}
    assert logger.send("request", asked()).status_code == 401


def test_columns_that_are_never_stored_do_not_wait_either(logger, api):
    """A dropped column is dropped before half of an exchange is kept."""
    definition = api("GET", "/api/v1/models/loans").json()["data"]["definition"]
    definition["columns"]["region"] = {"type": "categorical", "policy": "drop"}
    assert api("PUT", "/api/v1/models/loans", json=definition).status_code == 200

    logger.send("request", asked())

    (half,) = api.parts.catalog.halves._some("loans.events", limit=5)
    assert b"north" not in half.request


def test_what_waits_is_bounded(logger, api, monkeypatch):
    """Where one side is never logged, the logger is told to wait instead of the disk filled."""
    monkeypatch.setattr("watchkeeper.ingest.cloud_events.taking._MOST_WAITING", 2)
    monkeypatch.setattr("watchkeeper.ingest.cloud_events.taking._LOOK_SECONDS", -1.0)

    answers = [logger.send("request", asked(), event=f"e{n}").status_code for n in range(3)]

    assert answers == [200, 200, 429]


def test_what_came_of_a_models_own_events_is_shown(logger, api):
    """Also where no source was defined, and how many wait for their other side."""
    logger.both()
    logger.stored()
    logger.send("request", asked(), event="e2")

    (seen,) = api("GET", "/api/v1/sources").json()["data"]

    assert (seen["name"], seen["type"], seen["lag"]) == ("loans.events", "cloud_events", 1)
    assert (seen["counts"]["events"], seen["counts"]["accepted"]) == (3, 1)
    assert api("GET", "/api/v1/sources/loans.events/files").json()["data"] == []
    assert api("GET", "/api/v1/sources/cats").status_code == 404
