"""OpenTelemetry with programs that are none of ours: an agent, a store of metrics, receivers."""

from __future__ import annotations

import importlib.util
import json
import os
import socket
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.trace import SpanKind

from otlp import Receiver, attributes
from ports import held_port, held_ports
from serving import Server
from waiting import PATIENCE_SECONDS, until

MODEL = """kind: Model
apiVersion: watchkeeper/v1
name: loans
task: binary
positive_class: "yes"
classes: ["no", "yes"]
granularity: 5m
columns:
  income: numeric
  score: {type: numeric, role: score}
  repaid: {type: categorical, role: label}
"""
CALLER = "00-11111111111111111111111111111111-2222222222222222-01"


def rotel() -> Path:
    """The agent's program."""
    found = importlib.util.find_spec("rotel")
    if found is None or found.origin is None:
        pytest.skip("needs the OpenTelemetry agent rotel, which is not installed here")
    return Path(found.origin).with_name("rotel-agent")


def victoria_metrics() -> Path:
    """The store's program."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    found = cache / "watchkeeper" / "victoria-metrics" / "victoria-metrics"
    if not found.exists():
        pytest.skip("needs VictoriaMetrics, which tools/victoria-metrics could not fetch here")
    return found


def listens(port: int) -> bool:
    """Whether somebody listens there."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS):
        return True


@contextmanager
def running(command: list[object], log: Path, port: int) -> Iterator[None]:
    """A program, from when it listens."""
    with log.open("wb") as told:
        process = subprocess.Popen([*map(str, command)], stdout=told, stderr=subprocess.STDOUT)
    try:
        until(lambda: listens(port), what=f"{command[0]} listens")
        yield
    finally:
        process.terminate()
        process.wait(PATIENCE_SECONDS)


@contextmanager
def agent(folder: Path, endpoint: str, *options: object) -> Iterator[tuple[str, str]]:
    """An agent that passes on to ``endpoint``; its addresses for HTTP and for gRPC."""
    with held_ports(2) as (http, grpc):
        command = [
            rotel(), "start", "--pid-file", folder / "rotel.pid", "--log-file", folder / "rotel.log",
            "--otlp-http-endpoint", f"127.0.0.1:{http}", "--otlp-grpc-endpoint", f"127.0.0.1:{grpc}",
            "--batch-timeout", "100ms", "--exporter", "otlp", "--otlp-exporter-endpoint", endpoint, *options,
        ]  # fmt: skip
        with running(command, folder / "rotel.said", http):
            until(lambda: listens(grpc), what="the agent listens for gRPC")
            yield f"http://127.0.0.1:{http}", f"http://127.0.0.1:{grpc}"


@contextmanager
def serving(home: Path, **settings: str) -> Iterator[Server]:
    """A server with a model."""
    server = Server(home, settings={"OTEL_METRIC_EXPORT_INTERVAL": "1000", **settings}).start()
    try:
        server.apply(MODEL)
        yield server
    finally:
        server.close()


def predictions(number: int) -> list[dict[str, object]]:
    """Rows of half an hour ago."""
    start = datetime.now(UTC) - timedelta(minutes=30)
    return [
        {"id": f"p{place}", "time": (start + timedelta(seconds=place)).isoformat(), "income": place + 0.5, "score": 0.5}
        for place in range(number)
    ]  # fmt: skip


def tracer(grpc: str) -> TracerProvider:
    """A model service that is traced."""
    found = TracerProvider(resource=Resource({"service.name": "lender"}), shutdown_on_exit=False)
    exporter = OTLPSpanExporter(endpoint=grpc.removeprefix("http://"), insecure=True)
    found.add_span_processor(SimpleSpanProcessor(exporter))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("protocol", ["http/protobuf", "grpc"])
def test_the_whole_way_is_traced(tmp_path, protocol):
    """From a prediction in a service's span to its truth, through an agent that is not ours: every
    stage is a span that leads to the one before, and what was judged is a record in its trace.
    """
    with Receiver().running() as receiver, agent(tmp_path, receiver.grpc_url, "--otlp-exporter-protocol", "grpc") as (http, grpc):  # fmt: skip
        settings = {"OTEL_EXPORTER_OTLP_ENDPOINT": grpc if protocol == "grpc" else http, "OTEL_EXPORTER_OTLP_PROTOCOL": protocol}  # fmt: skip
        with serving(tmp_path / "home", **settings) as server:
            provider = tracer(grpc)
            with server.client() as client:
                log = client.logger("loans", version="3")
                with provider.get_tracer("lender").start_as_current_span("predict", kind=SpanKind.SERVER):  # fmt: skip
                    identity = log.prediction({"income": 3.0}, score=0.7)
                client.flush()
                server.ask("/api/v1/models/loans/predictions", {"rows": predictions(20)}, headers={"traceparent": CALLER})  # fmt: skip
                until(server.moved, what="the rows are in the lake")
                log.label(identity, "yes")
                client.flush()
            until(lambda: receiver.spans("label"), what="the label's span came")
            until(lambda: receiver.spans("judge"), what="a judgement's span came")
            until(lambda: receiver.records("watchkeeper.judged"), what="its record came")
            until(lambda: receiver.metrics("watchkeeper.model.rows"), what="metrics came")
            until(lambda: receiver.spans("predict"), what="the service's span came")
            provider.shutdown()
    predict, label = receiver.spans("predict")[0], receiver.spans("label")[0]
    called = [span for span in receiver.spans("ingest") if span.parent_span_id.hex() == "2" * 16]
    moves, (judge, *_), (watch, *_) = (receiver.spans(name) for name in ("move", "judge", "watch"))
    moved_from = {link.span_id for move in moves for link in move.links}

    assert (label.links[0].trace_id, label.links[0].span_id) == (predict.trace_id, predict.span_id)
    assert attributes(label.attributes)["watchkeeper.prediction.id"] == identity
    assert [span.trace_id.hex() for span in called] == ["1" * 32]
    assert called[0].span_id in moved_from
    assert {link.span_id for link in watch.links} & {move.span_id for move in moves}
    assert (judge.trace_id, judge.parent_span_id) == (watch.trace_id, watch.span_id)
    assert {span.trace_id for span in receiver.spans("judge")} >= {record.trace_id for record in receiver.records("watchkeeper.judged")}  # fmt: skip


@pytest.mark.slow
def test_metrics_are_those_of_the_scrape(tmp_path):
    """A store that answers PromQL has the same figures as `/metrics`, under the names it makes."""
    with held_port() as port:
        command = [
            victoria_metrics(), f"-httpListenAddr=127.0.0.1:{port}", f"-storageDataPath={tmp_path / 'vm'}",
            "-opentelemetry.usePrometheusNaming", "-search.latencyOffset=0s", "-memory.allowedBytes=256MB",
        ]  # fmt: skip
        store = f"http://127.0.0.1:{port}"

        def ask(query: str) -> dict[str, float]:
            urllib.request.urlopen(
                f"{store}/internal/force_flush", timeout=PATIENCE_SECONDS
            ).close()
            asked = urllib.parse.urlencode({"query": query})
            with urllib.request.urlopen(f"{store}/api/v1/query?{asked}", timeout=PATIENCE_SECONDS) as answer:  # fmt: skip
                found = json.load(answer)["data"]["result"]
            return {one["metric"].get("watchkeeper_fate", ""): float(one["value"][1]) for one in found}  # fmt: skip

        with running(command, tmp_path / "vm.log", port):
            at = {"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": f"{store}/opentelemetry/v1/metrics"}
            with serving(tmp_path / "home", **at) as server:
                server.ask("/api/v1/models/loans/predictions", {"rows": [*predictions(20), {"income": "a lot"}]})  # fmt: skip
                rows = 'watchkeeper_model_rows_total{watchkeeper_model_name="loans",watchkeeper_kind="predictions"}'  # fmt: skip
                found = until(lambda: ask(rows), lambda seen: seen.get("accepted") == 20, what="the store has the rows")  # fmt: skip
                buckets = until(lambda: ask("count(http_server_request_duration_seconds_bucket)"), what="the store has a histogram")  # fmt: skip

    assert found["rejected"] == 1
    assert buckets[""] > 0


@pytest.mark.slow
def test_no_receiver_disturbs_the_server(tmp_path):
    """Nobody there, and somebody who never answers: rows are acknowledged and moved, what waits is
    counted, and the server ends as told.
    """
    with socket.create_server(("127.0.0.1", 0)) as silent, held_port() as dead:
        settings = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{dead}",
            "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": f"http://127.0.0.1:{silent.getsockname()[1]}/v1/logs",
        }
        with serving(tmp_path / "home", **settings) as server:
            taken = server.ask("/api/v1/models/loans/predictions", {"rows": predictions(20)})
            until(server.moved, what="the rows are in the lake")
            until(lambda: waiting(server, "logs") and waiting(server, "traces"), what="it is counted what waits")  # fmt: skip
            code = server.stop()

    assert (taken["accepted"], code) == (20, 0)


def waiting(server: Server, signal: str) -> float:
    """How many items of the worker wait."""
    with urllib.request.urlopen(f"{server.url}/metrics", timeout=PATIENCE_SECONDS) as answer:
        lines = answer.read().decode().splitlines()
    wanted = [line for line in lines if line.startswith("watchkeeper_otlp_waiting{") and 'process="worker"' in line and f'signal="{signal}"' in line]  # fmt: skip
    return sum(float(line.rpartition(" ")[2]) for line in wanted)


@pytest.mark.slow
def test_an_agent_sends_a_services_spans(tmp_path):
    """What a service tells an agent comes to us as rows, once each, over HTTP and over gRPC."""
    with held_port() as port, serving(tmp_path / "home", WATCHKEEPER_OTLP_GRPC_PORT=str(port)) as server:  # fmt: skip
        key = f"authorization=Bearer {server.key}"
        ways = [(server.url, "http"), (f"http://127.0.0.1:{port}", "grpc")]
        for place, (endpoint, protocol) in enumerate(ways):
            folder = tmp_path / protocol
            folder.mkdir()
            with agent(folder, endpoint, "--otlp-exporter-protocol", protocol, "--otlp-exporter-custom-headers", key) as (_, grpc):  # fmt: skip
                provider = tracer(grpc)
                about = {"url.path": "/v2/models/loans/infer", "income": float(place)}
                for _ in range(5):
                    with provider.get_tracer("lender").start_as_current_span("POST", kind=SpanKind.SERVER, attributes=about):  # fmt: skip
                        pass
                provider.shutdown()
                until(lambda: rows(server), lambda held, n=place: len(held) == 5 * (n + 1), what="the rows came")  # fmt: skip
        found = rows(server)

    assert sorted(found) == [0.0] * 5 + [1.0] * 5


def rows(server: Server) -> list[float]:
    """The incomes in the lake."""
    table = server.table("loans")
    return table.to_pyarrow_table(columns=["income"])["income"].to_pylist() if table else []
