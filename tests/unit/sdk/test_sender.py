"""The sender: what it does with each answer of a server."""

from __future__ import annotations

import gzip
import json

import pytest

from watchkeeper.errors import InvalidInput, NotFound, TooLarge, Unavailable
from watchkeeper.sdk.counters import Counters
from watchkeeper.sdk.encode import encode_line
from watchkeeper.sdk.http import Answer, Failure
from watchkeeper.sdk.sender import Sender
from watchkeeper.sdk.spool import Spool


class Server:
    """Answers with ``answer(path, rows)`` and remembers what came."""

    url = "http://server"

    def __init__(self, answer=lambda path, rows: Answer({"rejected": 0})):
        self.answer = answer
        self.got = []

    def attempt(self, method, path, body, headers):
        rows = json.loads(gzip.decompress(body))["rows"]
        self.got.append((path, headers["Idempotency-Key"], rows))
        return self.answer(path, rows)


@pytest.fixture
def spool(tmp_path):
    made = Spool(tmp_path / "spool", max_bytes=10_000)
    yield made
    made.close()


def sender(spool, server):
    counters = Counters()
    return Sender(spool, server, counters, interval_seconds=1.0), counters


def fill(spool, *rows):
    for model, kind, row in rows:
        spool.append(encode_line(model, kind, row))


def test_a_round_sends_a_batch_per_model_and_kind(spool):
    """Rows of one model and kind travel together, and the spool is empty afterwards."""
    fill(
        spool, ("m", "predictions", {"a": 1}), ("m", "labels", {"b": 2}), ("m", "labels", {"b": 3})
    )
    server = Server()
    found, counters = sender(spool, server)

    wait = found.round()

    assert [(path, rows) for path, _, rows in server.got] == [
        ("/api/v1/models/m/predictions", [{"a": 1}]),
        ("/api/v1/models/m/labels", [{"b": 2}, {"b": 3}]),
    ]
    assert (counters.snapshot().sent, spool.is_empty(), wait) == (3, True, 1.0)


@pytest.mark.parametrize("status", [0, 401, 403, 429, 500, 503])
def test_what_cannot_be_taken_now_stays_and_is_sent_under_the_same_id(spool, status):
    """Without an answer, a key or a free server the rows wait; the retry is the same batch."""
    fill(spool, ("m", "labels", {"b": 2}))
    server = Server(lambda *_: Failure(status, Unavailable("down")))
    found, counters = sender(spool, server)
    found.round()

    server.answer = lambda *_: Answer({"rejected": 0})
    found.round()

    (_, first, rows), (_, second, again) = server.got
    assert (first, rows) == (second, again)
    assert counters.snapshot().sent == 1


def test_waiting_grows_and_honours_the_server(spool):
    """Each failure waits longer than the first could, and at least as long as was asked for."""
    fill(spool, ("m", "labels", {"b": 2}))
    server = Server(lambda *_: Failure(503, Unavailable("down")))
    found, _ = sender(spool, server)

    waits = [found.round() for _ in range(9)]
    server.answer = lambda *_: Failure(429, Unavailable("busy"), 77.0)

    assert waits[-1] >= 15.0
    assert max(waits) <= 30.0
    assert found.round() == 77.0


def test_an_unknown_model_delays_only_itself(spool):
    """Rows of a model that the server does not know wait; others go on."""
    fill(spool, ("new", "labels", {"b": 2}))
    spool.seal()
    fill(spool, ("m", "labels", {"b": 3}))
    server = Server(
        lambda path, _: Failure(404, NotFound("no")) if "new" in path else Answer({"rejected": 0})
    )
    found, counters = sender(spool, server)

    found.round()

    assert counters.snapshot().sent == 1
    assert not spool.is_empty()


def test_a_batch_that_is_too_large_is_halved(spool):
    """Halves of a refused batch are sent, and a single row that is too large is given up."""
    fill(spool, *[("m", "labels", {"b": place}) for place in range(4)])
    server = Server(
        lambda _, rows: (
            Failure(413, TooLarge("big"))
            if len(rows) > 1 or rows[0]["b"] == 3
            else Answer({"rejected": 0})
        )
    )
    found, counters = sender(spool, server)

    found.round()

    counts = counters.snapshot()
    assert (counts.sent, counts.rejected, spool.is_empty()) == (3, 1, True)
    assert len({batch for _, batch, _ in server.got}) == len(server.got)


def test_what_is_never_taken_is_counted_and_said(spool, caplog):
    """A refusal for good empties the spool, counts and logs the reason."""
    fill(spool, ("m", "labels", {"b": 2}))
    found, counters = sender(spool, Server(lambda *_: Failure(422, InvalidInput("not so"))))

    found.round()

    assert (counters.snapshot().rejected, spool.is_empty()) == (1, True)
    assert "not so" in caplog.text


def test_quarantined_rows_are_counted_apart(spool, caplog):
    """Rows that the server put into quarantine count as rejected, the first reason is logged."""
    fill(spool, ("m", "labels", {"b": 2}), ("m", "labels", {"b": 3}))
    answer = Answer({"rejected": 1, "rejections": [{"detail": "no such id"}]})
    found, counters = sender(spool, Server(lambda *_: answer))

    found.round()

    counts = counters.snapshot()
    assert (counts.sent, counts.rejected) == (1, 1)
    assert "no such id" in caplog.text


def test_a_name_of_any_characters_is_a_path(spool):
    """A model's name cannot leave its place in the path."""
    fill(spool, ("../a b/ü", "labels", {}))
    server = Server()

    sender(spool, server)[0].round()

    assert server.got[0][0] == "/api/v1/models/..%2Fa%20b%2F%C3%BC/labels"
