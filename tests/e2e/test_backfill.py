"""A history in one command, killed in the middle and run again, on a real server."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from waiting import until

pytestmark = pytest.mark.slow

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


# What is acknowledged last is not known to whoever sent it.
DYING = """
import os, signal
from watchkeeper.cli.main import main
from watchkeeper.sdk.client import Client

real, sent = Client.log_predictions, []
def killed(self, *arguments, **options):
    sent.append(real(self, *arguments, **options))
    if len(sent) == 9:
        os.kill(os.getpid(), signal.SIGKILL)
    return sent[-1]
Client.log_predictions = killed
raise SystemExit(main())
"""


@pytest.fixture
def client(server):
    """A client of a server of its own, with the model."""
    with server.client() as made:
        made.apply(MODEL)
        yield made


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


def sent(client):
    """How many rows of history the server has acknowledged."""
    days = client.http.get("/api/v1/models/loans/accounting").data["days"]
    return sum(day["received"] for day in days)


def test_a_history_survives_being_killed(server, client, files):
    """Killed in the middle and run again: every row once, every window judged in its own time."""
    first = [sys.executable, "-c", DYING, "backfill", "loans", *files, "--no-wait"]
    killed = subprocess.run(first, env=server.environment, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert until(lambda: sent(client), what="some of it is counted") < 2 * DAYS * ROWS

    again = server.run("backfill", "loans", *files, "--json")
    told = json.loads(again.stdout)

    assert (again.returncode, again.stderr) == (0, "")
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


def test_bad_rows_and_a_missing_scope_are_said(server, client, tmp_path):
    """Bad rows go to quarantine and exit with 1; without the scope nothing is sent at all."""
    (tmp_path / "odd.csv").write_text("loan,at,income\nx,2025-03-05T10:00:00,lots\ny,some day,1\n")
    done = server.run("backfill", "loans", tmp_path / "odd.csv", "--json")

    assert done.returncode == 1
    assert json.loads(done.stdout)["kinds"]["predictions"]["rejected"] == 2
    reasons = client.http.get("/api/v1/quarantine", model="loans").data
    assert {row["reason"] for row in reasons} == {"bad_type", "bad_time"}

    made = client.http.send_json(
        "POST", "/api/v1/keys", {"name": "k", "scopes": ["ingest", "read"]}
    )
    key = made.data["secret"]
    refused = server.run("backfill", "loans", tmp_path / "odd.csv", "--key", key)
    assert refused.returncode == 2
    assert "backfill" in refused.stderr
