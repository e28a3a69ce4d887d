"""Rows from topics and files, while the worker is killed again and again: each once, none lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request

import pytest
from deltalake import DeltaTable
from deltalake.exceptions import TableNotFoundError

ROWS = 1_500
KILLS = 3
HEAD = "apiVersion: watchkeeper/v1\nkind:"
MODELS = "".join(
    f"{HEAD} Model\nname: {name}\ntask: none\ncolumns: {{n: numeric}}\n---\n"
    for name in ("by-nats", "by-kafka", "by-file", "by-event")
)


class Server:
    """`watchkeeper serve`, whose worker can be killed."""

    def __init__(self, home, log):
        self.home = home
        self.log = log.open("ab")
        command = [sys.executable, "-m", "watchkeeper.cli.main", "serve", "--port", "0", "--json"]
        self.process = subprocess.Popen(
            [*command, "--home", str(home)], stdout=subprocess.PIPE, stderr=self.log, text=True
        )
        said = json.loads(self.process.stdout.readline())
        self.url, self.key = said["url"], said["key"]

    def worker(self):
        """The process id of the worker that runs now; None where it is being started anew."""
        asked = ["pgrep", "-P", str(self.process.pid), "-f", "watchkeeper.server.toil"]
        found = subprocess.run(asked, check=False, capture_output=True, text=True).stdout.split()
        return int(found[0]) if found else None

    def kill_worker(self):
        """Kill it as a machine that runs out of memory does."""
        until(self._killed, what="a worker is killed")

    def _killed(self):
        worker = self.worker()
        if worker is None:
            return False
        try:
            os.kill(worker, signal.SIGKILL)
        except ProcessLookupError:
            return False
        return True

    def ask(self, path, *, headers=None, data=None):
        """What the API answers."""
        request = urllib.request.Request(
            self.url + path, data, {"Authorization": f"Bearer {self.key}", **(headers or {})}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read())["data"]

    def stop(self):
        """Stop it as a service manager does."""
        self.process.terminate()
        self.process.wait(60)
        self.process.stdout.close()
        self.log.close()


def until(found, *, what, seconds=120.0):
    """Wait until it is so."""
    end = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < end, f"not so after {seconds} s: {what}"
        time.sleep(0.1)


@pytest.fixture
def server(tmp_path):
    """A server with four models and nothing in them."""
    made = Server(tmp_path / "home", tmp_path / "log")
    apply(made, tmp_path, MODELS)
    yield made
    made.stop()


def apply(server, folder, text):
    """Apply documents as a user does."""
    path = folder / "definitions.yaml"
    path.write_text(text)
    command = [sys.executable, "-m", "watchkeeper.cli.main", "apply", "-f", str(path)]
    subprocess.run([*command, "--url", server.url, "--key", server.key], check=True, timeout=60)


def lake_rows(server, model):
    """The numbers in the lake, read with nothing of ours; none where no row was moved yet."""
    try:
        table = DeltaTable(str(server.home / "lake" / model / "predictions"))
    except TableNotFoundError:
        return []
    return sorted(map(int, table.to_pyarrow_table(columns=["n"])["n"].to_pylist()))


def payloads(start, end):
    """Messages of one row each."""
    return [json.dumps({"n": number}).encode() for number in range(start, end)]


def write_file(folder, start, end):
    """A file that is there at once."""
    path = folder / f".{start}.jsonl"
    path.write_bytes(b"\n".join(payloads(start, end)))
    path.rename(folder / f"{start}.jsonl")


def log_exchange(server, number):
    """Both sides of an exchange, as a payload logger sends them."""
    for side, body in (("request", {"instances": [{"n": number}]}), ("response", {"outputs": []})):
        headers = {"ce-id": f"e{number}", "ce-type": f"org.kubeflow.serving.inference.{side}"}
        path = "/api/v1/models/by-event/cloudevents"
        server.ask(path, headers=headers, data=json.dumps(body).encode())


@pytest.mark.slow
def test_killed_workers_neither_lose_nor_double(server, nats_server, kafka_cluster, tmp_path):
    """Four ways in at once, three kills in mid-stream; then brokers were told all, and only then."""
    incoming = tmp_path / "incoming"
    incoming.mkdir()
    nats_server.do(lambda stream: stream.add_stream(name="rows", subjects=["rows"]))
    apply(
        server,
        tmp_path,
        f"""{HEAD} Source
name: nats
model: by-nats
type: nats
servers: [{nats_server.url}]
stream: rows
---
{HEAD} Source
name: kafka
model: by-kafka
type: kafka
servers: [{json.dumps(kafka_cluster.servers)}]
topics: [rows]
settings: {{session.timeout.ms: 6000, heartbeat.interval.ms: 500}}
---
{HEAD} Source
name: files
model: by-file
type: directory
path: {incoming}
settle: 1s
poll: 1s
---
{HEAD} Source
name: events
model: by-event
type: cloud_events
expect: request
""",
    )
    step = ROWS // (KILLS + 1)
    for start in range(0, ROWS, step):
        nats_server.publish("rows", payloads(start, start + step))
        kafka_cluster.publish("rows", payloads(start, start + step))
        write_file(incoming, start, start + step)
        for number in range(start, start + step, 25):
            log_exchange(server, number)
        if start:
            server.kill_worker()

    def counts():
        return {item["name"]: item["counts"] for item in server.ask("/api/v1/sources")}

    expected = {"nats": ROWS, "kafka": ROWS, "files": ROWS, "events": ROWS // 25}
    until(
        lambda: {name: found["accepted"] for name, found in counts().items()} == expected,
        what="every row is accepted",
    )
    models = {name: list(range(ROWS)) for name in ("by-nats", "by-kafka", "by-file")}
    models["by-event"] = list(range(0, ROWS, 25))
    for model, numbers in models.items():
        until(lambda m=model, n=numbers: len(lake_rows(server, m)) >= len(n), what=model)
        assert lake_rows(server, model) == numbers
    assert {found["rejected"] + found["duplicate"] for found in counts().values()} == {0}
    until(lambda: kafka_cluster.committed("watchkeeper-kafka", "rows") == ROWS, what="committed")
    until(lambda: acknowledged(nats_server) == ROWS, what="acknowledged")
    with urllib.request.urlopen(f"{server.url}/metrics", timeout=10) as answer:
        assert b'watchkeeper_source_rows{fate="accepted",source="nats"}' in answer.read()


def acknowledged(nats_server):
    """Up to where the server knows that all is done."""
    told = nats_server.do(lambda stream: stream.consumer_info("rows", "watchkeeper-nats"))
    return told.ack_floor.stream_seq
