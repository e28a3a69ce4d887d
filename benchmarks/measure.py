"""Runs a command as a whole process and tells what it cost: wall, CPU, peak memory."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Cost:
    """Seconds of wall clock and of CPU (user + system), and peak resident memory in MB."""

    wall: float
    cpu: float
    rss_mb: float
    output: str


def run(command: Sequence[str | Path], *, allowed: Sequence[int] = (0,)) -> Cost:
    """Run once; raises where the exit status is not one of ``allowed``."""
    started = time.perf_counter()
    process = subprocess.Popen(
        [str(part) for part in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - started
    if process.returncode not in allowed:
        raise RuntimeError(f"{command[0]} ended with {process.returncode}:\n{output[-2000:]}")
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, output)


def best_of(times: int, command: Sequence[str | Path], *, allowed: Sequence[int] = (0,)) -> Cost:
    """The run with the least wall clock: the machine is shared, and noise only ever adds."""
    return min((run(command, allowed=allowed) for _ in range(times)), key=lambda cost: cost.wall)
