"""Writers in processes of their own, in a folder and on a real S3 server: nothing lost or doubled."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys

import pytest

from waiting import any_moment, until
from watchkeeper.lake import LakeTable

_WRITER = """
import json, sys
from datetime import UTC, datetime
import pyarrow as pa
from watchkeeper.lake import Lake, LakeTable

root, options, name, first, last = json.loads(sys.argv[1])
lake, noon = Lake(root, options), datetime(2013, 3, 1, 12, tzinfo=UTC)
for number in range(first, last):
    rows = pa.table({
        "_wk_id": [f"{name}-{number}-{place}" for place in range(3)],
        "_wk_time": pa.array([noon] * 3, pa.timestamp("us", "UTC")),
        "_wk_known_at": pa.array([noon] * 3, pa.timestamp("us", "UTC")),
        "_wk_day": [noon.date()] * 3,
    })
    lake.append("m", LakeTable.PREDICTIONS, rows, app_id=name, sequence=number + 1)
    print(number, flush=True)
"""


def start(shelf, name, numbers):
    """A process that appends three rows for each number, and tells each number when it is done."""
    options = shelf.lake.options and dict(shelf.lake.options)
    asked = json.dumps([shelf.lake.root, options, name, numbers.start, numbers.stop])
    return subprocess.Popen(
        [sys.executable, "-c", _WRITER, asked], stdout=subprocess.PIPE, text=True
    )


@pytest.mark.slow
def test_writers_at_once(shelf):
    """Four of them, and one that repeats another's writes, beside one that merges files."""
    names = ("a", "b", "c", "d", "d")
    writers = [start(shelf, name, range(6)) for name in names]
    care = shelf.lake.care("m", LakeTable.PREDICTIONS)

    def tidy():
        for place in care.crowded(min_files=4):
            care.merge(place)
        return all(writer.poll() is not None for writer in writers)

    until(tidy, what="all have written")
    for writer in writers:
        assert writer.wait() == 0
        writer.stdout.close()

    wanted = [f"{name}-{n}-{place}" for name in set(names) for n in range(6) for place in range(3)]
    assert shelf.ids() == sorted(wanted)


@pytest.mark.slow
def test_a_writer_that_is_killed_and_comes_again(shelf):
    """Killed at any moment, and started anew from the first: each row is there once."""
    done = 0
    for _ in range(3):
        writer = start(shelf, "a", range(12))
        for line in writer.stdout:
            if int(line) >= done:
                done += 2
                break
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
    last = start(shelf, "a", range(12))
    assert last.wait() == 0
    last.stdout.close()

    assert shelf.ids() == sorted(f"a-{n}-{place}" for n in range(12) for place in range(3))


_CARER = """
import json, sys
from datetime import UTC, date, datetime
from watchkeeper.lake import Lake, LakeTable

root, options = json.loads(sys.argv[1])
care = Lake(root, options).care("m", LakeTable.PREDICTIONS)
print("begun", flush=True)
while True:
    for place in care.crowded(min_files=2):
        care.merge(place)
    for place in care.finished(before=date(2030, 1, 1)):
        care.order(place, "_wk_time")
    care.forget(datetime(2012, 1, 1, tzinfo=UTC))
    care.vacuum(hours=1)
"""


@pytest.mark.slow
def test_care_that_is_killed_again_and_again(shelf):
    """`kill -9` in the middle of merging, sorting and sweeping, beside a writer: no row is lost."""
    asked = json.dumps([shelf.lake.root, shelf.lake.options and dict(shelf.lake.options)])
    writer = start(shelf, "a", range(20))
    for number in range(4):
        carer = subprocess.Popen(
            [sys.executable, "-c", _CARER, asked], stdout=subprocess.PIPE, text=True
        )
        assert carer.stdout.readline() == "begun\n"
        any_moment(0.1, 0.5, chance=random.Random(number))
        carer.send_signal(signal.SIGKILL)
        carer.wait()
        carer.stdout.close()
    assert writer.wait() == 0
    writer.stdout.close()

    assert shelf.ids() == sorted(f"a-{n}-{place}" for n in range(20) for place in range(3))
