"""Rows from topics and files, while the worker is killed again and again: each once, none lost."""

from __future__ import annotations

import json
import urllib.request

import pytest
from prometheus_client.parser import text_string_to_metric_families

from waiting import PATIENCE_SECONDS, until

ROWS = 1_500
KILLS = 3
HEAD = "apiVersion: watchkeeper/v1\nkind:"
MODELS = "".join(
    f"{HEAD} Model\nname: {name}\ntask: none\ncolumns: {{n: numeric}}\n---\n"
    for name in ("by-nats", "by-kafka", "by-file", "by-event")
)


@pytest.fixture
def models(server):
    """A server with four models and nothing in them."""
    server.apply(MODELS)
    return server


def lake_rows(server, model):
    """The numbers in the lake; none where no row was moved yet."""
    table = server.table(model)
    return sorted(map(int, table.to_pyarrow_table(columns=["n"])["n"].to_pylist())) if table else []


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
        server.ask(path, body, headers=headers)


@pytest.mark.slow
def test_killed_workers_neither_lose_nor_double(models, nats_server, kafka_cluster, tmp_path):
    """Four ways in at once, three kills in mid-stream; then brokers were told all, and only then."""
    server, incoming = models, tmp_path / "incoming"
    incoming.mkdir()
    nats_server.do(lambda stream: stream.add_stream(name="rows", subjects=["rows"]))
    server.apply(
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
            server.kill_child("toil")

    def counts(fate):
        return {item["name"]: item["counts"][fate] for item in server.ask("/api/v1/sources")}

    expected = {"nats": ROWS, "kafka": ROWS, "files": ROWS, "events": ROWS // 25}
    until(lambda: counts("accepted"), lambda found: found == expected, what="every row is accepted")
    numbers = {name: list(range(ROWS)) for name in ("by-nats", "by-kafka", "by-file")}
    numbers["by-event"] = list(range(0, ROWS, 25))

    def lake():
        return {model: lake_rows(server, model) for model in numbers}

    def full(found):
        return all(len(found[model]) >= len(numbers[model]) for model in numbers)

    assert until(lake, full, what="every row is in the lake") == numbers
    assert {*counts("rejected").values(), *counts("duplicate").values()} == {0}
    until(
        lambda: kafka_cluster.committed("watchkeeper-kafka", "rows"),
        lambda rows: rows == ROWS,
        what="committed",
    )
    until(lambda: acknowledged(nats_server), lambda rows: rows == ROWS, what="acknowledged")
    until(lambda: accepted(server, "nats"), lambda rows: rows == ROWS, what="Prometheus sees it")


def accepted(server, source):
    """How many rows of a source were accepted, as Prometheus reads it; None while it is not told."""
    with urllib.request.urlopen(f"{server.url}/metrics", timeout=PATIENCE_SECONDS) as answer:
        families = text_string_to_metric_families(answer.read().decode())
    wanted = ("watchkeeper_source_rows_total", {"source": source, "fate": "accepted"})
    samples = [sample for family in families for sample in family.samples]
    return next((each.value for each in samples if (each.name, each.labels) == wanted), None)


def acknowledged(nats_server):
    """Up to where the server knows that all is done."""
    told = nats_server.do(lambda stream: stream.consumer_info("rows", "watchkeeper-nats"))
    return told.ack_floor.stream_seq
