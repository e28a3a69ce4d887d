"""What is promised when `prediction` returns, whatever becomes of process, disk, net and server.

A program logs and writes down every id that it was given (`logs.py`); a server counts what comes
(`sink.py`). Each id that was given must come, and come once.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sink import listening

from ports import held_port
from waiting import PATIENCE_SECONDS, any_moment, until
from watchkeeper.sdk.client import Client, SpoolOptions

LOGS = Path(__file__).parent / "logs.py"


@pytest.fixture
def start(tmp_path):
    """Starts the program; ends it in any case."""
    made = []

    def started(how, url, rows, *, spool=tmp_path / "spool"):
        command = [sys.executable, LOGS, how, url, spool, tmp_path / "journal", rows]
        process = subprocess.Popen(
            list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        made.append(process)
        return process

    yield started
    for process in made:
        process.kill()
        process.communicate()


def given(tmp_path):
    """The ids that the program was given, but for one that was cut off as it was written down."""
    journal = tmp_path / "journal"
    return set(journal.read_text().split("\n")[:-1]) if journal.exists() else set()


def inherit(sink, wanted, spool):
    """Let another process's client send what is left, until all that is wanted came."""
    options = SpoolOptions(spool, interval_seconds=0.1)
    with Client(sink.url, "key", spool=options) as heir:
        heir.logger("m")
        until(lambda: wanted - sink.ids.keys(), is_empty, what="all that is wanted is sent")


def is_empty(found):
    return not found


def once(sink):
    return set(sink.ids.values()) <= {1}


@pytest.mark.parametrize("seed", range(4))
def test_kill_at_any_time(start, tmp_path, seed):
    """`kill -9` while four threads log: what was returned for comes, at most one row each more."""
    with listening() as sink:
        process = start("threads", sink.url, 100_000)
        until(lambda: len(given(tmp_path)), lambda rows: rows > 50, what="it logs")
        any_moment(0.0, 0.6, chance=random.Random(seed))
        process.kill()
        process.wait()
        inherit(sink, given(tmp_path), tmp_path / "spool")

    assert once(sink)
    assert len(sink.ids.keys() - given(tmp_path)) <= 4


def test_fork_under_load(start, tmp_path):
    """Parent and children send their own rows, each once, whether a child ends in order or not."""
    with listening() as sink:
        process = start("fork", sink.url, 400)
        _, errors = process.communicate(timeout=PATIENCE_SECONDS)
        assert (process.returncode, errors) == (0, "")
        inherit(sink, given(tmp_path), tmp_path / "spool")

    assert once(sink)
    assert len(sink.ids) == 8 * 400
    assert len({told["client_id"] for told in sink.told}) == 5


def test_workers_of_a_pool(start, tmp_path):
    """Rows of workers that their master ends without a word are sent all the same."""
    with listening() as sink:
        process = start("pool", sink.url, 300)
        _, errors = process.communicate(timeout=PATIENCE_SECONDS)
        assert (process.returncode, errors) == (0, "")
        inherit(sink, given(tmp_path), tmp_path / "spool")

    assert once(sink)
    assert len(sink.ids) == 7 * 300


def test_a_server_program_sends_all_before_it_ends(start, tmp_path):
    """SIGTERM of a program that exits in order: nothing is left for another one to send."""
    with listening() as sink:
        process = start("polite", sink.url, 2_000)
        process.stdout.readline()
        process.terminate()
        assert process.wait(PATIENCE_SECONDS) == 0

        assert sink.ids.keys() == given(tmp_path)
        assert sink.told[-1]["closed"] is True
        assert sink.told[-1]["counts"]["spooled"] == 2_000
    assert once(sink)
    assert not list((tmp_path / "spool").glob("*/*"))


def test_a_plain_program_loses_nothing_by_a_signal(start, tmp_path):
    """SIGTERM without a handler ends the program at once; the next one sends what it left."""
    with listening() as sink:
        process = start("plain", "http://127.0.0.1:9", 500)
        process.stdout.readline()
        process.terminate()
        assert process.wait(PATIENCE_SECONDS) == -signal.SIGTERM

        (left,) = (tmp_path / "spool").iterdir()
        moved = tmp_path / "spool" / folder_of(sink.url)
        left.rename(moved)
        inherit(sink, given(tmp_path), tmp_path / "spool")

    assert once(sink)
    assert len(sink.ids) == 500


def folder_of(url):
    """Where a client of that server keeps its rows."""
    import hashlib

    return hashlib.sha256(url.encode()).hexdigest()[:12]


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 256 KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("needs the right to mount a file system")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk(start, tmp_path, small_disk):
    """Rows for which there is no room are dropped and counted; the others come, each once."""
    process = start("full", "http://127.0.0.1:9", 20_000, spool=small_disk)
    said, _ = process.communicate(timeout=PATIENCE_SECONDS)
    spooled, dropped = map(int, said.split())
    assert spooled > 1_000
    assert dropped > 1_000

    with listening() as sink:
        (left,) = small_disk.iterdir()
        left.rename(small_disk / folder_of(sink.url))
        options = SpoolOptions(small_disk, interval_seconds=0.1)
        with Client(sink.url, "key", spool=options) as heir:
            heir.logger("m")
            until(lambda: len(sink.ids), lambda rows: rows >= spooled, what="all is sent")

    assert (len(sink.ids), once(sink)) == (spooled, True)
    assert sink.ids.keys() <= given(tmp_path)


def test_files_that_may_not_grow(start, tmp_path):
    """A limit on the length of files is lived with: every row is kept in shorter ones."""
    process = start("short", "http://127.0.0.1:9", 2_500)
    said, _ = process.communicate(timeout=PATIENCE_SECONDS)

    assert said.split() == ["2500", "0"]


def test_a_server_that_is_away_and_comes_back(start, tmp_path):
    """Rows wait while nothing listens, and come when something does."""
    with held_port() as port:
        process = start("polite", f"http://127.0.0.1:{port}", 1_000)
        process.stdout.readline()
        with listening(port) as sink:
            until(lambda: len(sink.ids), lambda rows: rows == 1_000, what="all is sent")
            process.terminate()
            assert process.wait(PATIENCE_SECONDS) == 0

    assert once(sink)
    assert sink.ids.keys() == given(tmp_path)


@pytest.mark.parametrize("fault", ["cut", "mute", "slow", "busy"])
def test_a_server_or_a_net_that_fails(start, tmp_path, fault):
    """Requests are reset in mid-body or after they were taken, delayed, refused: each row once."""
    with listening(faults=[fault, None, fault, fault]) as sink:
        process = start("polite", sink.url, 1_000)
        process.stdout.readline()
        until(lambda: len(sink.ids), lambda rows: rows == 1_000, what="all is sent")
        process.terminate()
        assert process.wait(PATIENCE_SECONDS) == 0

    assert once(sink)
    assert sink.ids.keys() == given(tmp_path)
