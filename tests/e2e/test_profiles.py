"""A client that sends no rows: its process is killed, and every row is counted once all the same."""

from __future__ import annotations

import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from waiting import until

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


@pytest.mark.slow
def test_a_killed_process_has_its_rows_counted(server):
    """What `prediction()` returned for is in the window's counts, once; no row is on the server."""
    with server.client() as client:
        client.apply(DEFINITION)
        client.upload_reference("rides", reference())
        where = (server.url, server.key, server.spool)
        ended = subprocess.run([sys.executable, "-c", LOGGING, *where], check=False)
        assert ended.returncode == -signal.SIGKILL

        client.logger("rides", profiles=True)  # whoever comes next finds them
        until(lambda: counted(client), lambda rows: rows == 300, what="every row is counted")

        now = datetime.now(UTC)
        rows = client.http.get(
            "/api/v1/models/rides/rows",
            start=(now - timedelta(days=2)).isoformat(),
            end=(now + timedelta(days=1)).isoformat(),
        )
        assert rows.data == []
    until(lambda: held(server.spool), lambda files: files == [], what="nothing is left to be sent")


def reference():
    """Hours of rides until now."""
    times = [datetime.now(UTC) - timedelta(hours=hour) for hour in range(400)]
    return pa.table(
        {
            "at": pa.array(times, pa.timestamp("us", "UTC")),
            "km": np.random.default_rng(1).gamma(2.0, 8.0, 400),
            "city": ["Bonn", "Köln"] * 200,
            "fare_pred": np.arange(400.0),
            "fare": np.arange(400.0),
        }
    )


def held(spool):
    """The files of a spool in which something lies."""
    return [path for path in Path(spool).rglob("0*") if path.stat().st_size]


def counted(client):
    """The rows that the windows of the model account for."""
    found = client.http.get("/api/v1/models/rides/windows").data
    return sum(item["accepted"] for item in found)
