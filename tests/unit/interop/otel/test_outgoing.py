"""What waits to be sent: bounded, counted, and never in anybody's way."""

from __future__ import annotations

import json
import threading

import pytest

from waiting import until
from watchkeeper.interop.otel.outgoing import Outgoing, Pace
from watchkeeper.interop.otel.transport import Answer

TAKEN = Answer(taken=True)
BUSY = Answer(taken=False, again=True, wait_seconds=0.0, detail="busy")


class Wire:
    """A transport that answers as told, and keeps what it took."""

    def __init__(self, *answers, size=None):
        self.answers, self.size = list(answers), size
        self.took, self.asked, self.closed = [], 0, False

    def send(self, body):
        self.asked += 1
        answer = self.answers.pop(0) if self.answers else TAKEN
        if self.size is not None and len(body) > self.size:
            return Answer(taken=False, too_large=True, detail="too large")
        if answer.taken:
            self.took += json.loads(body)
        return answer

    def close(self):
        self.closed = True


def queue(wire, **pace):
    """A queue of whole numbers."""
    return Outgoing("numbers", wire, lambda items: json.dumps(list(items)).encode(), Pace(**pace))


def counts(outgoing):
    """What became of them: taken, rejected, failed, dropped, waiting."""
    found = outgoing.fates()
    return found.taken, found.rejected, found.failed, found.dropped, found.waiting


def put(outgoing, items):
    """Put items in; how many there was room for."""
    return sum(outgoing.put(item) for item in items)


def test_a_full_queue_drops_what_comes():
    """What does not fit is dropped at once and counted; what was there first stays."""
    outgoing = queue(Wire(), most_waiting=3)

    assert put(outgoing, range(10)) == 3
    assert counts(outgoing) == (0, 0, 0, 7, 3)
    outgoing.flush()
    assert counts(outgoing) == (3, 0, 0, 7, 0)
    assert outgoing.transport.took == [0, 1, 2]


def test_what_is_busy_is_asked_again():
    """A busy receiver gets the same request until it takes it."""
    outgoing = queue(Wire(BUSY, BUSY))
    put(outgoing, [1])

    outgoing.flush()

    assert (outgoing.transport.asked, outgoing.transport.took) == (3, [1])
    assert counts(outgoing) == (1, 0, 0, 0, 0)


def test_patience_ends():
    """What is refused for longer than patience lasts is counted as failed, and the next goes on."""
    never = Answer(taken=False, again=True, wait_seconds=60.0, detail="never")
    outgoing = queue(Wire(never), patience_seconds=1.0, most_together=1)
    put(outgoing, [1, 2])

    outgoing.flush()

    assert outgoing.transport.took == [2]
    assert counts(outgoing) == (1, 0, 1, 0, 0)
    assert outgoing.fates().detail == "never"


def test_a_refusal_is_not_repeated():
    """What will never be taken is asked once."""
    outgoing = queue(Wire(Answer(taken=False, detail="HTTP 400")))
    put(outgoing, [1, 2])

    outgoing.flush()

    assert outgoing.transport.asked == 1
    assert counts(outgoing) == (0, 0, 2, 0, 0)


def test_rejected_items_are_counted():
    """Of a success that takes less, the rest counts as rejected, and never more than was sent."""
    outgoing = queue(Wire(Answer(taken=True, rejected=1), Answer(taken=True, rejected=99)), most_together=2)  # fmt: skip
    put(outgoing, range(4))

    outgoing.flush()

    assert counts(outgoing) == (1, 3, 0, 0, 0)


@pytest.mark.parametrize("limit", [{"most_bytes": 30}, {}])
def test_what_is_too_large_is_halved(limit):
    """By what we know of the receiver's limit, or by its own word; one item alone is given up."""
    outgoing = queue(Wire(size=30), **limit)
    put(outgoing, [*range(20), "x" * 100])

    outgoing.flush()

    assert outgoing.transport.took == list(range(20))
    assert counts(outgoing) == (20, 0, 1, 0, 0)


def test_what_cannot_be_encoded_stops_nothing():
    """A batch that cannot be encoded is lost, and told; the next is sent."""
    outgoing = queue(Wire(), most_together=1)
    put(outgoing, [object(), 1])

    outgoing.flush()

    assert counts(outgoing) == (1, 0, 1, 0, 0)
    assert "cannot be encoded" in outgoing.fates().detail


def test_a_slow_receiver_holds_up_nobody():
    """While a request hangs, whoever puts something in goes on, until the queue is full."""
    held, release = threading.Event(), threading.Event()

    class Slow(Wire):
        def send(self, body):
            held.set()
            release.wait()
            return super().send(body)

    outgoing = queue(Slow(), most_waiting=5, most_together=1, every_seconds=0.01)
    outgoing.start()
    outgoing.put(0)
    held.wait()

    assert put(outgoing, range(1, 100)) == 5
    assert counts(outgoing) == (0, 0, 0, 94, 6)
    release.set()
    until(lambda: counts(outgoing)[0] == 6, what="what fitted is sent")
    outgoing.stop()
    assert outgoing.transport.closed


def test_the_end_sends_what_waits():
    """What was put in before the end is sent; a dead receiver does not hold the end up."""
    outgoing, dead = queue(Wire(), every_seconds=60.0), queue(Wire(*[BUSY] * 10_000), last_seconds=0.0)  # fmt: skip
    for each in (outgoing, dead):
        each.start()
        put(each, [1])
        each.stop()

    assert counts(outgoing) == (1, 0, 0, 0, 0)
    assert dead.transport.closed
