"""OTLP over HTTP at the API: rows that are durable, refusals as OTLP tells them."""

from __future__ import annotations

import gzip
from datetime import timedelta

import pytest
from google.protobuf.json_format import MessageToJson
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from watchkeeper.interop.otel.messages import attributes

SEPTEMBER = 1_725_148_800_000_000_000  # 2024-09-01T00:00:00Z
PROTOBUF = {"Content-Type": "application/x-protobuf"}


def spans(number=2, *, model="loans", status=200, **own):
    """Answers of a server of the Open Inference Protocol."""
    request = ExportTraceServiceRequest()
    held = request.resource_spans.add()
    held.resource.attributes.extend(attributes({"service.name": "kserve"}, 100))
    scope = held.scope_spans.add()
    for place in range(1, number + 1):
        span = scope.spans.add(
            name="POST", kind=2, trace_id=bytes(15) + bytes([place]), span_id=bytes(7) + bytes([place]),
            start_time_unix_nano=SEPTEMBER, end_time_unix_nano=SEPTEMBER + 20_000_000,
        )  # fmt: skip
        told = {"url.path": f"/v2/models/{model}/infer", "http.response.status_code": status, **own}
        span.attributes.extend(attributes(told, 1_000))
    return request.SerializeToString()


@pytest.fixture
def send(api):
    """Post a request of OTLP; the status, and what the body says."""

    def post(content, path="/v1/traces", **headers):
        answer = api("POST", path, content=content, headers={**api.headers, **PROTOBUF, **headers})
        kind = ExportTraceServiceResponse if answer.status_code == 200 else Status
        return answer, kind.FromString(answer.content)

    return post


def stored(api, model="loans"):
    """The rows in the lake, after the worker has moved."""
    from watchkeeper.lake.layout import LakeTable

    api.parts.worker().step()
    start = api.parts.now() - timedelta(days=400)
    return api.parts.lake.rows(
        model, LakeTable.PREDICTIONS, start=start, end=start + timedelta(days=800)
    ).to_pylist()


def apply(api, name, **document):
    """Define a source."""
    head = {"kind": "Source", "apiVersion": "watchkeeper/v1", "name": name, "type": "otlp"}
    made = api("PUT", f"/api/v1/sources/{name}", json={**head, **document})
    assert made.status_code == 200, made.text


def test_spans_become_rows(api, send):
    """Requests for a model that is called as ours are its rows, zipped or not, without a source."""
    answer, said = send(gzip.compress(spans(income=5.0)), **{"Content-Encoding": "gzip"})
    rows = stored(api)

    assert (answer.status_code, said.partial_success.rejected_spans) == (200, 0)
    assert answer.headers["content-type"] == "application/x-protobuf"
    assert [(row["income"], row["_wk_latency_ms"], row["_wk_span_id"]) for row in rows] == [
        (5.0, 20.0, "0000000000000001"), (5.0, 20.0, "0000000000000002"),
    ]  # fmt: skip
    assert api.parts.catalog.ledger.totals()["loans.otlp"].counts.accepted == 2


def test_what_is_sent_again_counts_once(api, send):
    """The same bytes are the same batch; the same spans in other bytes are duplicates."""
    send(spans(2))
    send(spans(2))
    answer, _ = send(spans(3))

    assert answer.status_code == 200
    assert len(stored(api)) == 3


def test_json_is_understood(api):
    """OTLP as JSON is answered as JSON."""
    document = MessageToJson(ExportTraceServiceRequest.FromString(spans(1)))
    document = document.replace('"AAAAAAAAAAAAAAAAAAAAAQ=="', f'"{1:032x}"').replace('"AAAAAAAAAAE="', f'"{1:016x}"')  # fmt: skip

    answer = api("POST", "/v1/traces", content=document.encode(), headers={**api.headers, "Content-Type": "application/json"})  # fmt: skip

    assert (answer.status_code, answer.json()) == (200, {})
    assert len(stored(api)) == 1


def test_what_is_nobodys_is_ignored(api, send):
    """Spans of other models and services are taken, told as taken, and make no rows."""
    answer, said = send(spans(model="other"))

    assert (answer.status_code, said.partial_success.rejected_spans) == (200, 0)
    assert stored(api) == []
    assert "watchkeeper_otlp_received_total{" in api("GET", "/metrics").text


def test_what_cannot_be_a_row_is_rejected(api, send):
    """It is in quarantine, and partial success says how many and why."""
    _, said = send(spans(2, income="a lot"))

    assert said.partial_success.rejected_spans == 2
    assert "bad_type" in said.partial_success.error_message
    assert stored(api) == []


def test_a_source_maps(api, send):
    """A source says which spans are a model's, and which attribute is which column."""
    apply(api, "traces", model="loans", service="kserve", columns={"income": "in", "id": "n"})  # fmt: skip

    send(spans(1, model="whatever", **{"in": "41000", "n": "x1"}))
    (row,) = stored(api)

    assert (row["_wk_id"], row["income"]) == ("x1", 41_000.0)


def test_metrics_become_rows(api):
    """Levels of one moment are a row; cumulative sums are rejected with a way out."""
    apply(api, "levels", model="loans", signal="metrics", service="kserve", columns={"income": "queue"})  # fmt: skip
    request = ExportMetricsServiceRequest()
    held = request.resource_metrics.add()
    held.resource.attributes.extend(attributes({"service.name": "kserve"}, 100))
    scope = held.scope_metrics.add()
    scope.metrics.add(name="queue").gauge.data_points.add(time_unix_nano=SEPTEMBER, as_int=3)
    total = scope.metrics.add(name="total")
    total.sum.aggregation_temporality, total.sum.is_monotonic = 2, True
    total.sum.data_points.add(time_unix_nano=SEPTEMBER, as_int=3)

    answer = api("POST", "/v1/metrics", content=request.SerializeToString(), headers={**api.headers, **PROTOBUF})  # fmt: skip
    said = ExportMetricsServiceResponse.FromString(answer.content)

    assert said.partial_success.rejected_data_points == 1
    assert [row["income"] for row in stored(api)] == [3.0]


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"\xff\xff", {}, 400),
        (b"not gzip", {"Content-Encoding": "gzip"}, 400),
        (b"x" * 70_000_000, {}, 413),
    ],
)
def test_refusals_are_for_good(send, content, headers, status):
    """What is wrong stays wrong: 4xx, with a status as its body."""
    answer, said = send(content, **headers)

    assert (answer.status_code, bool(said.message)) == (status, True)


def test_another_media_type_is_refused(api):
    """What is neither protobuf nor JSON is told so."""
    answer = api("POST", "/v1/logs", content=b"x", headers={**api.headers, "Content-Type": "text/csv"})  # fmt: skip

    assert (answer.status_code, "Content-Type" in answer.text) == (400, True)


def test_a_full_inbox_asks_to_wait(api, send, monkeypatch):
    """Where too much waits senders are told to come again, and when."""
    from watchkeeper.errors import RateLimited

    def full():
        raise RateLimited("too much waits", retry_after_seconds=2.5)

    monkeypatch.setattr(api.parts.receiver, "require_room", full)
    answer, said = send(spans())

    assert (answer.status_code, answer.headers["retry-after"], said.message) == (429, "3", "too much waits")  # fmt: skip


def test_a_key_is_needed(api):
    """Without a key, or with one that may only read, nothing is taken."""
    without = api("POST", "/v1/traces", content=spans(), headers=PROTOBUF)

    reading = api("POST", "/v1/traces", content=spans(), headers={**api.key("read"), **PROTOBUF})

    assert (without.status_code, reading.status_code) == (401, 403)


@pytest.fixture
def call(api):
    """Ask a door that listens for gRPC; the response, or the code and what is said of it."""
    import grpc

    from watchkeeper.interop.otel.messages import METHODS
    from watchkeeper.interop.otel.target import Signal
    from watchkeeper.server.otel.grpc_door import open_grpc_door

    door = open_grpc_door(api.app.state.hub, "127.0.0.1", 0)
    channel = grpc.insecure_channel(f"127.0.0.1:{door.port}")
    method = channel.unary_unary(METHODS[Signal.TRACES], request_serializer=bytes)

    def ask(content, key):
        try:
            return ExportTraceServiceResponse.FromString(
                method(content, metadata=(("authorization", key),), timeout=120)
            )
        except grpc.RpcError as error:
            return error.code().name, error.details()

    yield ask
    channel.close()
    door.stop(1.0)


def test_grpc_is_the_same_door(api, call):
    """Spans over gRPC become rows, and what is no row is told."""
    key = api.headers["Authorization"]

    said = [call(spans(2), key), call(spans(1, income="a lot", n="x"), key)]

    assert [answer.partial_success.rejected_spans for answer in said] == [0, 1]
    assert len(stored(api)) == 2


def test_grpc_refuses_as_http_does(api, call, monkeypatch):
    """Without a key, with nonsense, and while too much waits."""
    from watchkeeper.errors import RateLimited

    key = api.headers["Authorization"]
    unknown, nonsense = call(spans(), "Bearer nobody"), call(b"\xff\xff", key)

    def full():
        raise RateLimited("too much waits")

    monkeypatch.setattr(api.parts.receiver, "require_room", full)

    assert [unknown[0], nonsense[0], call(spans(), key)] == [
        "UNAUTHENTICATED", "INVALID_ARGUMENT", ("UNAVAILABLE", "too much waits"),
    ]  # fmt: skip
