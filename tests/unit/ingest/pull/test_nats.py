"""Pulling from a real JetStream server."""

from __future__ import annotations

import json

import pytest

from waiting import until
from watchkeeper.errors import Unavailable

AT = "2024-05-06T11:00:00Z"


def rows(*numbers):
    return [json.dumps({"id": f"l{n}", "at": AT, "income": n}).encode() for n in numbers]


def a_stream(server):
    """Make the stream."""
    server.do(lambda js: js.add_stream(name="loans", subjects=["loans.>"]))


def consumer(server):
    """What the server says of our consumer."""
    return server.do(lambda js: js.consumer_info("loans", "watchkeeper-src"))


def step_often(puller):
    """As often as it takes to see that a connection is lost."""
    for _ in range(1_000):
        puller.step()


@pytest.fixture
def from_nats(keep, source, nats_server):
    """A puller of a stream, closed at the end."""
    made = []

    def make(**options):
        given = {"servers": [nats_server.url], "stream": "loans", **options}
        made.append(keep.puller(source("nats", **given)))
        return made[-1]

    yield make
    for puller in made:
        puller.close()


def step_until(events, puller, *, then=lambda: None):
    """Step until so many messages came; ``then`` is done after each step."""
    seen = []

    def step():
        seen.append(puller.step().events)
        then()
        return sum(seen)

    until(step, lambda came: came >= events, what=f"{events} messages come")


def test_messages_are_acknowledged_when_the_lake_has_them(keep, nats_server, from_nats):
    """Not when the inbox does: the server keeps what the lake does not have."""
    a_stream(nats_server)
    nats_server.publish("loans.new", rows(*range(700)))
    puller = from_nats()
    step_until(700, puller)
    assert consumer(nats_server).num_ack_pending == 700

    assert keep.rows().num_rows == 700

    def look():
        puller.step()
        seen = consumer(nats_server)
        return seen.num_ack_pending, seen.ack_floor.stream_seq

    until(look, lambda seen: seen == (0, 700), what="all is acknowledged")


def test_what_a_dead_worker_took_is_not_taken_again(keep, nats_server, from_nats, monkeypatch):
    """The server sends again what was not acknowledged; its number says that it is known."""
    monkeypatch.setattr("watchkeeper.ingest.pull.nats._ACK_SECONDS", 1.0)
    a_stream(nats_server)
    nats_server.publish("loans.new", rows(1, 2, 3))
    first = from_nats()
    step_until(3, first)
    first.close()
    nats_server.publish("loans.new", rows(4))
    keep.move()

    second = from_nats()
    step_until(4, second, then=keep.move)

    def pending():
        second.step()
        return consumer(nats_server).num_ack_pending

    until(pending, lambda number: number == 0, what="all is acknowledged")
    assert (keep.rows().num_rows, keep.counts().events, keep.counts().duplicate) == (4, 4, 0)


def test_a_stream_made_anew_counts_from_one(keep, nats_server, from_nats):
    """Its numbers are others, though they look the same."""
    a_stream(nats_server)
    nats_server.publish("loans.new", rows(1, 2))
    puller = from_nats()
    step_until(2, puller)
    puller.close()
    nats_server.do(lambda js: js.delete_stream("loans"))
    a_stream(nats_server)
    nats_server.publish("loans.new", rows(3, 4))

    again = from_nats()
    step_until(2, again)

    assert keep.rows().num_rows == 4


def test_only_the_subject_that_was_asked_for(keep, nats_server, from_nats):
    """Gaps in the numbers are no loss, and what is behind the floor is one span."""
    a_stream(nats_server)
    for number in range(6):
        nats_server.publish(f"loans.{'even' if number % 2 == 0 else 'odd'}", rows(number))
    puller = from_nats(subject="loans.even")
    step_until(3, puller)

    assert sorted(keep.rows().column("_wk_id").to_pylist()) == ["l0", "l2", "l4"]
    assert puller.step().lag == 0


def test_a_lost_connection_is_told_and_made_again(keep, nats_server, from_nats):
    """What was sent meanwhile is not lost."""
    a_stream(nats_server)
    nats_server.publish("loans.new", rows(1))
    puller = from_nats()
    step_until(1, puller)
    nats_server.stop()
    with pytest.raises(Unavailable, match="does not answer"):
        step_often(puller)
    with pytest.raises(Unavailable):
        from_nats()

    nats_server.start()
    nats_server.publish("loans.new", rows(2))
    again = from_nats()
    step_until(1, again)

    assert keep.rows().num_rows == 2


def test_a_stream_that_is_not_there_is_told(nats_server, from_nats):
    """A misspelt stream must not look like one without messages."""
    with pytest.raises(Unavailable, match="not found"):
        from_nats(stream="lones")
