"""The sender: what it does with each answer of a server."""

from __future__ import annotations

import marshal
import os

import pytest

from watchkeeper.domain.sending import SENDING_HEADER, decode_sending
from watchkeeper.errors import InvalidInput, NotFound, TooLarge, Unavailable
from watchkeeper.sdk.counters import Counters
from watchkeeper.sdk.http import Answer, Failure
from watchkeeper.sdk.keeper import Keeper
from watchkeeper.sdk.sender import Sender
from watchkeeper.sdk.shapes import Shape
from watchkeeper.sdk.spool import Limits, Spool


class Server:
    """Answers with ``answer(path, rows)`` and remembers what came."""

    url = "http://server"

    def __init__(self, rows_of):
        self.answer = lambda path, rows: Answer({"rejected": 0})
        self.rows_of = rows_of
        self.got = []
        self.told = []

    def attempt(self, method, path, body, headers):
        rows = self.rows_of(headers, body)
        self.got.append((path, headers["Idempotency-Key"], rows))
        if SENDING_HEADER in headers:
            self.told.append(decode_sending(headers[SENDING_HEADER]))
        return self.answer(path, rows)


class Site:
    """A spool, a sender and a clock that stands still, but for the test."""

    def __init__(self, root, server):
        self.counters = Counters()
        self.spool = Spool(root, Limits(1_000_000, 1000.0))
        self.server = server
        self.sender = Sender(
            self.spool, server, self.counters, interval_seconds=1.0, horizon_seconds=9.0
        )
        self.shapes = {}

    def label(self, model, value):
        stream = self.counters.stream(model, "labels")
        shape = self.shapes.setdefault(model, Shape(stream, {}, ()))
        row = (shape.number, f"{model}{stream.spooled + 1}", 0, value)
        assert self.spool.append(shape, marshal.dumps(row, 4)) is None

    @property
    def counts(self):
        return self.counters.snapshot()

    def labels(self):
        return [[row["label"] for row in rows] for _, _, rows in self.server.got]


@pytest.fixture
def site(tmp_path, rows_of):
    made = Site(tmp_path / "spool", Server(rows_of))
    yield made
    made.spool.close()


def failing(status, error=None, wait=None):
    return lambda *_: Failure(status, error or Unavailable("down"), wait)


def test_a_round_sends_a_batch_per_model(site):
    """Rows of one model travel together, and the spool is empty afterwards."""
    for model, value in (("m", 1), ("n", 2), ("n", 3)):
        site.label(model, value)

    wait = site.sender.round()

    assert [(path, len(rows)) for path, _, rows in site.server.got] == [
        ("/api/v1/models/m/labels", 1),
        ("/api/v1/models/n/labels", 2),
    ]
    assert (site.counts.sent, site.counts.waiting, site.spool.is_empty(), wait) == (3, 0, True, 1.0)


def test_every_batch_says_whose_rows_it_holds(site):
    """Client, numbers and counts go with each batch, so that a lost row is seen."""
    for value in range(3):
        site.label("m", value)
    site.sender.round()
    site.label("m", 3)
    site.counters.add("dropped", 5, stream=site.counters.stream("m", "labels"))
    site.sender.round()

    first, second = site.server.told
    assert first.client_id == second.client_id == site.spool.client_id
    assert [(one.first_sequence, one.last_sequence) for one in (first, second)] == [(1, 3), (4, 4)]
    assert (second.counts.spooled, second.counts.dropped, second.horizon_seconds) == (4, 5, 9.0)


@pytest.mark.parametrize("status", [0, 401, 403, 429, 500, 503])
def test_what_cannot_be_taken_now_stays_and_is_sent_under_the_same_id(site, status):
    """Without an answer, a key or a free server the rows wait; the retry is the same batch."""
    site.label("m", 2)
    site.server.answer = failing(status)
    site.sender.round()

    site.server.answer = lambda *_: Answer({"rejected": 0})
    site.sender.round()

    (_, first, rows), (_, second, again) = site.server.got
    assert (first, rows) == (second, again)
    assert site.counts.sent == 1


def test_waiting_grows(site):
    """Each failure waits longer than the first could, and none longer than half a minute."""
    site.label("m", 2)
    site.server.answer = failing(503)

    waits = [site.sender.round() for _ in range(9)]

    assert waits[-1] >= 15.0
    assert max(waits) <= 30.0


def test_a_server_that_asks_for_time_is_left_alone(site):
    """Until the stated time has passed nothing is sent, even where a flush asks for it."""
    site.label("m", 2)
    site.server.answer = failing(429, wait=77.0)

    assert site.sender.round() == 77.0
    assert 70.0 < site.sender.round() <= 77.0
    assert len(site.server.got) == 1


def test_an_unknown_model_delays_only_itself(site):
    """Rows of a model that the server does not know wait; others go on, and are sent once."""
    site.label("new", 2)
    site.label("m", 3)
    site.server.answer = lambda path, _: (
        Failure(404, NotFound("no")) if "new" in path else Answer({"rejected": 0})
    )

    site.sender.round()
    site.sender.round()

    assert site.counts.sent == 1
    assert [path for path, _, _ in site.server.got].count("/api/v1/models/m/labels") == 1
    site.server.answer = lambda *_: Answer({"rejected": 0})
    site.sender.round()
    assert (site.counts.sent, site.spool.is_empty()) == (2, True)


def test_a_batch_that_is_too_large_is_halved(site):
    """Halves of a refused batch are sent, and a single row that is too large is given up."""
    for value in range(4):
        site.label("m", value)
    site.server.answer = lambda _, rows: (
        Failure(413, TooLarge("big"))
        if len(rows) > 1 or rows[0]["label"] == 3
        else Answer({"rejected": 0})
    )

    site.sender.round()

    assert (site.counts.sent, site.counts.rejected, site.spool.is_empty()) == (3, 1, True)
    assert len({batch for _, batch, _ in site.server.got}) == len(site.server.got)
    numbers = [(told.first_sequence, told.last_sequence) for told in site.server.told]
    assert numbers == [(1, 4), (1, 2), (1, 1), (2, 2), (3, 4), (3, 3), (4, 4)]


def test_what_is_never_taken_is_counted_and_said(site, caplog):
    """A refusal for good empties the spool, counts, logs the reason, and is told the server."""
    site.label("m", 2)
    site.server.answer = failing(422, InvalidInput("not so"))
    site.sender.round()

    site.server.answer = lambda *_: Answer({"rejected": 0})
    site.label("m", 3)
    site.sender.round()

    assert (site.counts.rejected, site.counts.sent, site.spool.is_empty()) == (1, 1, True)
    assert "not so" in caplog.text
    assert site.server.told[-1].counts.rejected == 1


def test_quarantined_rows_are_counted_apart(site, caplog):
    """Rows that the server put into quarantine count as rejected, the first reason is logged."""
    site.label("m", 2)
    site.label("m", 3)
    answer = Answer({"rejected": 1, "rejections": [{"detail": "no such id"}]})
    site.server.answer = lambda *_: answer

    site.sender.round()

    assert (site.counts.sent, site.counts.rejected) == (1, 1)
    assert "no such id" in caplog.text


def test_a_name_of_any_characters_is_a_path(site):
    """A model's name cannot leave its place in the path, nor break a header."""
    site.label("../a b/模型", 1)

    site.sender.round()

    path, batch, _ = site.server.got[0]
    assert path == "/api/v1/models/..%2Fa%20b%2F%E6%A8%A1%E5%9E%8B/labels"
    assert batch.isascii()


def test_what_a_dead_process_left_is_sent_in_its_name(site):
    """Its rows keep their numbers and its name, and are in none of this process's counts."""
    dead = Site(site.spool.root, site.server)
    dead.label("m", 7)
    os.close(dead.spool._shelf._held)  # what the operating system does when a process dies

    site.sender.round()

    (told,) = site.server.told
    assert (told.client_id, told.first_sequence) == (dead.spool.client_id, 1)
    assert (told.host, told.pid) == ("", 0)
    assert (site.counts.inherited, site.counts.sent) == (1, 0)


def test_what_a_dead_process_left_out_is_told(site):
    """How many rows it dropped and sampled out stands beside the rows that it wrote."""
    dead = Site(site.spool.root, site.server)
    dead.label("m", 7)
    stream = dead.counters.stream("m", "labels")
    dead.counters.add("sampled", 5, stream=stream)
    Keeper(dead.spool, dead.counters).tick()
    dead.counters.add("dropped", 2, stream=stream)
    Keeper(dead.spool, dead.counters).tick()
    os.close(dead.spool._shelf._held)  # what the operating system does when a process dies

    site.sender.round()

    (told,) = site.server.told
    assert (told.counts.sampled, told.counts.dropped, told.counts.spooled) == (5, 2, 1)


def test_a_damaged_file_is_sent_as_far_as_it_can_be_read(site, caplog):
    """The row that is lost is counted and said, and its number is missing at the server."""
    for value in (1, 2, 3):
        site.label("m", value)
    site.spool.seal()
    (ready,) = site.spool.ready()
    content = bytearray(ready.path.read_bytes())
    content[content.rfind(b"m2")] ^= 1
    ready.path.write_bytes(content)

    site.sender.round()

    assert site.labels() == [[1, 3]]
    assert (site.server.told[0].first_sequence, site.server.told[0].last_sequence) == (1, 3)
    assert (site.counts.lost, site.counts.sent, site.counts.waiting) == (1, 2, 0)
    assert "could not be read and are lost" in caplog.text


def test_a_file_of_a_later_version_is_left_to_it(site, caplog):
    """It is neither sent nor deleted, and does not stand in the way."""
    site.label("m", 1)
    site.spool.seal()
    (ready,) = site.spool.ready()
    ready.path.write_bytes(b"WKSPOOL9 something new")
    site.label("m", 2)

    site.sender.round()

    assert site.labels() == [[2]]
    assert ready.path.with_suffix(".later").read_bytes() == b"WKSPOOL9 something new"
    assert "later version" in caplog.text


def test_the_end_is_told(site):
    """A client that ends in order says how many rows it gave out; one with rows left does not."""
    site.label("m", 1)
    site.sender.say_closed()
    assert site.server.told == []

    site.sender.round()
    site.sender.say_closed()

    last = site.server.told[-1]
    assert (last.closed, last.counts.spooled, last.first_sequence) == (True, 1, None)


def test_counts_are_told_without_rows(site, monkeypatch):
    """Rows that were all dropped are told of, too, though not with every round."""
    site.counters.add("dropped", 3, stream=site.counters.stream("m", "predictions"))
    site.sender.round()
    assert site.server.told == []

    site.sender._told_at -= 31.0
    site.sender.round()
    site.sender._told_at -= 31.0
    site.sender.round()

    (told,) = site.server.told
    assert (told.counts.dropped, told.rows, told.closed) == (3, 0, False)
