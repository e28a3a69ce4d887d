"""The SDK's numbers at the server: processes that end, die and lose files, on a real server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from watchkeeper.sdk.client import Client, SpoolOptions

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
MODEL = """
apiVersion: watchkeeper/v1
kind: Model
name: rides
task: regression
granularity: 1h
columns:
  ride: {type: categorical, role: prediction_id}
  time: {type: timestamp, role: time}
  km: numeric
  fare: {type: numeric, role: prediction}
"""
LOGGING = """
import os, signal, sys
from pathlib import Path
from watchkeeper.sdk.client import Client, SpoolOptions

url, key, folder, rows, seconds, end = sys.argv[1:]
client = Client(url, key, spool=SpoolOptions(Path(folder), interval_seconds=float(seconds)))
log = client.logger("rides")
for row in range(int(rows)):
    log.prediction({"km": row / 7, "note": "x" * 200}, prediction=3.0 + row)
if end == "kill":
    os.kill(os.getpid(), signal.SIGKILL)
client.close(30.0)
"""


class Served:
    """A server, and programs that log to it from one spool."""

    def __init__(self, folder):
        self.folder = folder
        self.server = self.start(
            "-c", "from watchkeeper.cli.main import main; raise SystemExit(main())",
            "serve", "--port", "0", "--json", "--home", str(folder / "home"),
        )  # fmt: skip
        told = json.loads(self.server.stdout.readline())
        self.client = Client(told["url"], told["key"], spool=SpoolOptions(folder / "own"))
        self.client.apply(MODEL)

    def start(self, *arguments):
        """A program in a process of its own."""
        return subprocess.Popen(
            [sys.executable, *arguments],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        )

    def log(self, rows, *, seconds=0.2, end="close"):
        """Log so many rows, sending every ``seconds``; then end in order, or be killed."""
        program = self.start(
            "-c", LOGGING, self.client.http.url, self.client.http.api_key,
            str(self.folder / "spool"), str(rows), str(seconds), end,
        )  # fmt: skip
        program.communicate(timeout=120)

    def clients(self):
        """What the server knows of those who logged, by how many rows they gave out."""
        found = self.client.http.get("/api/v1/models/rides/clients").data
        return {row["given"]: row for row in found}

    def until(self, found):
        """Wait until it is so; what the clients are then."""
        end = time.monotonic() + 60
        while not found(self.clients()):
            assert time.monotonic() < end, self.clients()
            time.sleep(0.2)
        return self.clients()


@pytest.fixture
def served(tmp_path):
    """A server of its own."""
    made = Served(tmp_path)
    yield made
    made.client.close()
    made.server.terminate()
    made.server.communicate(timeout=60)


def test_processes_that_end_and_die_lose_nothing(served):
    """One ends in order, one is killed and its rows are sent by the next: all numbers arrive."""
    served.log(700)
    served.log(500, seconds=3600.0, end="kill")
    served.log(20)

    found = served.until(lambda held: held.get(500, {}).get("arrived") == 500)

    assert {given: row["arrived"] for given, row in found.items()} == {700: 700, 500: 500, 20: 20}
    assert {given: row["missing"] for given, row in found.items()} == {700: 0, 500: 0, 20: 0}
    assert {given: row["closed"] for given, row in found.items()} == {
        700: True,
        500: False,
        20: True,
    }
    assert all(
        abs(row["clock"]["seconds"]) < 10 and not row["clock"]["off"] for row in found.values()
    )
    assert len({row["client_id"] for row in found.values()}) == 3


def test_a_file_that_is_gone_is_a_gap(served):
    """Rows that were on disk and are no more are missing, by number, with all others here."""
    served.log(4_000, seconds=3600.0, end="kill")
    files = sorted((path for path in (served.folder / "spool").rglob("*") if path.is_file()),
                   key=lambda path: path.name)  # fmt: skip
    ready = [path for path in files if path.stat().st_size > 10_000]
    assert len(ready) > 3
    ready[1].unlink()

    served.log(20)

    found = served.until(lambda held: held.get(4_000, {}).get("missing", 0) > 0)
    row = found[4_000]
    (gap,) = row["gaps"]
    assert row["missing"] == gap["last"] - gap["first"] + 1
    assert 0 < row["missing"] < 4_000
    assert gap["since"] is not None
    assert gap["until"] is not None
    served.until(lambda held: held[4_000]["arrived"] + held[4_000]["missing"] == 4_000)
