"""Disks that are full, read-only or slow: nothing that was acknowledged is lost, and when the disk is
well again so is the server, without a restart.
"""

from __future__ import annotations

import shutil
import subprocess
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest
from checker import check
from place import Place
from writer import Journal, row

from waiting import PATIENCE_SECONDS, until

MIB = 2**20


@pytest.fixture
def disk(tmp_path):
    """Mounts a small file system of its own in memory: ``disk(folder, mib)``; again: resizes it."""
    mounted = []

    def mount(folder, mib, *, options="rw"):
        folder.mkdir(exist_ok=True)
        again = ["remount,"] if folder in mounted else []
        command = [
            "mount",
            "-t",
            "tmpfs",
            "-o",
            "".join([*again, f"{options},size={mib}m"]),
            "tmpfs",
        ]
        done = subprocess.run([*command, str(folder)], check=False, capture_output=True)
        if done.returncode:
            pytest.skip("needs leave to mount a file system, which this process has not")
        mounted.append(folder)

    yield mount
    for folder in set(mounted):
        subprocess.run(["umount", "-l", str(folder)], check=True)


class Sender:
    """Sends batches over a bare connection and keeps a journal of what was acknowledged."""

    def __init__(self, place):
        self.place = place
        self.journal = Journal(place.folder / "sender.journal")
        self.number = 0
        self.refused = {}

    def send(self, *, rows=200, width=0, batch=None):
        """One batch; its status. ``width`` pads every row with so many bytes."""
        self.number = batch or self.number + 1
        import random

        chance = random.Random(self.number)
        ids = [f"s{self.number}-{place}" for place in range(rows)]
        body = [
            {
                "loan": i,
                **row(chance),
                "score": chance.random(),
                "note": chance.randbytes(width // 2).hex(),
            }
            for i in ids
        ]
        self.journal.say("intent", "predictions", ids)
        status = self._post(body, f"s{self.number}")
        if status == 200:
            self.journal.say("taken", "predictions", ids)
        return status

    def _post(self, rows, name):
        import json

        request = urllib.request.Request(
            f"{self.place.url}/api/v1/models/loans/predictions",
            data=json.dumps({"rows": rows}).encode(),
            headers={
                "Authorization": f"Bearer {self.place.key}",
                "Content-Type": "application/json",
                "Idempotency-Key": name,
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            told = json.loads(error.read())["error"]
            self.refused = {"code": told["code"], "wait": error.headers.get("Retry-After")}
            return error.code

    def until_refused(self, **what):
        """Send until a batch is refused; the status and how many were taken before."""
        for taken in range(2_000):
            status = self.send(**what)
            if status != 200:
                return status, taken
        raise AssertionError("never refused")

    def settle(self):
        """Wait until all that was acknowledged is in the lake, once."""
        lake = self.place.lake / "loans" / "predictions"

        def look():
            return check(lake, self.place.journals, kind="predictions").problems

        until(look, lambda problems: problems == (), what="all is stored once")


@pytest.fixture
def open_place(tmp_path):
    """Starts a server with settings: ``open_place(lake=…, WATCHKEEPER_…=…)``."""
    made = []

    def start(**environment):
        place = Place(tmp_path, **environment)
        place.lake = place.home / "lake" if "WATCHKEEPER_LAKE" not in environment else None
        made.append(place)
        return place

    yield start
    for place in made:
        place.close()


def ready(place):
    """What the server says of itself to a load balancer."""
    try:
        with urllib.request.urlopen(f"{place.url}/readyz", timeout=PATIENCE_SECONDS) as answer:
            return answer.status == 200
    except urllib.error.HTTPError:
        return False


@pytest.mark.slow
def test_a_full_disk_refuses_and_recovers(tmp_path, disk, open_place):
    """Batches are refused with when to come again; with room again the same server takes them."""
    home = tmp_path / "home"
    disk(home, 40)
    place = open_place()
    sender = Sender(place)
    status, taken = sender.until_refused(width=2_000)

    assert (status, sender.refused) == (503, {"code": "unavailable", "wait": "1"})
    assert taken
    assert not ready(place)
    refused = sender.number
    disk(home, 400)
    until(
        lambda: sender.send(batch=refused, width=2_000),
        lambda status: status == 200,
        what="it is taken",
    )
    assert sender.send() == 200
    sender.settle()
    assert ready(place)


@pytest.mark.slow
def test_a_read_only_lake_holds_up_nothing_until_the_inbox_is_full(tmp_path, disk, open_place):
    """Acknowledging goes on, then senders are told to wait; with the lake back all is moved once."""
    lake = tmp_path / "lake"
    disk(lake, 64)
    place = open_place(WATCHKEEPER_LAKE=str(lake), WATCHKEEPER_MAX_INBOX_BYTES=str(MIB // 4))
    place.lake = lake
    sender = Sender(place)
    assert sender.send() == 200
    sender.settle()
    disk(lake, 64, options="ro")
    status, taken = sender.until_refused(width=200)

    assert (status, sender.refused) == (429, {"code": "rate_limited", "wait": "5"})
    assert taken
    disk(lake, 64)
    sender.settle()
    assert sender.send() == 200


SLOW = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>
int fdatasync(int fd) {
    static int (*real)(int);
    if (!real) real = dlsym(RTLD_NEXT, "fdatasync");
    if (access(getenv("SLOW_WHILE"), F_OK) == 0) sleep(1);
    return real(fd);
}
"""


@pytest.fixture
def slow_disk(tmp_path):
    """A library that makes every promise of the disk take a second more while the file
    ``SLOW_WHILE`` is there, to be loaded by a program.
    """
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("needs a C compiler for a slow disk, which is not installed here")
    (tmp_path / "slow.c").write_text(SLOW)
    library = tmp_path / "slow.so"
    command = [compiler, "-shared", "-fPIC", "-o", library, tmp_path / "slow.c", "-ldl"]
    subprocess.run(command, check=True)
    return library


@pytest.mark.slow
def test_on_a_slow_disk_senders_share_what_it_promises(tmp_path, open_place, slow_disk):
    """Sixteen batches that come together wait for a few commits, not for one each; none is lost."""
    slow = tmp_path / "slow"
    place = open_place(LD_PRELOAD=str(slow_disk), SLOW_WHILE=str(slow))
    senders = [Sender(place) for _ in range(16)]
    for number, sender in enumerate(senders):
        sender.number = 1_000 * number
    slow.touch()
    with ThreadPoolExecutor(len(senders)) as pool:
        done = list(pool.map(Sender.send, senders))
    slow.unlink()

    assert done == [200] * 16
    senders[0].settle()
    assert commits(place) < 16


def commits(place):
    """How many transactions took these batches in: each wrote its own run of ids."""
    import sqlite3

    with sqlite3.connect(f"file:{place.home / 'inbox.db'}?mode=ro", uri=True) as connection:
        (last,) = connection.execute("SELECT max(run) FROM id_runs").fetchone()
    return last
