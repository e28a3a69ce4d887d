"""A history in one command, killed in the middle and run again, on a real server."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from watchkeeper.sdk.client import Client, SpoolOptions

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
START = datetime(2025, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
DAYS, ROWS = 40, 200
MODEL = """
apiVersion: watchkeeper/v1
kind: Model
name: loans
task: binary
positive_class: "yes"
classes: ["no", "yes"]
label_horizon: 7d
columns:
  loan: {type: categorical, role: prediction_id}
  at: {type: timestamp, role: time}
  income: numeric
  score: {type: numeric, role: score}
  prediction: {type: categorical, role: prediction}
  repaid: {type: categorical, role: label}
"""


def program(home, *arguments):
    """A command of the console, in a process of its own."""
    code = "from watchkeeper.cli.main import main; raise SystemExit(main())"
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "WATCHKEEPER_HOME": str(home)},
    )


@pytest.fixture
def client(tmp_path):
    """A client of a server of its own, with the model."""
    server = program(tmp_path / "home", "serve", "--port", "0", "--json")
    told = json.loads(server.stdout.readline())
    with Client(told["url"], told["key"], spool=SpoolOptions(tmp_path / "spool")) as made:
        made.apply(MODEL)
        yield made
    server.terminate()
    server.communicate(timeout=60)


@pytest.fixture
def files(tmp_path):
    """Forty days of loans in two shuffled files, and labels known two days later."""
    random = np.random.default_rng(5)
    n = DAYS * ROWS
    at = [START + place * DAY / ROWS for place in range(n)]
    score = random.beta(2, 2, n)
    whole = pa.table(
        {
            "loan": [f"l{place}" for place in range(n)],
            "at": at,
            "income": random.lognormal(10, 0.5, n),
            "score": score,
            "prediction": np.where(score > 0.5, "yes", "no").tolist(),
        }
    ).take(random.permutation(n))
    truth = pa.table(
        {
            "loan": [f"l{place}" for place in range(n)],
            "repaid": np.where(random.random(n) < score, "yes", "no").tolist(),
            "known_at": [moment + 2 * DAY for moment in at],
        }
    )
    for name, table in (("a", whole.slice(0, 3_000)), ("b", whole.slice(3_000)), ("t", truth)):
        pq.write_table(table, tmp_path / f"{name}.parquet")
    return [
        str(tmp_path / "a.parquet"),
        str(tmp_path / "b.parquet"),
        "--labels",
        str(tmp_path / "t.parquet"),
    ]


def backfill(client, tmp_path, files, *more):
    """`watchkeeper backfill`, running."""
    options = ("--url", client.http.url, "--key", client.http.api_key)
    return program(tmp_path / "home", "backfill", "loans", *files, *options, *more)


def sent(client):
    """How many rows of history the server has acknowledged."""
    days = client.http.get("/api/v1/models/loans/accounting").data["days"]
    return sum(day["received"] for day in days)


def test_a_history_survives_being_killed(client, tmp_path, files):
    """Killed in the middle and run again: every row once, every window judged in its own time."""
    first = backfill(client, tmp_path, files, "--no-wait")
    end = time.monotonic() + 60
    while not ROWS * 5 < sent(client) < DAYS * ROWS:
        assert time.monotonic() < end
        assert first.poll() is None
    first.send_signal(signal.SIGKILL)
    first.communicate(timeout=30)
    assert sent(client) < 2 * DAYS * ROWS

    again = backfill(client, tmp_path, files, "--json")
    out, err = again.communicate(timeout=300)
    told = json.loads(out)

    assert (again.returncode, err) == (0, "")
    assert told["repeated"] > 0
    whole = {"received": DAYS * ROWS, "accepted": DAYS * ROWS, "duplicate": 0, "rejected": 0}
    assert told["kinds"] == {"predictions": whole, "labels": whole}
    account = client.http.get("/api/v1/models/loans/accounting").data
    assert len(account["windows"]) == DAYS
    for window in account["windows"]:
        counts = (window["received"], window["accepted"], window["joined"], window["late"])
        assert counts == (ROWS, ROWS, ROWS, 0)
    windows = client.http.get("/api/v1/models/loans/windows").data
    waited = [
        datetime.fromisoformat(w["known_at"]) - datetime.fromisoformat(w["window"]["end"])
        for w in windows
    ]
    assert max(waited) <= 3 * DAY  # its labels came two days later, and not a year
    assert {w["status"] for w in windows[10:]} <= {"ok", "alert"}


def test_bad_rows_and_a_missing_scope_are_said(client, tmp_path):
    """Bad rows go to quarantine and exit with 1; without the scope nothing is sent at all."""
    (tmp_path / "odd.csv").write_text("loan,at,income\nx,2025-03-05T10:00:00,lots\ny,some day,1\n")
    done = backfill(client, tmp_path, [str(tmp_path / "odd.csv")], "--json")
    out, _ = done.communicate(timeout=60)

    assert done.returncode == 1
    assert json.loads(out)["kinds"]["predictions"]["rejected"] == 2
    reasons = client.http.get("/api/v1/quarantine", model="loans").data
    assert {row["reason"] for row in reasons} == {"bad_type", "bad_time"}

    made = client.http.send_json(
        "POST", "/api/v1/keys", {"name": "k", "scopes": ["ingest", "read"]}
    )
    client.http.api_key = made.data["secret"]
    refused = backfill(client, tmp_path, [str(tmp_path / "odd.csv")])
    _, err = refused.communicate(timeout=60)
    assert refused.returncode == 2
    assert "backfill" in err
