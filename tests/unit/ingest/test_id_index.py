"""The index of ids against a plain dictionary: whatever is merged, forgotten or read by whom."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from watchkeeper.catalog import Catalog
from watchkeeper.ingest.content import id_numbers, mint_id
from watchkeeper.ingest.id_index import IdIndex, merge_all, merge_runs

NOW = datetime(2024, 3, 1, tzinfo=UTC)
UNTIL = int((NOW + timedelta(days=7)).timestamp() * 1e6)


@pytest.fixture
def inbox(tmp_path):
    """An empty inbox."""
    catalog = Catalog.open(f"sqlite:///{tmp_path}/c.db", f"sqlite:///{tmp_path}/i.db")
    yield catalog.inbox
    catalog.close()


def names(numbers):
    """Ids of both kinds: every third carries no time."""
    return [f"order-{n}" if n % 3 == 0 else mint_id(str(n), n * 40_000_000) for n in numbers]


def remember(inbox, index, numbers, until=UNTIL):
    """Remember numbers by their ids: the number as the time, its square as the content."""
    ids = id_numbers("m", pa.array(names(numbers), pa.string()))
    values = np.array(numbers, dtype=np.int64)
    with inbox.write() as writing:
        session = index.session(writing.ids)
        session.add(ids, values, values**2, until=until)
        made = session.write(NOW)
    index.keep(made)


def known(inbox, index, numbers):
    """What the index says of numbers, as a mapping of those that it knows."""
    ids = id_numbers("m", pa.array(names(numbers), pa.string()))
    with inbox.write() as writing:
        found = index.session(writing.ids).find(ids)
    told = zip(numbers, found.found, found.times, found.contents, strict=True)
    assert all(when == (n if is_known else -1) for n, is_known, when, _ in told)
    return {
        n: int(c)
        for n, is_known, c in zip(numbers, found.found, found.contents, strict=True)
        if is_known
    }


def test_ids_are_found_after_any_merging_and_by_any_process(inbox):
    """Young and merged runs hold the same, for who wrote them, for others, and after a restart."""
    generator = np.random.default_rng(7)
    numbers = generator.permutation(9_000)
    writer, reader = IdIndex(), IdIndex(cache_bytes=20_000)
    expected = {}
    for part in np.array_split(numbers[:6_000], 40):
        remember(inbox, writer, part.tolist())
        expected |= {n: n**2 for n in part.tolist()}
        if generator.random() < 0.3:
            merge_runs(inbox.ids, now=NOW)
        asked = generator.choice(numbers, 50, replace=False).tolist()
        assert known(inbox, reader, asked) == {n: n**2 for n in asked if n in expected}

    merge_runs(inbox.ids, now=NOW)
    for index in (writer, reader, IdIndex()):
        assert known(inbox, index, numbers.tolist()) == expected


def test_eight_runs_become_one(inbox):
    """Merging keeps the number of runs small, level by level, and leaves no pages behind."""
    index = IdIndex()
    fewer = 0
    for n in range(70):
        remember(inbox, index, [3 * n])
        fewer += merge_all(inbox.ids, now=NOW)

    with inbox.ids.read() as store:
        live = store.live()
        assert sorted(run.level for run in live) == [0] * 6 + [2]  # 70 = 6 + 64
        assert all(store.pages(run, [0]) == {} for run in range(live[0].run))
    assert fewer == 70 - len(live)
    assert known(inbox, index, [0, 3, 207]) == {0: 0, 3: 9, 207: 207**2}


def test_ids_are_sought_within_their_own_transaction(inbox):
    """A batch sees what an earlier one of the same transaction added, unless that was undone."""
    index = IdIndex()
    ids = id_numbers("m", pa.array(["a", "b"]))
    with inbox.write() as writing:
        session = index.session(writing.ids)
        session.add(ids.take(np.array([0])), np.array([5]), np.array([6]), until=UNTIL)
        mark = session.mark()
        session.add(ids.take(np.array([1])), np.array([7]), np.array([8]), until=UNTIL)
        assert session.find(ids).times.tolist() == [5, 7]
        session.undo(mark)
        assert session.find(ids).found.tolist() == [True, False]


def test_what_was_rolled_back_is_not_known(inbox):
    """An index forgets a session whose transaction failed, though the numbers of runs come again."""
    index = IdIndex()
    ids = id_numbers("m", pa.array(["a"]))

    def fail():
        with inbox.write() as writing:
            session = index.session(writing.ids)
            session.add(ids, np.array([1]), np.array([1]), until=UNTIL)
            session.write(NOW)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    remember(inbox, index, [3])

    assert known(inbox, index, [3]) == {3: 9}
    with inbox.write() as writing:
        assert not index.session(writing.ids).find(ids).found.any()


def test_what_expires_apart_is_not_merged(inbox):
    """Ids of two times to forget stay in runs of their own, so that the old ones go alone."""
    index = IdIndex()
    for n in range(8):
        remember(inbox, index, [3 * n], until=UNTIL + n % 2)

    assert merge_all(inbox.ids, now=NOW) == 0
    inbox.forget(NOW + timedelta(days=7))
    assert set(known(inbox, index, list(range(0, 24, 3)))) == {3, 9, 15, 21}


def test_keys_may_be_shared(inbox):
    """Ids of one millisecond whose keys meet are told apart by their hashes."""
    from watchkeeper.ingest.id_index import Ids

    index = IdIndex()
    ids = Ids(np.array([5, 5, 5, 6]), np.array([1, 2, 3, 1]), np.full(4, True))
    for row in range(3):
        with inbox.write() as writing:
            session = index.session(writing.ids)
            some = ids.take(np.array([row]))
            session.add(some, some.hashes, some.hashes, until=UNTIL)
            made = session.write(NOW)
        index.keep(made)

    with inbox.write() as writing:
        assert index.session(writing.ids).find(ids).times.tolist() == [1, 2, 3, -1]
