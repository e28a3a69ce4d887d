"""A client that sends no rows: its process is killed, and every row is counted once all the same."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from watchkeeper.sdk.client import Client, SpoolOptions

DEFINITION = """
apiVersion: watchkeeper/v1
kind: Model
name: rides
task: regression
granularity: 1d
columns:
  ride: {type: categorical, role: prediction_id}
  at: {type: timestamp, role: time}
  km: numeric
  city: {type: categorical, role: segment}
  fare_pred: {type: numeric, role: prediction}
  fare: {type: numeric, role: label}
"""
LOGGING = """
import os, signal, sys
from pathlib import Path
from watchkeeper import Client
from watchkeeper.sdk.client import SpoolOptions

url, key, spool = sys.argv[1:]
client = Client(url, key, spool=SpoolOptions(Path(spool), interval_seconds=3600.0))
log = client.logger("rides", version="3", profiles=True)
for number in range(300):
    log.prediction({"km": number / 10, "city": ["Bonn", "Köln"][number % 2]}, prediction=number / 5)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def server(tmp_path):
    """`watchkeeper serve`, its URL and its key."""
    command = [sys.executable, "-m", "watchkeeper.cli.main", "serve", "--port", "0", "--json"]
    started = subprocess.Popen(
        [*command, "--home", str(tmp_path / "home")], stdout=subprocess.PIPE, text=True
    )
    said = json.loads(started.stdout.readline())
    yield said["url"], said["key"]
    started.terminate()
    started.communicate(timeout=60)


@pytest.mark.slow
def test_a_killed_process_has_its_rows_counted(server, tmp_path):
    """What `prediction()` returned for is in the window's counts, once; no row is on the server."""
    url, key = server
    spool = tmp_path / "spool"
    with Client(url, key, spool=SpoolOptions(spool)) as client:
        client.apply(DEFINITION)
        times = [datetime.now(UTC) - timedelta(hours=hour) for hour in range(400)]
        reference = pa.table(
            {
                "at": pa.array(times, pa.timestamp("us", "UTC")),
                "km": np.random.default_rng(1).gamma(2.0, 8.0, 400),
                "city": ["Bonn", "Köln"] * 200,
                "fare_pred": np.arange(400.0),
                "fare": np.arange(400.0),
            }
        )
        client.upload_reference("rides", reference)
        ended = subprocess.run([sys.executable, "-c", LOGGING, url, key, spool], check=False)
        assert ended.returncode == -signal.SIGKILL

        client.logger("rides", profiles=True)  # whoever comes next finds them
        until(lambda: counted(client) == 300)

        now = datetime.now(UTC)
        rows = client.http.get(
            "/api/v1/models/rides/rows",
            start=(now - timedelta(days=2)).isoformat(),
            end=(now + timedelta(days=1)).isoformat(),
        )
        assert rows.data == []
    until(lambda: not [path for path in Path(spool).rglob("0*") if path.stat().st_size])


def counted(client):
    """The rows that the windows of the model account for."""
    found = client.http.get("/api/v1/models/rides/windows").data
    return sum(item["accepted"] for item in found)


def until(found, seconds=240.0):
    """Wait until it is so."""
    waiting = threading.Event()
    for _ in range(int(seconds / 0.2)):
        if found():
            return
        waiting.wait(0.2)
    pytest.fail(f"not so after {seconds} s")
