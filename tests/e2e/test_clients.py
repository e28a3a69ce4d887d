"""The SDK's numbers at the server: processes that end, die and lose files, on a real server."""

from __future__ import annotations

import subprocess
import sys

import pytest

from waiting import until

pytestmark = pytest.mark.slow

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
client.close(120.0)
"""


class Served:
    """A server, and programs that log to it from one spool."""

    def __init__(self, server):
        self.server = server
        self.client = server.client()
        self.client.apply(MODEL)
        self.spool = server.home.with_name("programs")

    def log(self, rows, *, seconds=0.2, end="close"):
        """Log so many rows, sending every ``seconds``; then end in order, or be killed."""
        where = (self.server.url, self.server.key, self.spool)
        arguments = [*where, str(rows), str(seconds), end]
        subprocess.run([sys.executable, "-c", LOGGING, *arguments], check=False)

    def clients(self):
        """What the server knows of those who logged, by how many rows they gave out."""
        found = self.client.http.get("/api/v1/models/rides/clients").data
        return {row["given"]: row for row in found}

    def until(self, so, *, what):
        """Wait until it is so; what the clients are then."""
        return until(self.clients, so, what=what)


@pytest.fixture
def served(server):
    """A server of its own."""
    made = Served(server)
    yield made
    made.client.close()


def test_processes_that_end_and_die_lose_nothing(served):
    """One ends in order, one is killed and its rows are sent by the next: all numbers arrive."""
    served.log(700)
    served.log(500, seconds=3600.0, end="kill")
    served.log(20)

    whole = {700: 700, 500: 500, 20: 20}
    found = served.until(
        lambda held: {given: row["arrived"] for given, row in held.items()} == whole,
        what="every row arrived, also what the killed one left",
    )

    assert {given: row["missing"] for given, row in found.items()} == {700: 0, 500: 0, 20: 0}
    assert {given: row["closed"] for given, row in found.items()} == {
        700: True,
        500: False,
        20: True,
    }
    clocks = [row["clock"] for row in found.values()]
    assert all(abs(clock["seconds"]) < 60 and not clock["off"] for clock in clocks)
    assert len({row["client_id"] for row in found.values()}) == 3


def test_a_file_that_is_gone_is_a_gap(served):
    """Rows that were on disk and are no more are missing, by number, with all others here."""
    served.log(4_000, seconds=3600.0, end="kill")
    files = sorted((path for path in served.spool.rglob("*") if path.is_file()),
                   key=lambda path: path.name)  # fmt: skip
    ready = [path for path in files if path.stat().st_size > 10_000]
    assert len(ready) > 3
    ready[1].unlink()

    served.log(20)

    found = served.until(
        lambda held: 4_000 in held and settled(held[4_000]),
        what="some are missing, and all others are here",
    )
    row = found[4_000]
    (gap,) = row["gaps"]
    assert row["missing"] == gap["last"] - gap["first"] + 1
    assert 0 < row["missing"] < 4_000
    assert gap["since"] is not None
    assert gap["until"] is not None


def settled(row):
    """Whether some rows of a client are missing, and all others are here."""
    return row["missing"] > 0 and row["arrived"] + row["missing"] == row["given"]
