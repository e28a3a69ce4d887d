"""One process, from its files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from watchkeeper.sdk.host.process import Process

STATUS = "Name:\tx (y\nVmRSS:\t   2048 kB\nThreads:\t7\n"
LIMITS = "Limit  Soft Limit  Hard Limit  Units\nMax open files            {}                 9999 files\n"


def process(tree, ticks, started=500, most=8):
    """A process whose name is made to mislead."""
    zeros = "0 " * 10
    tree.write("proc/7/stat", f"7 (x) 9 (y) S {zeros}{ticks} {ticks} 0 0 20 0 7 0 {started} 1 1\n")
    tree.write("proc/7/status", STATUS)
    tree.write("proc/7/limits", LIMITS.format(most))
    for file in ("0", "1"):
        tree.write(f"proc/7/fd/{file}", "")


def test_a_process_is_read(tree, between):
    """Time of both kinds, resident memory, threads, and open files of those that it may open."""
    process(tree, 0)
    later = 5 * os.sysconf("SC_CLK_TCK")

    assert between(Process(tree.root, "7"), lambda: process(tree, later)) == {
        "process_cpu_used_cores": 1.0,
        "process_memory_bytes": 2048.0 * 1024,
        "process_threads": 7.0,
        "process_open_files": 2.0,
        "process_open_files_share": 0.25,
    }


def test_another_process_of_that_number_is_another(tree, between):
    """A number that was given again has no difference to what was before."""
    process(tree, 0)

    assert "process_cpu_used_cores" not in between(
        Process(tree.root, "7"), lambda: process(tree, 900, started=900)
    )


def test_without_a_limit_there_is_no_share(tree, between):
    """A process that may open any number has no share of it."""
    process(tree, 0, most="unlimited")

    assert "process_open_files_share" not in between(Process(tree.root, "7"), lambda: None)


def test_this_process_is_itself():
    """The real one has memory, threads and open files."""
    found = Process(Path("/")).read()

    assert found.memory > 1 << 20
    assert found.threads >= 1
    assert found.files >= 3


def test_a_process_that_is_gone_is_absent(tree):
    """The error is one of those that say so."""
    with pytest.raises(OSError, match="No such file"):
        Process(tree.root, "8").read()
