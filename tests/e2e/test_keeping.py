"""What is kept, with real processes: a lake on a real S3 server, backups that are killed, restores."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from serving import Server
from waiting import PATIENCE_SECONDS, any_moment
from watchkeeper.governance.backup import verify
from watchkeeper.governance.points import list_points, read_point
from watchkeeper.lake.stores import Files

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


def say(server, *arguments):
    """A command to its end: its exit code, and what it printed as JSON."""
    done = server.run(*arguments, "--json")
    assert done.returncode in (0, 1), done.stderr
    return done.returncode, json.loads(done.stdout)


@pytest.fixture
def make_server(tmp_path):
    """Makes servers in folders of their own, not started yet; they end with the test."""
    made = []

    def make(name, **settings):
        made.append(Server(tmp_path / name, settings=settings))
        return made[-1]

    yield make
    for server in made:
        server.close()


def live(client, days):
    """Send days of rows with their labels, and wait until they are judged."""
    for number in days:
        table, known_at = loans(START + number * DAY), START + (number + 1) * DAY
        client.log_predictions(
            "loans", table.drop_columns(["repaid"]), batch=f"p{number}", known_at=known_at
        )
        labels = table.select(["loan", "repaid"]).rename_columns(["id", "label"])
        client.log_labels("loans", labels, batch=f"l{number}", known_at=known_at)
    client.advance("loans", START + (max(days) + 1) * DAY + timedelta(hours=2))
    assert client.wait_until_judged(PATIENCE_SECONDS)


def told(client):
    """What a server answers of the model: verdicts, windows, rows."""
    span = {"start": START.isoformat(), "end": (START + 9 * DAY).isoformat()}
    verdicts = client.http.get("/api/v1/models/loans/verdicts", limit=1000).data
    rows = client.http.get("/api/v1/models/loans/rows", **span, limit=1000).data
    return {
        "verdicts": sorted((found["id"], found["status"], found["value"]) for found in verdicts),
        "windows": client.http.get("/api/v1/models/loans/windows").data,
        "rows": sorted(json.dumps(row, sort_keys=True) for row in rows),
    }


def wrong(findings):
    return [found for found in findings["findings"] if found["health"] == "fail"]


@pytest.mark.slow
@pytest.mark.xdist_group("s3")
def test_a_lake_on_an_object_store(make_server, object_store, tmp_path):
    """Rows in, verdicts out; sound, saved, and restored to another folder of the store."""
    options = {**object_store.options, "AWS_SECRET_ACCESS_KEY": {"env": "STORE_SECRET"}}
    store = {"WATCHKEEPER_LAKE_OPTIONS": json.dumps(options), "STORE_SECRET": "secret"}
    root = object_store.folder(f"{tmp_path.name}-lake")
    server = make_server("home", WATCHKEEPER_LAKE=root, **store)
    with server.start().client() as client:
        client.apply(DEFINITION)
        reference = pa.concat_tables([loans(START - DAY * n) for n in range(1, 8)])
        client.upload_reference("loans", reference)
        live(client, range(2))
        then = told(client)
        code, saved = say(server, "backup", tmp_path / "backup")
        assert (code, saved["copied"]) == (0, saved["files"])
        assert wrong(say(server, "doctor")[1]) == []
    assert len(then["rows"]) == 2 * ROWS
    assert then["verdicts"]
    assert not (server.home / "lake").exists()

    again = make_server("again", WATCHKEEPER_LAKE=f"{root}-again", **store)
    elsewhere = ("--to", again.home, "--lake", f"{root}-again")
    code, restored = say(again, "restore", tmp_path / "backup", *elsewhere)
    assert (code, restored["faults"]) == (0, [])
    with again.start().client() as client:
        assert told(client) == then
        live(client, range(2, 3))
        assert len(told(client)["rows"]) == 3 * ROWS


@pytest.mark.slow
def test_backups_that_are_killed(make_server, tmp_path):
    """`kill -9` at several moments, under load: the point that is there stays whole, and the next is
    restored to a server that answers the same and has no fault.
    """
    server = make_server("home")
    with server.start().client() as client:
        client.apply(DEFINITION)
        live(client, range(2))
        say(server, "backup", tmp_path / "backup")
        for number in range(3):
            rows = loans(START + 2 * DAY).slice(number * 10, 10).drop_columns(["repaid"])
            client.log_predictions("loans", rows, batch=f"more-{number}", known_at=START + 3 * DAY)
            taking = server.begin("backup", tmp_path / "backup")
            any_moment(0.6, 1.5, chance=random.Random(number))
            taking.kill()
            taking.communicate()
        client.advance("loans", START + 3 * DAY + timedelta(hours=2))
        assert client.wait_until_judged(PATIENCE_SECONDS)
        backup = Files(tmp_path / "backup")
        faults = [verify(backup, read_point(backup, moment)) for moment in list_points(backup)]
        assert {*map(tuple, faults)} == {()}
        say(server, "backup", tmp_path / "backup")
        then = told(client)
    again = make_server("again")
    code, restored = say(again, "restore", tmp_path / "backup", "--to", again.home)
    assert (code, restored["faults"]) == (0, [])
    with again.start().client() as client:
        assert told(client) == then
