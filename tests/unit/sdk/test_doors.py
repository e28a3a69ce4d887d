"""All doors lead to the real client: its spool, its policies, its counts."""

from __future__ import annotations

import io
import json
import logging
import os
import subprocess
import sys

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

import watchkeeper as wk
from waiting import PATIENCE_SECONDS
from watchkeeper.sdk.client import SpoolOptions

NOBODY = "http://127.0.0.1:9"  # the discard port: nothing answers there


@pytest.fixture
def client(tmp_path):
    """A client without a server: what is logged waits in the spool."""
    made = wk.Client(NOBODY, "key", spool=SpoolOptions(tmp_path))
    yield made
    made.close(0.0)


def test_every_door_logs_into_the_spool(client):
    """A watched function, an estimator, and a log record are rows, whatever their values are."""

    @wk.watch("m", version="3", client=client)
    def predict(row):
        return np.float64(row["x"])

    @wk.watch("m", client=client)
    def fail(rows):
        raise ValueError

    predict({"x": np.int64(1)})
    with pytest.raises(ValueError):
        fail([{"x": 1}, {"x": 2}])
    estimator = LinearRegression().fit([[0.0], [1.0]], [0.0, 1.0])
    wk.watch_estimator(estimator, "m", client=client).predict(np.ones((3, 1)))
    record = logging.makeLogRecord({"watchkeeper": {"features": {"x": 1}, "prediction": 2}})
    wk.LogHandler("m", client=client).handle(record)

    assert (client.counts.spooled, client.counts.dropped) == (7, 0)


def test_policies_hold_at_every_door(client, tmp_path):
    """A logger with policies in the place of the client keeps a column in the process."""
    logger = client.logger("m", policies={"name": "drop"})

    @wk.watch("m", client=logger)
    def predict(row):
        return 1

    predict({"name": "Ada Lovelace", "age": 36})
    client.close(0.0)

    stored = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"age" in stored
    assert b"Ada" not in stored


def test_a_sampled_endpoint_logs_its_share(client):
    """An endpoint may have a logger of its own."""
    logger = client.logger("m", sample=0.5)
    endpoint = wk.Endpoint(path="/predict", model="m", prediction="", logger=logger)

    def app(environ, start_response):
        environ["wsgi.input"].read()
        start_response("200 OK", [("Content-Type", "application/json")])
        return [b"7"]

    service = wk.WatchWSGI(app, endpoints=[endpoint])
    for number in range(200):
        call(service, {"x": number})

    counts = client.counts
    assert counts.spooled + counts.sampled == 200
    assert 50 < counts.spooled < 150


def call(service, document):
    """One request, closed as servers do."""
    body = io.BytesIO(json.dumps(document).encode())
    environ = {"REQUEST_METHOD": "POST", "PATH_INFO": "/predict", "wsgi.input": body}
    answer = service(environ, lambda *_: None)
    list(answer)
    answer.close()


def test_doors_without_a_client_share_one(tmp_path, monkeypatch):
    """Two functions that name no client use the same, made at the first call."""
    monkeypatch.setenv("WATCHKEEPER_URL", NOBODY)
    monkeypatch.setenv("WATCHKEEPER_HOME", str(tmp_path))

    @wk.watch("a")
    def one(row):
        return 1

    @wk.watch("b")
    def other(row):
        return 2

    assert not list(tmp_path.rglob("*"))
    one({"x": 1})
    other({"x": 1})

    assert len({path.parent for path in tmp_path.rglob("lock")}) == 1


FORKED = """
import os, sys, threading
import watchkeeper as wk
from watchkeeper.sdk import door

held, go_on = threading.Event(), threading.Event()

def making():
    with door._making:
        held.set()
        go_on.wait()

@wk.watch("m")
def predict(row):
    return 1

threading.Thread(target=making, daemon=True).start()
held.wait()
child = os.fork()
if child == 0:
    predict({"x": 1})
    os._exit(0 if wk.last_prediction_id() else 1)
status = os.waitpid(child, 0)[1]
go_on.set()
sys.exit(os.waitstatus_to_exitcode(status))
"""


def test_a_fork_while_a_client_is_made_holds_nobody_up(tmp_path):
    """A child of a process whose other thread is making a client makes its own."""
    environment = {**os.environ, "WATCHKEEPER_HOME": str(tmp_path), "WATCHKEEPER_URL": NOBODY}

    ended = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FORKED],
        check=False,
        timeout=PATIENCE_SECONDS,
        env=environment,
    )

    assert ended.returncode == 0
