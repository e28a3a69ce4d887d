"""`watchkeeper host`: the definition of hosts, one sample, and a process that runs until its end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest
import yaml
from click.testing import CliRunner

from waiting import PATIENCE_SECONDS
from watchkeeper.cli.main import cli
from watchkeeper.sdk.host.columns import host_definition

NOBODY = "http://127.0.0.1:9"  # the discard port: nothing answers there


def run(*arguments):
    return CliRunner().invoke(cli, ["host", *arguments], catch_exceptions=True)


def test_the_definition_is_printed():
    """What is printed can be applied as it is."""
    found = run("--definition", "--model", "machines")

    assert yaml.safe_load(found.output) == host_definition("machines")


def test_one_sample_is_printed(tmp_path, monkeypatch):
    """`--once` shows what would be sent, of each process that is named."""
    monkeypatch.setenv("WATCHKEEPER_HOME", str(tmp_path))
    found = run("--once", "--every", "0.05", "--name", "a", "--process", f"me={os.getpid()}", "--url", NOBODY)  # fmt: skip

    (row,) = json.loads(found.output)
    assert (row["host"], row["process"]) == ("a", "me")
    assert 0.0 < row["memory_used_share"] < 1.0
    assert row["process_cpu_used_cores"] >= 0.0


@pytest.mark.parametrize("given", ["me", "=7", "me=x"])
def test_a_process_without_name_or_number_is_refused(given):
    """The message shows how a process is given."""
    found = run("--process", given)

    assert "NAME=PID" in str(found.exception)


def test_it_runs_until_it_is_asked_to_end(tmp_path):
    """It samples until SIGTERM, and leaves its rows in the spool where the server is away."""
    environment = {**os.environ, "WATCHKEEPER_HOME": str(tmp_path), "WATCHKEEPER_URL": NOBODY}
    started = subprocess.Popen(
        [sys.executable, "-m", "watchkeeper.cli.main", "host", "--every", "0.05"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
    )  # fmt: skip
    assert started.stdout.readline() == "sampling this host\n"
    while not any(path.stat().st_size for path in tmp_path.rglob("0*")):
        assert started.poll() is None
    started.send_signal(signal.SIGTERM)

    _, said = started.communicate(timeout=PATIENCE_SECONDS)
    assert started.returncode == 0, said
