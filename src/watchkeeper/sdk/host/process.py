"""One process: ``/proc/<pid>``."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from watchkeeper.sdk.host.source import Figures, integers, rate, share, text_of

__all__ = ["Process", "ProcessReading"]

_UTIME, _STIME, _STARTED = 11, 12, 19  # after the name, whose brackets may hold anything
_KIB = 1024


@dataclass(frozen=True, slots=True)
class ProcessReading:
    """Seconds of processor time, bytes in memory, threads, open files and how many there may be;
    ``started`` tells a process from a later one of the same number.
    """

    started: int
    cpu_seconds: float
    memory: int
    threads: int
    files: int
    most_files: int | None


@dataclass(frozen=True, slots=True)
class Process:
    """``process_cpu_used_cores``, ``process_memory_bytes`` (resident), ``process_threads``,
    ``process_open_files`` and ``process_open_files_share`` (of its limit).
    """

    root: Path
    pid: str = "self"

    def read(self) -> ProcessReading:
        """Read it now."""
        folder = self.root / "proc" / self.pid
        fields = text_of(folder / "stat").rpartition(")")[2].split()
        status = integers(folder / "status")
        ticks = int(fields[_UTIME]) + int(fields[_STIME])
        return ProcessReading(
            started=int(fields[_STARTED]),
            cpu_seconds=ticks / os.sysconf("SC_CLK_TCK"),
            memory=status.get("VmRSS", 0) * _KIB,
            threads=status["Threads"],
            files=sum(1 for _ in (folder / "fd").iterdir()),
            most_files=_most_files(text_of(folder / "limits")),
        )

    def figures(self, before: ProcessReading, now: ProcessReading, seconds: float) -> Figures:
        """What was used between two readings."""
        same = before.started == now.started
        return {
            **(
                rate("process_cpu_used_cores", before.cpu_seconds, now.cpu_seconds, seconds)
                if same
                else {}
            ),
            "process_memory_bytes": float(now.memory),
            "process_threads": float(now.threads),
            "process_open_files": float(now.files),
            **share("process_open_files_share", now.files, now.most_files or 0),
        }


def _most_files(limits: str) -> int | None:
    line = next((line for line in limits.splitlines() if line.startswith("Max open files")), "")
    soft = line.removeprefix("Max open files").split()[:1]
    return int(soft[0]) if soft and soft[0].isdecimal() else None
