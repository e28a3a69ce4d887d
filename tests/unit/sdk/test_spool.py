"""The spool."""

from __future__ import annotations

import errno
import marshal
import os
import shutil
import threading
from pathlib import Path

import pytest

from watchkeeper.sdk import segment
from watchkeeper.sdk.counters import Stream
from watchkeeper.sdk.frames import MAGIC, frames
from watchkeeper.sdk.shapes import Shape
from watchkeeper.sdk.spool import Limits, Spool

LIMITS = Limits(10_000, 1000.0)


@pytest.fixture(params=["mapped", "written"])
def kind(request, monkeypatch):
    """Both ways of writing a segment."""
    monkeypatch.setattr("watchkeeper.sdk.spool.can_map", lambda _: request.param == "mapped")
    return request.param


@pytest.fixture
def spool(tmp_path, kind):
    made = Spool(tmp_path / "spool", LIMITS)
    yield made
    made.close()


@pytest.fixture
def shape():
    return Shape(Stream("m", "predictions"), {}, ("x",))


def rows(spool):
    """The payloads of rows in the ready files, in order, with their numbers."""
    contents = [ready.path.read_bytes() for ready in spool.ready()]
    return [item for content in contents for item in frames(content) if item[0] > 0]


def test_rows_come_out_as_they_went_in(spool, shape):
    """A sealed segment holds the rows in order, numbered from 1."""
    assert [spool.append(shape, row) for row in (b"one", b"two")] == [None, None]
    spool.seal()

    assert rows(spool) == [(1, b"one"), (2, b"two")]
    assert shape.stream.spooled == 2


def test_a_row_is_in_the_file_when_append_returns(spool, shape):
    """Another reader of the disk sees the row at once: nothing waits in this process."""
    spool.append(shape, b"one")

    found = [list(frames(path.read_bytes())) for path in spool.root.glob("*/*.writing")]
    assert [item for items in found for item in items][-1] == (1, b"one")


def test_each_segment_says_what_its_rows_have_in_common(spool, shape):
    """A file can be read without any other."""
    spool.append(shape, b"one")
    spool.seal()
    spool.append(shape, b"two")
    spool.seal()

    for ready in spool.ready():
        number, payload = next(iter(frames(ready.path.read_bytes())))
        assert (number, marshal.loads(payload)) == (
            0,
            (shape.number, "m", "predictions", {}, ("x",)),
        )


def test_a_full_spool_refuses_the_newest(spool, shape):
    """Beyond its limit the spool says so and keeps what it has."""
    assert spool.append(shape, b"x" * 9_000) is None

    refusal = spool.append(shape, b"y" * 2_000)

    assert "10000 bytes wait already" in refusal
    spool.seal()
    assert rows(spool) == [(1, b"x" * 9_000)]


def test_a_full_spool_may_drop_the_oldest(tmp_path, kind, shape):
    """Where that is the policy, the oldest file makes room, and is left to be counted."""
    made = Spool(tmp_path, Limits(10_000, 1000.0, drop_oldest=True))
    for row in (b"a" * 4_000, b"b" * 4_000, b"c" * 4_000):
        assert made.append(shape, row) is None
        made.seal()

    assert rows(made) == [(2, b"b" * 4_000), (3, b"c" * 4_000)]
    (dropped,) = made.discarded()
    made.forget(dropped)
    assert made.discarded() == []
    made.close()


def test_what_is_being_sent_is_never_dropped(tmp_path, kind, shape):
    """The file in hand stays, even where it is the oldest."""
    made = Spool(tmp_path, Limits(10_000, 1000.0, drop_oldest=True))
    made.append(shape, b"a" * 6_000)
    made.seal()
    made.hold(*made.ready())

    assert "wait already" in made.append(shape, b"b" * 6_000)
    assert rows(made) == [(1, b"a" * 6_000)]
    made.close()


def test_sent_rows_make_room(spool, shape):
    """Forgetting a file frees its bytes."""
    spool.append(shape, b"x" * 9_000)
    spool.seal()

    spool.forget(*spool.ready())

    assert spool.is_empty()
    assert spool.append(shape, b"y" * 9_000) is None


def test_a_hundred_segments_leave_the_count_of_bytes_right(spool, shape):
    """Filling, sealing and forgetting over and over never fills the spool."""
    for _ in range(100):
        assert spool.append(shape, b"x" * 3_000) is None
        spool.seal()
        for ready in spool.ready():
            spool.forget(ready)


def test_rows_that_are_too_old_are_given_up(spool, shape):
    """What waited for longer than the limit is left to be counted, not sent."""
    spool.append(shape, b"one")
    spool.seal()
    (ready,) = spool.ready()
    os.utime(ready.path, (0, 0))

    spool.adopt()

    assert (rows(spool), len(spool.discarded()), spool.is_empty()) == ([], 1, True)


def test_a_living_process_is_left_alone(spool, shape):
    """The folder of a process that holds its lock is not taken over."""
    spool.append(shape, b"one")
    spool.seal()
    other = Spool(spool.root, LIMITS)

    other.adopt()

    assert other.ready() == []
    other.close()


def test_the_rows_of_a_dead_process_are_taken_over(tmp_path, kind, shape):
    """An open segment without a living owner is sealed and keeps its identity for ever."""
    dead = Spool(tmp_path, LIMITS)
    dead.append(shape, b"one")
    os.close(dead._shelf._held)  # what the operating system does when a process dies
    heir = Spool(tmp_path, LIMITS)

    heir.adopt()

    (ready,) = heir.ready()
    assert rows(heir) == [(1, b"one")]
    assert ready.identity == f"{dead.client_id}-00000001"
    heir.forget(ready)
    assert not (tmp_path / dead.client_id).exists()
    heir.close()


def test_the_files_of_the_version_before_are_taken_over(tmp_path):
    """Its open and its sealed file become files to send."""
    left = tmp_path / ("0" * 32)
    left.mkdir()
    (left / "lock").touch()
    (left / "00000001.sealed").write_bytes(b"one\n")
    (left / "00000002.open").write_bytes(b"two\n")
    heir = Spool(tmp_path, LIMITS)

    heir.adopt()

    assert [ready.path.read_bytes() for ready in heir.ready()] == [b"one\n", b"two\n"]
    heir.close()


def test_the_limit_counts_what_others_left(tmp_path, kind, shape):
    """What a dead process left counts against the limit of the next."""
    dead = Spool(tmp_path, LIMITS)
    dead.append(shape, b"x" * 9_000)
    dead.close()

    heir = Spool(tmp_path, LIMITS)

    assert heir.append(Shape(Stream("m", "labels"), {}, ()), b"y" * 1_000) is not None
    heir.close()


def test_an_empty_spool_leaves_nothing_behind(tmp_path):
    """Closing removes the folder that held nothing."""
    Spool(tmp_path, LIMITS).close()

    assert list(tmp_path.iterdir()) == []


def test_a_closed_spool_refuses(tmp_path, shape):
    """What comes after the end is not kept, and no file is made for it."""
    made = Spool(tmp_path, LIMITS)
    made.close()

    assert made.append(shape, b"one") == "the client is closed"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["written"], indirect=True)  # a mapped row is never cut short
def test_a_write_that_was_cut_short_leaves_no_half_row(spool, shape, monkeypatch):
    """On a full disk the part that was written is taken back and the row refused."""
    spool.append(shape, b"one")
    write = os.write
    monkeypatch.setattr(segment.os, "write", lambda file, data: write(file, data[:2]))

    assert "disk is full" in spool.append(shape, b"two")

    monkeypatch.undo()
    assert spool.append(shape, b"three") is None
    spool.seal()
    assert rows(spool) == [(1, b"one"), (2, b"three")]


def test_a_disk_without_room_refuses_and_is_not_asked_for_every_row(spool, shape, monkeypatch):
    """A segment that cannot be made, nor a smaller one, refuses rows for a second."""
    asked = []

    def no_room(path, capacity, *, mapped):
        asked.append(path)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("watchkeeper.sdk.spool.open_segment", no_room)

    refusals = {spool.append(shape, b"one") for _ in range(100)}

    assert len(asked) == 2
    assert all("No space left" in refusal for refusal in refusals)
    assert shape.stream.spooled == 0


def test_threads_share_the_numbers_without_a_hole(spool):
    """Rows of many threads are numbered once each, in the order of the file."""
    shapes = [Shape(Stream("m", "labels"), {}, ())] * 4

    def log(shape):
        for _ in range(50):
            spool.append(shape, b"row")

    threads = [threading.Thread(target=log, args=(shape,)) for shape in shapes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    spool.seal()

    assert [number for number, _ in rows(spool)] == list(range(1, 201))


def test_what_was_written_is_written_through_once(spool, shape, monkeypatch):
    """Rows reach the disk with the next sync, and what did not change is left alone."""
    synced = []
    monkeypatch.setattr("watchkeeper.sdk.spool.write_through", synced.append)

    spool.append(shape, b"one")
    spool.sync()
    spool.sync()

    (file, folder) = synced
    assert (file.suffix, folder) == (".writing", file.parent)


def test_a_segment_holds_nothing_but_its_rows_when_it_is_closed(spool, shape):
    """The room that was reserved and not used is given back."""
    spool.append(shape, b"one")
    spool.seal()

    (ready,) = spool.ready()
    assert ready.path.stat().st_size < 200
    assert ready.path.read_bytes().startswith(MAGIC)


def test_a_folder_that_was_deleted_is_made_again(spool, shape):
    """Rows that were in it are lost; later ones are kept, and numbered on."""
    spool.append(shape, b"one")
    spool.finish()  # as the keeper does: the next segment is open, too
    shutil.rmtree(spool.root)

    spool.finish()
    assert spool.append(shape, b"two") is None
    spool.seal()

    assert rows(spool) == [(2, b"two")]
    other = Spool(spool.root, LIMITS)
    other.adopt()
    assert other.ready() == []  # it is locked again
    other.close()


def test_spools_of_others_come_and_go_while_one_is_opened(tmp_path, monkeypatch):
    """Workers that start and end together share a folder: what vanishes as it is looked at is no
    reason not to log.
    """
    other = Spool(tmp_path, LIMITS)
    scandir = os.scandir

    def vanishing(path="."):
        if isinstance(path, Path) and path == other._shelf.folder:
            shutil.rmtree(path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", vanishing)
    made = Spool(tmp_path, LIMITS)

    assert not other._shelf.folder.exists()
    made.close()
