"""What is kept of sources, on each database."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest

from watchkeeper.catalog.halves import Half, finish_halves, keep_half
from watchkeeper.catalog.source_files import FileState, KnownFile, SourceState
from watchkeeper.catalog.source_ledger import SourceCounts, count, take
from watchkeeper.errors import Conflict

NOW = datetime(2024, 5, 6, tzinfo=UTC)


def take_some(catalog, numbers, *, part="t/0"):
    with catalog.inbox.write() as write:
        count(write, "s", SourceCounts(events=len(numbers)), at=NOW)
        take(write, "s", {part: numbers})


def keep(catalog, side, *, event="e", alone=False, at=NOW):
    data = {"request": None, "response": None, side: side.encode()}
    with catalog.inbox.write() as write:
        count(write, "s", SourceCounts(events=1), at=at)
        return keep_half(write, "s", Half(event, "m", **data, at=at), alone=alone)


def test_a_number_is_taken_once(catalog):
    """In one transaction with its count, or not at all."""
    take_some(catalog, [3, 4, 7])
    with pytest.raises(Conflict, match="1 of t/0 were taken meanwhile, first 7"):
        take_some(catalog, [5, 7])

    assert catalog.ledger.taken("s", "t/0", range(10)) == {3, 4, 7}
    assert catalog.ledger.taken("s", "t/1", range(10)) == frozenset()
    assert catalog.ledger.totals()["s"].counts == SourceCounts(events=3)


def test_two_writers_never_take_the_same(catalog):
    """Of many that come at once each number has one taker."""
    failures = []

    def run(first):
        try:
            take_some(catalog, list(range(first, first + 5)))
        except Conflict:
            failures.append(first)

    threads = [threading.Thread(target=run, args=(first,)) for first in (0, 2, 4, 0, 6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    taken = catalog.ledger.taken("s", "t/0", range(20))
    assert catalog.ledger.totals()["s"].counts.events == len(taken) == 5 * (5 - len(failures))


def test_what_is_done_with_is_one_span(catalog):
    """The floor only rises, hides no gap above it, and can be forgotten."""
    for numbers in ([0, 1], [3], [5, 6], [9]):
        take_some(catalog, numbers)
    catalog.ledger.settle("s", "t/0", 5)
    catalog.ledger.settle("s", "t/0", 2)
    catalog.ledger.settle("s", "t/0", -1)

    assert catalog.ledger.floor("s", "t/0") == 5
    assert catalog.ledger.taken("s", "t/0", range(12)) == {*range(7), 9}
    catalog.ledger.forget("s", "t/0")
    assert catalog.ledger.floor("s", "t/0") == -1


def test_sides_find_each_other(catalog):
    """Whichever comes first; each counts once, also after the exchange became rows."""
    assert keep(catalog, "response")
    assert not keep(catalog, "response")
    assert catalog.halves.whole("s", limit=5) == ()
    assert keep(catalog, "request")

    (whole,) = catalog.halves.whole("s", limit=5)
    assert (whole.request, whole.response) == (b"request", b"response")
    with catalog.inbox.write() as write:
        finish_halves(write, "s", ["e"])
    assert not keep(catalog, "request")
    assert (catalog.halves.waiting(), catalog.halves.whole("s", limit=5)) == ((0, 0), ())
    with pytest.raises(Conflict), catalog.inbox.write() as write:
        finish_halves(write, "s", ["e"])


def test_two_sides_that_come_at_once_find_each_other(catalog):
    """Neither may think that it came first."""
    threads = [
        threading.Thread(target=keep, args=(catalog, side), kwargs={"event": f"e{number}"})
        for number in range(8)
        for side in ("request", "response")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(catalog.halves.whole("s", limit=50)) == 8


def test_what_waits_too_long_is_told_and_what_is_done_forgotten(catalog):
    """Each after its time, and not before."""
    keep(catalog, "request", event="old")
    keep(catalog, "request", event="new", at=NOW + timedelta(minutes=5))
    keep(catalog, "request", event="alone", alone=True)
    before = NOW + timedelta(minutes=1)

    assert [half.event for half in catalog.halves.expired("s", before, limit=5)] == ["old"]
    with catalog.inbox.write() as write:
        finish_halves(write, "s", ["old", "alone"])
    assert catalog.halves.forget("s", before) == 2
    assert (catalog.halves.sources(), catalog.halves.waiting()) == (("s",), (1, 7))


def test_files_and_states_are_remembered(catalog):
    """The last that was said of a path and of a source; a content is found under its path."""
    file = KnownFile("a.csv", 9, 7, "c0ffee", FileState.TAKING, 1, 5, None, NOW)
    catalog.source_files.save("s", file)
    assert catalog.source_files.same("s", "c0ffee") is None
    taken = KnownFile("a.csv", 9, 8, "c0ffee", FileState.TAKEN, 2, 6, "why", NOW)
    catalog.source_files.save("s", taken)
    catalog.source_states.save("s", SourceState("failing", "why", None, NOW))
    catalog.source_states.save("s", SourceState("running", None, 3, NOW))

    assert catalog.source_files.known("s", ["a.csv", "b.csv"]) == {"a.csv": taken}
    assert catalog.source_files.same("s", "c0ffee") == "a.csv"
    assert catalog.source_files.latest("s") == (taken,)
    assert catalog.source_states.all() == {"s": SourceState("running", None, 3, NOW)}


def test_what_waits_for_the_lake_is_known_by_its_position(catalog):
    """A mark behind nothing has landed."""
    assert catalog.inbox.newest("m") == 0
    assert catalog.inbox.landed("m", 0)
