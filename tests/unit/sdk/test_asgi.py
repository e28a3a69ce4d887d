"""The ASGI middleware: FastAPI and bare services answer as before, and are logged."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import threading

import httpx
import pytest
import uvicorn
from fastapi import BackgroundTasks, FastAPI, HTTPException, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

import watchkeeper as wk
from waiting import PATIENCE_SECONDS, until
from watchkeeper.errors import InvalidInput

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Ride(BaseModel):
    """A question."""

    km: float
    city: str


def service(logged, **endpoint):
    """A FastAPI service that answers in many ways."""
    app = FastAPI()
    at = {"path": "/predict", "model": "rides", "version": "3", **endpoint}
    app.add_middleware(wk.WatchASGI, endpoints=[wk.Endpoint(**at)], client=logged)

    @app.post("/predict")
    def predict(ride: Ride, background: BackgroundTasks):
        if ride.city == "Atlantis":
            raise HTTPException(404, "no such city")
        if ride.city == "Babel":
            raise HTTPException(503, "too many languages")
        if ride.city == "Styx":
            raise RuntimeError("ferry")
        if ride.city == "Lethe":
            background.add_task(lambda: 1 / 0)
        return {"prediction": 3.0 + ride.km, "score": 0.5, "id": f"{ride.city}-1"}

    @app.post("/many")
    def many(body: dict):
        return {"rows": [{"label": "long" if r["km"] > 2 else "short"} for r in body["rows"]]}

    @app.post("/inside")
    @wk.watch("inside", client=logged)
    def inside(ride: Ride):
        return ride.km

    return app


@contextlib.contextmanager
def served(app):
    """A caller of a real server with the service."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="critical", lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        until(lambda: server.started, what="the service listens")
        port = server.servers[0].sockets[0].getsockname()[1]
        url = f"http://127.0.0.1:{port}"
        with httpx.Client(base_url=url, timeout=PATIENCE_SECONDS) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture
def ask(logged):
    """Ask a service once."""

    def asking(at, body, **endpoint):
        with served(service(logged, **endpoint)) as client:
            return client.post(at, json=body, headers={"traceparent": TRACEPARENT})

    return asking


def test_question_and_answer_are_logged(ask, logged):
    """The service answers as before; its row has features, answer, latency and trace."""
    answer = ask("/predict", {"km": 2.0, "city": "Bonn"})

    assert answer.json() == {"prediction": 5.0, "score": 0.5, "id": "Bonn-1"}
    ((features, facts),) = logged.rows
    assert features == {"km": 2.0, "city": "Bonn"}
    assert (facts["prediction"], facts["score"], facts["error"]) == (5.0, 0.5, None)
    assert facts["trace_id"] == TRACEPARENT
    assert facts["latency_ms"] > 0.0
    assert logged.named == ("rides", "3")


def test_many_rows_have_many_answers(ask, logged):
    """Places lead to lists of rows and to the answer of each."""
    rows = [{"km": 1.0}, {"km": 4.0}]

    ask("/many", {"rows": rows}, path="/many", features="rows", prediction="rows.*.label")

    assert logged.features == rows
    assert logged.told("prediction") == ["short", "long"]


def test_functions_may_read_both(ask, logged):
    """What places cannot say functions can."""
    ask(
        "/many",
        {"rows": [{"km": 4.0}]},
        path="/*",
        features=lambda body: [{"miles": row["km"] / 1.609} for row in body["rows"]],
        answer=lambda body: [row["label"].upper() for row in body["rows"]],
    )

    assert (logged.features[0]["miles"], logged.told("prediction")) == (4.0 / 1.609, ["LONG"])


def test_an_id_of_ones_own_is_taken(ask, logged):
    """The id stands in the answer, else in the question."""
    ask("/predict", {"km": 2.0, "city": "Bonn"}, prediction_id="id")
    ask("/predict", {"km": 2.0, "city": "Styx"}, prediction_id="city")

    assert logged.identities == ["Bonn-1", "Styx"]


@pytest.mark.parametrize("city", ["Babel", "Styx"])
def test_errors_of_the_service_are_logged(ask, logged, city):
    """A 5xx and an exception are errors of the question that was asked."""
    answer = ask("/predict", {"km": 2.0, "city": city})

    assert answer.status_code >= 500
    assert logged.features == [{"km": 2.0, "city": city}]
    assert logged.told("error") == [{"Babel": "HTTP 503", "Styx": "RuntimeError: ferry"}[city]]


@pytest.mark.parametrize("body", [{"km": 2.0, "city": "Atlantis"}, {"km": "far"}, [], None])
def test_wrong_questions_are_no_predictions(ask, logged, body):
    """A 4xx says nothing about the model."""
    assert 400 <= ask("/predict", body).status_code < 500
    assert (logged.rows, logged.dropped) == ([], [])


def test_what_fails_after_the_answer_is_no_error_of_it(ask, logged):
    """A background task that raises leaves the answer answered."""
    assert ask("/predict", {"km": 2.0, "city": "Lethe"}).status_code == 200
    assert logged.told("error") == [None]


def test_other_paths_and_methods_pass_unseen(logged):
    """Nothing but what is watched is logged or counted."""
    with served(service(logged)) as client:
        client.get("/predict")
        client.post("/predict/more", json={})
        assert client.get("/openapi.json").status_code == 200

    assert (logged.rows, logged.dropped) == ([], [])


def test_what_is_logged_inside_has_the_trace(ask, logged):
    """A function that is watched within a request belongs to its trace."""
    assert ask("/inside", {"km": 2.0, "city": "Bonn"}, path="/inside", prediction="").json() == 2.0
    assert logged.told("trace_id") == [TRACEPARENT, TRACEPARENT]


ODD = {
    "binary": (b"\x00\xff\xfe", "application/octet-stream", "must be JSON, got application/octet"),
    "invalid": (b'{"km": ', "application/json", "must be JSON: "),
    "no text": (b'{"km": "\xff"}', "application/json", "must be JSON: "),
    "large": (b'{"km": "%b"}' % (b"x" * 2_000_000), "application/json", "at most 1048576 bytes"),
    "deep": (b"[" * 100_000 + b"]" * 100_000, "application/json", "RecursionError"),
    "empty": (b"", "application/json", "must be JSON: "),
    "no rows": (b"7", "application/json", "must hold rows"),
}


@pytest.mark.parametrize("kind", ODD)
def test_odd_bodies_pass_untouched(logged, kind):
    """Whatever is sent arrives as it was and is answered as it was; the row counts as dropped."""
    content, media_type, why = ODD[kind]
    app = FastAPI()
    endpoint = wk.Endpoint(path="/echo", model="m")
    app.add_middleware(wk.WatchASGI, endpoints=[endpoint], client=logged)

    @app.post("/echo")
    async def echo(request: Request):
        return Response(await request.body(), media_type=media_type)

    with served(app) as client:
        answer = client.post("/echo", content=content, headers={"Content-Type": media_type})

    assert answer.content == content
    settle(logged)
    assert logged.rows == []
    assert why in logged.dropped[0]


def settle(logged):
    """A row is logged when its answer was sent, and a large one in a thread: wait for it."""
    until(lambda: logged.dropped or logged.rows, what="the row is logged or dropped")


def test_a_stream_passes_as_it_comes(logged):
    """Parts of a stream arrive one by one, and are not kept."""
    app = FastAPI()
    app.add_middleware(wk.WatchASGI, endpoints=[wk.Endpoint(path="/say", model="m")], client=logged)

    @app.post("/say")
    async def say():
        return StreamingResponse(
            (f"data: {n}\n\n" for n in range(3)), media_type="text/event-stream"
        )

    with served(app) as client, client.stream("POST", "/say", json={"x": 1}) as answer:
        assert "".join(answer.iter_text()) == "data: 0\n\ndata: 1\n\ndata: 2\n\n"
    settle(logged)
    assert "must be JSON, got text/event-stream" in logged.dropped[0]


def test_gzip_is_read_both_ways(logged):
    """A packed question and a packed answer are read, and passed packed."""
    packed = gzip.compress(b'{"prediction": 7}')

    async def app(scope, receive, send):
        assert (await receive())["body"] == gzip.compress(b'{"x": 1}', mtime=0)
        headers = [(b"content-encoding", b"gzip"), (b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": packed})

    sent = call(app, logged, [gzip.compress(b'{"x": 1}', mtime=0)], (b"content-encoding", b"gzip"))

    assert sent[1]["body"] == packed
    assert (logged.features, logged.told("prediction")) == ([{"x": 1}], [7])


def test_a_gzip_bomb_is_not_unpacked(logged):
    """What would unpack to more than the limit is not read."""
    bomb = gzip.compress(b" " * 50_000_000)

    async def app(scope, receive, send):
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"{}"})

    call(app, logged, [bomb], (b"content-encoding", b"gzip"))

    assert "must unpack to at most 1048576 bytes" in logged.dropped[0]


def test_the_answer_goes_out_before_it_is_logged(logged):
    """When the row is written, the last byte was handed to the server already."""
    order = []
    logged.prediction = lambda *_, **__: order.append("logged") or "id"

    async def app(scope, receive, send):
        await receive()
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b'{"predic', "more_body": True})
        await send({"type": "http.response.body", "body": b'tion": 7}'})
        order.append("after")

    call(app, logged, [b'{"x":', b" 1}"], heard=order)

    assert order == ["http.response.start", "http.response.body", "http.response.body", "logged", "after"]  # fmt: skip


def test_an_answer_that_is_never_finished_is_counted(logged):
    """A service that stops in the middle gave no answer that could be logged."""

    async def app(scope, receive, send):
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})

    call(app, logged, [b"{}"])

    assert "was not sent whole" in logged.dropped[0]


def test_other_events_pass_through(logged):
    """The start of the server and websockets are none of its business."""
    seen = []

    async def app(scope, receive, send):
        seen.append(scope["type"])

    watched = wk.WatchASGI(app, endpoints=[wk.Endpoint(path="/", model="m")], client=logged)
    for kind in ("lifespan", "websocket"):
        asyncio.run(watched({"type": kind}, None, None))

    assert seen == ["lifespan", "websocket"]


def test_a_service_below_a_root_is_found(logged):
    """The path is meant below the root under which the service is mounted."""

    async def app(scope, receive, send):
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b'{"prediction": 7}'})

    call(app, logged, [b"{}"], root="/api")

    assert len(logged.rows) == 1


@pytest.mark.parametrize(
    ("endpoints", "message"),
    [
        ([], "at least one endpoint"),
        ([wk.Endpoint(path="predict", model="m")], "must begin with /"),
    ],
)
def test_wrong_endpoints_are_refused(logged, endpoints, message):
    """A wrong configuration is told when the service is made."""
    with pytest.raises(InvalidInput, match=message):
        wk.WatchASGI(None, endpoints=endpoints, client=logged)


def call(app, logged, parts, *headers, root="", heard=None):
    """One request to a bare service at /predict; the messages that it sent."""
    sent = []
    left = [
        {"type": "http.request", "body": part, "more_body": place < len(parts) - 1}
        for place, part in enumerate(parts)
    ]

    async def receive():
        return left.pop(0)

    async def send(message):
        sent.append(message)
        if heard is not None:
            heard.append(message["type"])

    scope = {
        "type": "http",
        "method": "POST",
        "path": f"{root}/predict",
        "root_path": root,
        "headers": list(headers),
    }
    endpoint = wk.Endpoint(path="/predict", model="m")
    asyncio.run(wk.WatchASGI(app, endpoints=[endpoint], client=logged)(scope, receive, send))
    return sent


def test_ids_and_rows_that_do_not_match_are_counted(ask, logged):
    """Two rows and one id cannot be told apart."""
    ask(
        "/many",
        {"rows": [{"km": 1}, {"km": 2}], "id": "a"},
        path="/many",
        features="rows",
        prediction="rows.*.label",
        prediction_id="id",
    )

    assert logged.rows == []
    assert len(logged.dropped) == 2
    assert "2 rows must have as many ids, got 1" in logged.dropped[0]
