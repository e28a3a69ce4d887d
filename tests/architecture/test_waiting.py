"""Tests wait in one way, and for states: what holds it, and that it can fail."""

from __future__ import annotations

import re
import socket
import urllib.error
from pathlib import Path

import pytest

from ports import held_port
from waiting import StillNot, until

TESTS = Path(__file__).parents[1]
# Its own work is to wait, to pace a program's rows, or to be a slow server.
MAY_SLEEP = {
    "waiting.py",
    "faults/sink.py",
    "faults/writer.py",
    "faults/senders.py",
    "architecture/test_waiting.py",
}


def test_nobody_sleeps_or_counts_tries():
    """A sleep is too long here and too short on a busy machine; a deadline belongs to `until`."""
    forbidden = re.compile(
        r"\btime\.sleep\(|asyncio\.sleep\([^0)]|Event\(\)\.wait\(\d|def until\(found"
    )
    found = {
        path.relative_to(TESTS).as_posix()
        for path in TESTS.rglob("*.py")
        if forbidden.search(path.read_text(encoding="utf-8"))
    }

    assert found <= MAY_SLEEP


def test_what_is_not_there_yet_is_waited_for(tmp_path):
    """A file, a server: neither is an error before it is there."""
    looks = iter([FileNotFoundError(), ConnectionRefusedError(), 0, 7])

    def look():
        found = next(looks)
        if isinstance(found, Exception):
            raise found
        return found

    assert until(look, what="there is a number") == 7


def test_what_never_comes_is_told_with_what_was_there_instead():
    """And so is what was raised last."""
    with pytest.raises(StillNot, match="seven is there; what was seen last: 6"):
        until(lambda: 6, lambda found: found == 7, what="seven is there", seconds=0.0)

    def refused():
        raise urllib.error.URLError(ConnectionRefusedError("nobody listens"))

    with pytest.raises(StillNot, match="nobody listens"):
        until(refused, what="somebody listens", seconds=0.0)


def test_a_fault_is_not_waited_out():
    """Whatever else is raised is raised at once."""
    with pytest.raises(KeyError):
        until(lambda: {}["x"], what="x is there")


def test_a_held_port_is_for_whoever_is_told_it():
    """It can be listened on, again and again, and nobody else is given it between."""
    with held_port() as port:
        for _ in range(2):
            with socket.create_server(("127.0.0.1", port)):
                pass
        with socket.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind(("127.0.0.1", port))
