"""The real server: processes, sockets, disk; and what is left of it when they are killed."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from serving import Server, runs
from waiting import PATIENCE_SECONDS, until
from watchkeeper.errors import Forbidden, NotFound, Unauthorized

START = datetime(2024, 3, 4, tzinfo=UTC)
DAY = timedelta(days=1)
ROWS = 120
DEFINITION = """
apiVersion: watchkeeper/v1
kind: Model
name: loans
task: binary
positive_class: "yes"
classes: ["no", "yes"]
granularity: 1d
label_horizon: 7d
columns:
  loan: {type: categorical, role: prediction_id}
  at: {type: timestamp, role: time}
  income: numeric
  score: {type: numeric, role: score}
  prediction: {type: categorical, role: prediction}
  repaid: {type: categorical, role: label}
"""


together = pytest.mark.xdist_group("quiet-server")


@pytest.fixture
def client(server):
    """A client of a server of its own, which the test may kill."""
    with watched(server) as made:
        yield made


@pytest.fixture(scope="module")
def quiet(tmp_path_factory):
    """A server that nobody kills, for all who can share one."""
    made = Server(tmp_path_factory.mktemp("quiet") / "home").start()
    yield made
    made.close()


@pytest.fixture(scope="module")
def quiet_client(quiet):
    """A client of it."""
    with watched(quiet) as made:
        yield made


@contextmanager
def watched(server):
    """A client of a server that watches a model, which has a reference."""
    with server.client() as made:
        made.apply(DEFINITION)
        made.upload_reference(
            "loans", pa.concat_tables([loans(START - DAY * n) for n in range(1, 15)])
        )
        yield made


def loans(day):
    random = np.random.default_rng(day.toordinal())
    score = random.beta(2, 2, ROWS)
    return pa.table(
        {
            "loan": [f"{day:%Y%m%d}-{place}" for place in range(ROWS)],
            "at": [day + timedelta(seconds=86_400 * place / ROWS) for place in range(ROWS)],
            "income": random.lognormal(10, 0.5, ROWS),
            "score": score,
            "prediction": np.where(score > 0.5, "yes", "no").tolist(),
            "repaid": np.where(random.random(ROWS) < score, "yes", "no").tolist(),
        }
    )


def windows(client, model="loans"):
    found = client.http.get(f"/api/v1/models/{model}/windows").data
    return {item["window"]["start"][:10]: item for item in found}


@together
def test_rows_in_verdicts_out(quiet_client):
    """JSON and Arrow predictions, labels that come a day later: every window is judged, twice."""
    client = quiet_client
    first, second = loans(START), loans(START + DAY)
    client.log_predictions(
        "loans", first.drop_columns(["repaid"]).to_pylist(), batch="p1", known_at=START + DAY
    )
    client.log_predictions(
        "loans", second.drop_columns(["repaid"]), batch="p2", known_at=START + 2 * DAY
    )
    for table, name, known_at in ((first, "l1", 2), (second, "l2", 3)):
        labels = table.select(["loan", "repaid"]).rename_columns(["id", "label"])
        client.log_labels("loans", labels, batch=name, known_at=START + known_at * DAY)
    client.advance("loans", START + 3 * DAY + timedelta(minutes=1))

    assert client.wait_until_judged(PATIENCE_SECONDS)

    found = windows(client)
    assert {day: item["joined"] for day, item in found.items() if item["received"]} == {
        "2024-03-04": ROWS,
        "2024-03-05": ROWS,
    }
    assert found["2024-03-04"]["revision"] == 2
    then = client.http.get(
        "/api/v1/models/loans/performance", metric="accuracy", end="2024-03-05T00:00:00Z"
    ).data
    (point,) = then["series"][0]["points"]
    assert (point["n"], point["maturity"]) == (ROWS, 1.0)
    verdicts = client.http.get("/api/v1/models/loans/verdicts", limit=1000).data
    assert {"quality", "drift", "performance"} <= {item["monitor"] for item in verdicts}


def test_a_killed_worker_loses_nothing(server, client):
    """`kill -9` of the worker in the middle of its work: it is started anew and does the rest."""
    for number in range(4):
        rows = loans(START + number * DAY).drop_columns(["repaid"])
        known_at = START + (number + 1) * DAY
        client.log_predictions("loans", rows, batch=f"p{number}", known_at=known_at)
        server.kill_child("toil")
    client.advance("loans", START + 4 * DAY + timedelta(hours=1))

    assert client.wait_until_judged(PATIENCE_SECONDS)

    found = windows(client)
    assert [item["accepted"] for item in found.values()] == [ROWS] * 4
    assert [item["duplicate"] for item in found.values()] == [0] * 4
    assert all(item["status"] for item in found.values())


def test_a_killed_door_loses_nothing_that_was_acknowledged(server, client):
    """`kill -9` of the door while rows come in: every acknowledged batch is there once, and callers
    wait instead of being refused.
    """
    for number in range(12):
        if number % 4 == 2:
            server.kill_child("door")
        rows = loans(START).slice(number * 10, 10).drop_columns(["repaid"])
        receipt = client.log_predictions(
            "loans", rows, batch=f"b{number}", known_at=START + DAY + timedelta(seconds=number)
        )
        assert receipt.accepted == 10
    client.advance("loans", START + DAY + timedelta(hours=1))

    assert client.wait_until_judged(PATIENCE_SECONDS)

    (window,) = windows(client).values()
    assert (window["accepted"], window["duplicate"], window["rejected"]) == (ROWS, 0, 0)


def test_a_killed_supervisor_leaves_no_process_and_no_lock(server, client):
    """Door and worker end with the supervisor, and the next server has everything."""
    client.log_predictions(
        "loans", loans(START).drop_columns(["repaid"]), batch="p", known_at=START + DAY
    )
    children = server.children()

    server.kill()

    until(lambda: [child for child in children if runs(child)], is_empty, what="no child is left")
    server.start()
    with server.client() as found:
        found.advance("loans", START + DAY + timedelta(hours=1))
        assert found.wait_until_judged(PATIENCE_SECONDS)
        assert [item["accepted"] for item in windows(found).values()] == [ROWS]


def is_empty(found):
    return not found


@together
def test_a_second_server_is_refused(quiet):
    """The message names who holds the home folder; the exit code says that it did not start."""
    second = quiet.run("serve", "--port", 0)

    assert second.returncode == 2
    assert f"process {quiet.pid}" in second.stderr


def test_it_stops_when_asked(server):
    """SIGTERM ends it cleanly, door and worker too."""
    children = server.children()

    assert server.stop() == 0

    assert not any(runs(child) for child in children)


@together
def test_keys_and_the_page(quiet, quiet_client):
    """Without a key nothing is told; the page and the probes are there for everyone."""
    server, client = quiet, quiet_client
    stranger = server.client(server.home / "other", key="wrong")
    with pytest.raises(Unauthorized):
        stranger.http.get("/api/v1/models")
    made = client.http.send_json("POST", "/api/v1/keys", {"name": "ci", "scopes": ["read"]}).data
    reader = server.client(server.home / "other", key=made["secret"])
    assert "loans" in [model["name"] for model in reader.http.get("/api/v1/models").data]
    with pytest.raises(Forbidden, match="ingest"):
        reader.log_labels("loans", [{"id": "a", "label": "yes"}])
    with pytest.raises(NotFound, match="nobody"):
        client.log_labels("nobody", [{"id": "a", "label": "yes"}])

    for path in ("/healthz", "/readyz", "/"):
        assert server.answers(path)
    stranger.close(0.0)
    reader.close(0.0)


@together
def test_a_logger_reaches_the_lake(quiet, quiet_client):
    """What a service logs in its predict path is counted in the window of its time."""
    quiet_client.apply(DEFINITION.replace("name: loans", "name: calls"))
    logger = quiet_client.logger("calls", version="3")
    identity = logger.prediction({"income": 20_000.0}, prediction="yes", score=0.8)
    logger.label(identity, "yes")

    assert quiet_client.flush(PATIENCE_SECONDS)
    until(quiet.moved, what="it is moved")

    (window,) = windows(quiet_client, "calls").values()
    assert (window["received"], window["accepted"]) == (1, 1)
