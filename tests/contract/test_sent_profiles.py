"""Profiles that clients sent, on each database: each batch once, in its windows, until forgotten."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from watchkeeper.catalog.accounting import BatchAccount
from watchkeeper.catalog.inbox import BatchKey
from watchkeeper.catalog.moves import Move, Tally
from watchkeeper.catalog.sent_profiles import SentBatch, SentPart
from watchkeeper.domain.sending import Sending, SentCounts
from watchkeeper.domain.window import Window

START = datetime(2024, 3, 4, tzinfo=UTC)
HOUR = timedelta(hours=1)
FIRST, SECOND = Window(START, START + HOUR), Window(START + HOUR, START + 2 * HOUR)


def batch(name="b", *parts, known_at=START + HOUR, sending=None):
    """A batch of a client."""
    account = BatchAccount(
        "profiles", known_at, known_at, received=sum(p.rows + p.rejected for p in parts),
        accepted=sum(p.rows for p in parts), since=START, until=START, sending=sending,
    )  # fmt: skip
    return SentBatch(BatchKey("m", "profiles", "key", name), known_at, parts, account)


def part(window=FIRST, rows=10, rejected=0, body=b"counts"):
    """What a batch says of a window."""
    return SentPart(window, rows, rejected, whole=True, body=body, missing=("km",))


def test_a_batch_is_in_its_windows(catalog):
    """Windows are made and marked; their accounts hold the rows, accepted and rejected."""
    assert catalog.sent.put(batch("b", part(), part(SECOND, 5, 2)))

    first, second = (catalog.windows.get("m", window) for window in (FIRST, SECOND))
    assert (first.accounting.received, first.accounting.accepted) == (10, 10)
    assert (second.accounting.received, second.accounting.rejected) == (7, 2)
    assert [stored.window for stored in catalog.windows.due(START + 3 * HOUR)] == [FIRST, SECOND]
    notes = catalog.windows.notes("m", start=START, end=START + HOUR)
    assert [(note.column, note.note, note.rows) for note in notes] == [("km", "missing", 10)]


def test_a_batch_counts_once(catalog):
    """The same name from the same key again changes nothing; from another it is another."""
    other = batch("b", part())
    results = [catalog.sent.put(batch("b", part())) for _ in range(2)]
    another = catalog.sent.put(replace(other, name=replace(other.name, sender="other")))

    assert (results, another) == ([True, False], True)
    assert catalog.windows.get("m", FIRST).accounting.accepted == 20
    assert len(catalog.sent.of("m", FIRST)) == 2


def test_a_batch_that_comes_many_times_at_once_counts_once(catalog):
    """Replicas that take the same batch at the same moment take it once together."""
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _: catalog.sent.put(batch("b", part())), range(16)))

    assert taken.count(True) == 1
    assert catalog.windows.get("m", FIRST).accounting.accepted == 10


def test_rows_and_profiles_share_a_window(catalog):
    """A window that has moved rows takes profiles too, and the other way round."""
    catalog.windows.record(Move("i", "m", 1, START, [Tally(FIRST, received=3, accepted=3)]))
    catalog.sent.put(batch("b", part()))
    catalog.windows.record(Move("i", "m", 2, START, [Tally(FIRST, received=4, accepted=4)]))

    stored = catalog.windows.get("m", FIRST)
    assert (stored.accounting.received, stored.changed, stored.known_at) == (17, 3, START + HOUR)


def test_parts_are_added_up_in_place(catalog):
    """A sum takes the place of its parts, unless one of them is gone."""
    for name in ("a", "b", "c"):
        catalog.sent.put(batch(name, part()))
    parts = catalog.sent.of("m", FIRST)
    whole = SentPart(FIRST, 20, 0, whole=True, body=b"sum")

    assert catalog.sent.merge("m", parts[:2], whole)
    assert not catalog.sent.merge("m", parts[1:], whole)

    assert [(p.rows, p.body) for p in catalog.sent.of("m", FIRST)] == [
        (10, b"counts"),
        (20, b"sum"),
    ]
    assert {p.known_at for p in catalog.sent.of("m", FIRST)} == {START + HOUR}


def test_windows_of_clients_are_not_touched(catalog):
    """A new reference leaves them as they are: there are no rows to count anew."""
    catalog.windows.record(Move("i", "m", 1, START, [Tally(SECOND, received=3, accepted=3)]))
    catalog.sent.put(batch("b", part()))

    assert catalog.windows.touch("m", start=START, end=START + 2 * HOUR) == 1
    assert catalog.windows.get("m", FIRST).changed == 1


def test_what_is_old_is_forgotten(catalog):
    """Windows that ended long ago go, and names of batches that came long ago."""
    catalog.sent.put(batch("a", part()))
    catalog.sent.put(batch("b", part(SECOND), known_at=START + 2 * HOUR))

    assert catalog.sent.let_go("other", START + 90 * timedelta(minutes=1)) == 0
    assert catalog.sent.let_go("m", START + 90 * timedelta(minutes=1)) == 1

    assert catalog.sent.of("m", FIRST) == ()
    assert [p.rows for p in catalog.sent.of("m", SECOND)] == [10]
    assert catalog.sent.put(batch("a", part()))
    assert not catalog.sent.put(batch("b", part(SECOND)))


@pytest.mark.parametrize("rows", [0, 10])
def test_clients_are_followed(catalog, rows):
    """What a client says of itself is kept, also with a batch without windows."""
    sending = Sending(
        "c1", START, first_sequence=1 if rows else None, last_sequence=rows or None,
        counts=SentCounts(spooled=12), host="web-1",
    )  # fmt: skip
    parts = (part(rows=rows),) if rows else ()

    catalog.sent.put(batch("b", *parts, sending=sending))

    (client,) = catalog.clients.page("m").items
    assert (client.stream.kind, client.stream.spooled) == ("profiles", 12)
