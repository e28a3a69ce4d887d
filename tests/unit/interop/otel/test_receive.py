"""OTLP of model servers: decoded, understood by their conventions, made into rows."""

from __future__ import annotations

import json

import pytest
from google.protobuf.json_format import MessageToJson
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from watchkeeper.domain.model import Column, ColumnType, Model, Role, Task
from watchkeeper.domain.source import Source, SourceRows, SourceType
from watchkeeper.errors import InvalidInput
from watchkeeper.interop.otel.messages import attributes
from watchkeeper.interop.otel.receive.conventions import Served, served_of
from watchkeeper.interop.otel.receive.decode import JSON, PROTOBUF, read_request
from watchkeeper.interop.otel.receive.item import Item
from watchkeeper.interop.otel.receive.items import Unreadable, items_of, size_of
from watchkeeper.interop.otel.receive.rows import row_of, takes
from watchkeeper.interop.otel.target import Signal

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
START = 1_772_000_000_000_000_000
MODEL = Model(
    "llm",
    Task.NONE,
    (
        Column("input_tokens", ColumnType.NUMERIC),
        Column("finish_reason", ColumnType.CATEGORICAL),
        Column("tenant", ColumnType.CATEGORICAL, Role.SEGMENT),
    ),
)


def traces(name="llm_request", kind=2, status=0, events=(), **own):
    """A request with one span of 250 ms."""
    request = ExportTraceServiceRequest()
    held = request.resource_spans.add()
    held.resource.attributes.extend(attributes({"service.name": "vllm"}, 100))
    span = held.scope_spans.add().spans.add(
        name=name, kind=kind, trace_id=bytes.fromhex(TRACE), span_id=bytes.fromhex(SPAN),
        start_time_unix_nano=START, end_time_unix_nano=START + 250_000_000,
    )  # fmt: skip
    span.attributes.extend(attributes(own, 1_000))
    span.status.code = status
    for text in events:
        span.events.add(name="exception").attributes.extend(attributes({"exception.type": "E", "exception.message": text}, 100))  # fmt: skip
    return request


def item(request, signal=Signal.TRACES):
    """The one item of a request."""
    (found,) = items_of(signal, request)
    return found


def source(rows=SourceRows.PREDICTIONS, columns=None, **options):
    """A source of that model."""
    return Source("s", "llm", SourceType.OTLP, options, rows, columns or {})


GEN_AI = {
    "gen_ai.operation.name": "chat", "gen_ai.request.model": "llm", "gen_ai.response.model": "llm-2",
    "gen_ai.response.id": "r1", "gen_ai.usage.input_tokens": 12,
    "gen_ai.response.finish_reasons": ["stop"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "kind", "values", "expected"),
    [
        ("chat llm", "client", GEN_AI, Served("llm", "llm-2", "r1")),
        ("llm_request", "server", {"gen_ai.request.id": "q"}, Served("", None, "q")),
        ("LLM", "internal", {"openinference.span.kind": "LLM", "llm.model_name": "m"}, Served("m")),
        ("compute", "internal", {"triton.model_name": "m", "triton.model_version": 3}, Served("m", "3")),
        ("POST", "server", {"url.path": "/v2/models/m/versions/7/infer"}, Served("m", "7")),
        ("POST", "server", {"http.target": "/v1/models/m:predict?x=1"}, Served("m")),
        ("POST", "server", {"http.url": "http://h:80/v2/models/m/infer"}, Served("m")),
        ("POST", "server", {"http.route": "/v2/models/{model_name}/infer"}, None),
        ("POST", "client", {"url.path": "/v2/models/m/infer"}, None),
        ("GET", "server", {"url.path": "/v2/models/m/ready"}, None),
        ("SELECT", "client", {"db.system": "postgresql"}, None),
        ("chat", "internal", {"gen_ai.operation.name": "execute_tool"}, None),
    ],
)  # fmt: skip
def test_conventions_of_model_servers(name, kind, values, expected):
    """Which spans are the answer of a model, of which, and under which id."""
    assert served_of(name, kind, values) == expected


def test_a_span_becomes_a_row():
    """Time, latency, ids and the columns that the model has, by their known names."""
    found = item(traces("chat llm", **GEN_AI, tenant="a", other="left out"))

    assert row_of(found, source(), MODEL) == {
        "_wk_id": "r1", "_wk_time": "2026-02-25T06:13:20+00:00", "_wk_version": "llm-2",
        "_wk_latency_ms": 250.0, "_wk_trace_id": TRACE, "_wk_span_id": SPAN,
        "input_tokens": 12, "finish_reason": "stop", "tenant": "a",
    }  # fmt: skip


def test_a_mapping_wins():
    """A source says what is called otherwise: columns, the answer, the id, the truth."""
    request = traces(id="7", answer="yes", **{"usage.in": "12"})
    mapped = source(columns={"id": "id", "prediction": "answer", "input_tokens": "usage.in"})
    truth = source(SourceRows.LABELS, {"id": "id", "label": "answer"})

    row, label = (row_of(item(request), each, MODEL) for each in (mapped, truth))

    assert (row["_wk_id"], row["_wk_prediction"], row["input_tokens"]) == ("7", "yes", 12.0)
    assert (label["_wk_id"], label["_wk_label"], "_wk_latency_ms" in label) == ("7", "yes", False)


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (traces(), None),
        (traces(status=2), "error"),
        (traces(status=2, **{"error.type": "timeout"}), "timeout"),
        (traces(status=2, events=["no memory"]), "E: no memory"),
        (traces(**{"http.response.status_code": 503}), "HTTP 503"),
        (traces(**{"http.status_code": 404}), None),
    ],
)
def test_errors_are_the_servers(request_, expected):
    """A status of error, or a status of 500 and above; what the caller did wrong is none."""
    assert item(request_).error == expected


@pytest.mark.parametrize(
    ("options", "taken"),
    [
        ({}, True),
        ({"served": "other*"}, False),
        ({"served": "ll*"}, True),
        ({"service": "vllm"}, True),
        ({"service": "triton"}, False),
        ({"named": "chat *"}, True),
        ({"named": "embed*"}, False),
        ({"service": "vllm", "served": "other"}, False),
    ],
)
def test_what_is_of_a_source(options, taken):
    """Patterns of service, name and served model; without any, the model's own name."""
    assert takes(source(**options), item(traces("chat llm", **GEN_AI))) is taken


def test_of_a_service_only_answers_are_taken():
    """The other spans of a service are none of ours, unless they are named."""
    other = Item("vllm", "tokenize", START, seconds=0.1)

    assert not takes(source(service="vllm"), other)
    assert takes(source(service="vllm", named="tokenize"), other)


def test_records_become_rows():
    """A structured record, of an evaluation for example, by its attributes and its body."""
    request = ExportLogsServiceRequest()
    record = request.resource_logs.add().scope_logs.add().log_records.add(
        event_name="gen_ai.evaluation.result", time_unix_nano=START, trace_id=bytes.fromhex(TRACE)
    )  # fmt: skip
    record.attributes.extend(attributes({"gen_ai.response.id": "r1"}, 100))
    record.body.kvlist_value.values.extend(attributes({"score": {"label": "good"}, "n": 1}, 100))
    wanted = source(SourceRows.LABELS, {"id": "gen_ai.response.id", "label": "score"}, named="gen_ai.eval*")  # fmt: skip
    found = item(request, Signal.LOGS)

    assert takes(wanted, found)
    assert row_of(found, wanted, MODEL) == {
        "_wk_id": "r1", "_wk_label_time": "2026-02-25T06:13:20+00:00", "_wk_label": '{"label": "good"}',
    }  # fmt: skip


def metrics():
    """Gauges of two moments, a delta, a histogram, and a sum that is cumulative."""
    request = ExportMetricsServiceRequest()
    scope = request.resource_metrics.add().scope_metrics.add()
    gauge = scope.metrics.add(name="queue")
    for moment, value in ((START, 3), (START + 10**9, 4)):
        gauge.gauge.data_points.add(time_unix_nano=moment, as_int=value).attributes.extend(attributes({"model_name": "llm"}, 9))  # fmt: skip
    held = scope.metrics.add(name="took")
    held.histogram.aggregation_temporality = 1
    held.histogram.data_points.add(time_unix_nano=START, count=4, sum=2.0).attributes.extend(attributes({"model_name": "llm"}, 9))  # fmt: skip
    total = scope.metrics.add(name="total")
    total.sum.aggregation_temporality, total.sum.is_monotonic = 2, True
    total.sum.data_points.add(time_unix_nano=START, as_double=9.0)
    return request


def test_points_of_one_moment_are_one_row():
    """Levels, deltas and histograms by their names; cumulative sums are refused with a way out."""
    first, second, refused = items_of(Signal.METRICS, metrics())

    assert (first.values["queue"], first.values["took.count"], first.values["took.mean"]) == (3, 4, 0.5)  # fmt: skip
    assert (second.values["queue"], second.time) == (4, START + 10**9)
    assert isinstance(refused, Unreadable)
    assert (refused.number, "delta" in refused.why) == (1, True)
    assert size_of(Signal.METRICS, metrics()) == 4


def test_json_has_hexadecimal_ids():
    """OTLP's JSON is that of protobuf but for ids; names that are unknown are passed over."""
    document = json.loads(MessageToJson(traces(**GEN_AI)))
    span = document["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
    span |= {"traceId": TRACE, "spanId": SPAN, "parentSpanId": "", "links": [{"traceId": TRACE, "spanId": SPAN}], "new": 1}  # fmt: skip

    found = read_request(Signal.TRACES, json.dumps(document).encode(), JSON)

    assert row_of(item(found), source(), MODEL) == row_of(item(traces(**GEN_AI)), source(), MODEL)


@pytest.mark.parametrize(
    ("content", "media"),
    [
        (b"\xff\xff\xff", PROTOBUF),
        (b"{", JSON),
        (b"[]", JSON),
        (b'{"resourceSpans": 3}', JSON),
        (b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": "xyz"}]}]}]}', JSON),
        (b'{"a":' * 5_000 + b"1" + b"}" * 5_000, JSON),
        (b"", "text/plain"),
    ],
)
def test_what_cannot_be_decoded_is_refused(content, media):
    """Nonsense of any kind is the sender's fault, and told as such."""
    with pytest.raises(InvalidInput):
        read_request(Signal.TRACES, content, media)


@given(st.binary(max_size=200), st.sampled_from([PROTOBUF, JSON]))
def test_no_bytes_break_the_decoder(content, media):
    """Whatever comes is decoded or refused."""
    try:
        found = list(items_of(Signal.TRACES, read_request(Signal.TRACES, content, media)))
    except InvalidInput:
        return
    assert all(isinstance(row_of(each, source(), MODEL), dict) for each in found)
