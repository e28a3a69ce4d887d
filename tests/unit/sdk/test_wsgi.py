"""The WSGI middleware: Flask and bare services answer as before, and are logged."""

from __future__ import annotations

import io
import threading
from wsgiref.simple_server import WSGIRequestHandler, make_server
from wsgiref.util import FileWrapper
from wsgiref.validate import validator

import flask
import httpx
import pytest

import watchkeeper as wk
from waiting import PATIENCE_SECONDS

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def watched(app, logged, **endpoint):
    """A bare service at /predict."""
    at = {"path": "/predict", "model": "m", **endpoint}
    return wk.WatchWSGI(app, endpoints=[wk.Endpoint(**at)], client=logged)


@pytest.fixture
def service(logged):
    """A Flask service."""
    app = flask.Flask("rides")

    @app.post("/predict")
    def predict():
        ride = flask.request.get_json()
        if ride["city"] == "Styx":
            raise RuntimeError("ferry")
        if ride["city"] == "Atlantis":
            flask.abort(404)
        return {"prediction": 3.0 + ride["km"], "score": 0.5}

    @app.post("/many")
    @wk.watch("inside", client=logged, features=lambda: {"inside": True})
    def many():
        rows = flask.request.get_json()["rows"]
        return flask.jsonify([row["km"] for row in rows])

    @app.get("/file")
    def file():
        return flask.send_file(io.BytesIO(b"\x00\x01"), mimetype="application/octet-stream")

    endpoints = [
        wk.Endpoint(path="/predict", model="rides", version="3"),
        wk.Endpoint(path="/many", model="rides", features="rows", prediction=""),
        wk.Endpoint(path="/file", model="rides", methods=("GET",)),
    ]
    app.wsgi_app = wk.WatchWSGI(app.wsgi_app, endpoints=endpoints, client=logged)
    return app.test_client()


def test_question_and_answer_are_logged(service, logged):
    """The service answers as before; its row has features, answer, latency and trace."""
    answer = service.post(
        "/predict", json={"km": 2.0, "city": "Bonn"}, headers={"traceparent": TRACEPARENT}
    )
    answer.close()

    assert answer.get_json() == {"prediction": 5.0, "score": 0.5}
    ((features, facts),) = logged.rows
    assert features == {"km": 2.0, "city": "Bonn"}
    assert (facts["prediction"], facts["score"], facts["error"]) == (5.0, 0.5, None)
    assert facts["trace_id"] == TRACEPARENT
    assert facts["latency_ms"] > 0.0
    assert logged.named == ("rides", "3")


def test_many_rows_have_many_answers(service, logged):
    """Lists answer lists, and what is watched inside has the trace."""
    rows = [{"km": 1.0}, {"km": 4.0}]
    answer = service.post("/many", json={"rows": rows}, headers={"traceparent": TRACEPARENT})
    answer.close()

    assert logged.features == [{"inside": True}, *rows]
    assert logged.told("prediction")[1:] == [1.0, 4.0]
    assert logged.told("trace_id") == [TRACEPARENT] * 3


def test_errors_of_the_service_are_logged(service, logged):
    """An exception that becomes a 500 is an error of the question."""
    assert service.post("/predict", json={"km": 2.0, "city": "Styx"}).status_code == 500

    assert logged.features == [{"km": 2.0, "city": "Styx"}]
    assert logged.told("error") == ["HTTP 500"]


def test_wrong_questions_are_no_predictions(service, logged):
    """A 4xx says nothing about the model, nor does a path that nobody watches."""
    assert service.post("/predict", json={"km": 2.0, "city": "Atlantis"}).status_code == 404
    assert service.get("/elsewhere").status_code == 404

    assert (logged.rows, logged.dropped) == ([], [])


def test_files_pass_untouched(service, logged):
    """An answer that is no JSON is not even wrapped; it counts as dropped."""
    assert service.get("/file").data == b"\x00\x01"
    assert logged.rows == []
    assert len(logged.dropped) == 1


def call(app, body=b"{}", **environ):
    """One request to /predict by the rules of PEP 3333, checked; the parts of the answer."""
    started = []

    def start_response(status, headers, *error):
        started.append(status)
        return lambda _: None

    given = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/predict",
        "CONTENT_LENGTH": str(len(body)),
        "CONTENT_TYPE": "application/json",
        "wsgi.input": io.BytesIO(body),
        **environ,
    }
    answer = app(given, start_response)
    try:
        return list(answer)
    finally:
        getattr(answer, "close", lambda: None)()


JSON = [("Content-Type", "application/json")]


@pytest.mark.parametrize(
    "read",
    [
        lambda stream: stream.read(),
        lambda stream: stream.read(3) + stream.read(1000),
        lambda stream: stream.read1(3) + stream.read1(1000),
        lambda stream: (into := bytearray(1000)) and bytes(into[: stream.readinto(into)]),
        b"".join,
        lambda stream: b"".join(stream.readlines()),
        lambda stream: stream.readline() + stream.readline() + stream.readline(),
    ],
)
def test_the_body_is_heard_however_it_is_read(logged, read):
    """Every way to read the input gives what was sent, and is listened to."""
    body = b'{"x":\n1,\n"y": 2}'
    got = []

    def app(environ, start_response):
        got.append(read(environ["wsgi.input"]))
        start_response("200 OK", JSON)
        return [b'{"prediction": ', b"7}"]

    assert call(watched(app, logged), body) == [b'{"prediction": ', b"7}"]
    assert got == [body]
    assert (logged.features, logged.told("prediction")) == ([{"x": 1, "y": 2}], [7])


def test_an_answer_may_be_generated_or_written(logged):
    """Answers that start late, and those written with the old `write`, are heard too."""

    def late(environ, start_response):
        environ["wsgi.input"].read()
        start_response("200 OK", JSON)
        yield b'{"prediction": 7}'

    def written(environ, start_response):
        environ["wsgi.input"].read()
        start_response("200 OK", JSON)(b'{"prediction": 8}')
        return []

    call(watched(late, logged))
    call(watched(written, logged))

    assert logged.told("prediction") == [7, 8]


def test_an_answer_that_breaks_is_an_error(logged):
    """What is raised while the answer is made passes on, and is logged."""

    def app(environ, start_response):
        environ["wsgi.input"].read()
        start_response("200 OK", JSON)
        yield b'{"pred'
        raise OSError("gone")

    def broken(environ, start_response):
        environ["wsgi.input"].read()
        raise ValueError("no")

    with pytest.raises(OSError, match="gone"):
        call(watched(app, logged))
    with pytest.raises(ValueError, match="no"):
        call(watched(broken, logged))

    assert logged.told("error") == ["OSError: gone", "ValueError: no"]


def test_an_answer_that_nobody_hears_out_is_counted(logged):
    """A caller that hangs up leaves no answer to log; the service's answer is closed."""
    closed = []

    def app(environ, start_response):
        environ["wsgi.input"].read()
        start_response("200 OK", JSON)
        try:
            yield b"{"
            yield b"}"
        finally:
            closed.append(True)

    answer = watched(app, logged)({"REQUEST_METHOD": "POST", "PATH_INFO": "/predict", "wsgi.input": io.BytesIO(b"{}")}, lambda *_: None)  # fmt: skip
    next(iter(answer))
    answer.close()

    assert closed == [True]
    assert "was not sent whole" in logged.dropped[0]


def test_a_body_that_is_not_read_is_counted(logged):
    """What the service itself did not look at is not known."""

    def app(environ, start_response):
        start_response("200 OK", JSON)
        return [b'{"prediction": 7}']

    call(watched(app, logged))

    assert "the request must be JSON" in logged.dropped[0]


def test_wrapped_files_stay_wrapped_files(logged):
    """A server that sends files by a quicker way still recognises them."""
    wrapper = FileWrapper(io.BytesIO(b"abc"))

    def app(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return wrapper

    environ = {"REQUEST_METHOD": "POST", "PATH_INFO": "/predict", "wsgi.input": io.BytesIO()}
    assert watched(app, logged)(environ, lambda *_: None) is wrapper


class Quiet(WSGIRequestHandler):
    """A handler that prints nothing."""

    def log_message(self, *_):
        pass


def test_a_real_server_finds_nothing_wrong(logged):
    """On a real server, whose rules are checked above and below, it is as if nobody listened."""

    def app(environ, start_response):
        length = int(environ["CONTENT_LENGTH"])
        body = environ["wsgi.input"].read(length)
        start_response("200 OK", JSON)
        return [body]

    checked = validator(watched(validator(app), logged, prediction="x"))
    plain = watched(app, logged, prediction="x")

    assert [posted(service, {"x": 5}).json() for service in (checked, plain)] == [{"x": 5}] * 2
    # A server adds the length of an answer in one part by itself, and still can.
    assert posted(plain, {"x": 5}).headers["content-length"] == posted(app, {"x": 5}).headers["content-length"]  # fmt: skip
    assert logged.told("prediction") == [5] * 3


def posted(service, document):
    """The answer to one request to a server of its own."""
    with make_server("127.0.0.1", 0, service, handler_class=Quiet) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        try:
            url = f"http://127.0.0.1:{server.server_port}/predict"
            return httpx.post(url, json=document, timeout=PATIENCE_SECONDS)
        finally:
            thread.join()
