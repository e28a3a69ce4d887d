"""The spool."""

from __future__ import annotations

import os

import pytest

from watchkeeper.sdk.spool import Spool


@pytest.fixture
def spool(tmp_path):
    made = Spool(tmp_path / "spool", max_bytes=1000)
    yield made
    made.close()


def contents(spool):
    return b"".join(segment.read() for segment in spool.sealed())


def test_rows_come_out_as_they_went_in(spool):
    """A sealed segment holds the appended lines in order."""
    spool.append(b"one\n")
    spool.append(b"two\n")
    spool.seal()

    assert contents(spool) == b"one\ntwo\n"


def test_a_row_is_in_the_file_when_append_returns(spool):
    """Another reader of the disk sees the row at once: nothing waits in this process."""
    spool.append(b"one\n")

    (path,) = spool.root.glob("*/*.open")
    assert path.read_bytes() == b"one\n"


def test_a_full_spool_refuses_the_newest(spool):
    """Beyond its limit the spool says so and keeps what it has."""
    assert spool.append(b"x" * 999 + b"\n")

    assert not spool.append(b"y\n")
    spool.seal()
    assert contents(spool) == b"x" * 999 + b"\n"


def test_sent_rows_make_room(spool):
    """Forgetting a segment frees its bytes."""
    spool.append(b"x" * 999 + b"\n")
    spool.seal()

    spool.forget(*spool.sealed())

    assert spool.is_empty()
    assert spool.append(b"y\n")


def test_a_living_process_is_left_alone(spool):
    """The folder of a process that holds its lock is not taken over."""
    spool.append(b"one\n")
    other = Spool(spool.root, max_bytes=1000)

    other.adopt()

    assert other.sealed() == []
    other.close()


def test_the_rows_of_a_dead_process_are_taken_over(tmp_path):
    """An open segment without a living owner is sealed and keeps its identity for ever."""
    dead = Spool(tmp_path, max_bytes=1000)
    dead.append(b"one\nto")
    os.close(dead._held)  # what the operating system does when a process dies
    heir = Spool(tmp_path, max_bytes=1000)

    heir.adopt()

    (segment,) = heir.sealed()
    assert segment.read() == b"one\n"
    assert segment.identity == f"{dead._owner}-00000001"
    heir.forget(segment)
    assert not (tmp_path / dead._owner).exists()
    heir.close()
    os.close(dead._file)


def test_the_limit_counts_what_others_left(tmp_path):
    """What a dead process left counts against the limit of the next."""
    dead = Spool(tmp_path, max_bytes=1000)
    dead.append(b"x" * 999 + b"\n")
    dead.close()

    heir = Spool(tmp_path, max_bytes=1000)

    assert not heir.append(b"y\n")
    heir.close()


def test_an_empty_spool_leaves_nothing_behind(tmp_path):
    """Closing removes the folder that held nothing."""
    Spool(tmp_path, max_bytes=1000).close()

    assert list(tmp_path.iterdir()) == []


def test_a_write_that_was_cut_short_leaves_no_half_row(spool, monkeypatch):
    """On a full disk the part that was written is taken back and the error told."""
    spool.append(b"one\n")
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, line: write(file, line[:2]))

    with pytest.raises(OSError, match="disk is full"):
        spool.append(b"two\n")

    monkeypatch.undo()
    spool.append(b"three\n")
    spool.seal()
    assert contents(spool) == b"one\nthree\n"
