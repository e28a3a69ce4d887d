"""Asking a Prometheus: who asks, what is a figure, and what is told where it fails."""

from __future__ import annotations

import http.server
import json
import threading
from datetime import UTC, datetime
from urllib.parse import parse_qs

import pytest

from watchkeeper.definitions.document import load_text
from watchkeeper.domain.source import Source, SourceType
from watchkeeper.errors import InvalidDefinition, InvalidInput, Unavailable
from watchkeeper.interop.prometheus.client import Asked, Prometheus, asked_of
from watchkeeper.interop.prometheus.model_servers import expressions_of, over

NOW = datetime(2026, 6, 1, tzinfo=UTC)


class Answers(http.server.BaseHTTPRequestHandler):
    """Answers as it is told, and keeps what it was asked."""

    def do_POST(self):
        """One question."""
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.asked.append((self.path, parse_qs(body), self.headers.get("Authorization")))
        status, text = self.server.answer
        self.send_response(status)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        """Says nothing."""


@pytest.fixture
def prometheus():
    """What looks like a Prometheus."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    server.asked, server.answer = [], vector()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    server.url = f"http://127.0.0.1:{server.server_port}/"
    yield server
    server.shutdown()
    server.server_close()


def vector(*values):
    """An answer with these values."""
    result = [{"metric": {"at": str(at)}, "value": [1, v]} for at, v in enumerate(values)]
    data = {"resultType": "vector", "result": result}
    return 200, json.dumps({"status": "success", "data": data})


def test_what_is_no_number_is_no_figure(prometheus):
    """A quantile of no requests is NaN, a ratio of none infinite: neither is a figure."""
    prometheus.answer = vector("NaN", "1.5", "+Inf")

    found = Prometheus(Asked(prometheus.url)).query("up", NOW)

    assert [(sample.labels, sample.value) for sample in found] == [({"at": "1"}, 1.5)]
    assert prometheus.asked[0][:2] == (
        "/api/v1/query",
        {"query": ["up"], "time": [f"{NOW.timestamp():.3f}"]},
    )


def test_a_plain_number_is_one_series(prometheus):
    """A scalar is what an expression without series gives."""
    data = {"resultType": "scalar", "result": [1, "2"]}
    prometheus.answer = (200, json.dumps({"status": "success", "data": data}))

    assert [s.value for s in Prometheus(Asked(prometheus.url)).query("2", NOW)] == [2.0]


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        ({}, None),
        ({"token": "abc"}, "Bearer abc"),
        ({"username": "me", "password": "pw"}, "Basic bWU6cHc="),
    ],
)
def test_who_asks_says_so(prometheus, options, shown):
    """A token, a name with its password, or nobody."""
    Prometheus(Asked(prometheus.url, **options)).query("up", NOW)

    assert prometheus.asked[0][2] == shown


@pytest.mark.parametrize(
    ("answer", "error", "said"),
    [
        ((503, "busy"), Unavailable, "503 busy"),
        ((401, "who are you"), InvalidInput, "401 'who are you'"),
        ((200, "<html>"), InvalidInput, "check the url"),
        ((400, '{"status":"error","error":"no such function"}'), InvalidInput, "no such function"),
        ((200, '{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[]}]}}'), InvalidInput, "instant vector"),
    ],
)  # fmt: skip
def test_what_went_wrong_is_told(prometheus, answer, error, said):
    """What may go well later apart from what never will, in the server's own words."""
    prometheus.answer = answer

    with pytest.raises(error, match=said):
        Prometheus(Asked(prometheus.url)).query("f(", NOW)


def test_a_password_does_not_stand_in_a_url():
    """It is given by reference, and read when it is needed."""
    bad = Source("s", "m", SourceType.PROMETHEUS, {"url": "http://me:pw@p:9090"})
    text = "kind: Source\napiVersion: watchkeeper/v1\nname: s\nmodel: m\ntype: prometheus\nurl: http://p\nserver: vllm\ntoken: {env: T}\n"  # fmt: skip
    (good,) = load_text(text)

    with pytest.raises(InvalidInput, match="password"):
        asked_of(bad, lambda _: "")
    assert asked_of(good, lambda secret: f"value of {secret.env}").token == "value of T"


def test_names_are_quoted_and_matchers_added():
    """A model's name is a value, whatever it holds; the window is filled in where it is asked."""
    options = {"url": "u", "server": "triton", "served_as": 'a"b', "match": 'ns="prod"'}
    found = expressions_of(Source("s", "m", SourceType.PROMETHEUS, options))

    asked = over(found.answered, 3_600)

    assert asked == r'sum(increase(nv_inference_request_success{model="a\"b",ns="prod"}[3600s]))'
    assert found.apart is True


def test_own_expressions_take_the_place_of_a_presets():
    """Failures of one's own are among the requests, and a mean is no histogram."""
    options = {"url": "u", "server": "kserve", "errors": "e[$window]", "latency_mean": "m"}
    found = expressions_of(Source("s", "m", SourceType.PROMETHEUS, options))

    assert over(found.failed or "", 60) == "e[60s]"
    assert (found.mean, found.buckets, found.apart) == ("m", None, False)


def test_a_source_says_what_it_counts():
    """Neither a server nor an expression is nothing to ask."""
    with pytest.raises(InvalidDefinition, match="triton"):
        expressions_of(Source("s", "m", SourceType.PROMETHEUS, {"url": "u"}))


def test_it_is_said_when_it_is_applied_too():
    """Before anything is asked."""
    text = "kind: Source\napiVersion: watchkeeper/v1\nname: s\nmodel: m\ntype: prometheus\nurl: u\n"

    with pytest.raises(InvalidDefinition, match="must say which server"):
        load_text(text)
