"""The processors of the machine: ``/proc/stat`` and ``/proc/loadavg``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from watchkeeper.sdk.host.source import Figures, share, text_of

__all__ = ["Cpu", "CpuReading"]

_IDLE, _WAIT, _STOLEN, _KNOWN = 3, 4, 7, 8


@dataclass(frozen=True, slots=True)
class CpuReading:
    """Ticks since the machine was started, the processors, and how many tasks want one."""

    total: int
    idle: int
    wait: int
    stolen: int
    count: int
    load: float


@dataclass(frozen=True, slots=True)
class Cpu:
    """``cpu_used_share``, ``cpu_wait_share`` (idle for the disk), ``cpu_stolen_share`` (taken by
    other machines of the same host), ``load_per_cpu`` (tasks that run or wait, over a minute).
    """

    root: Path

    def read(self) -> CpuReading:
        """Read it now."""
        lines = text_of(self.root / "proc/stat").splitlines()
        ticks = [int(number) for number in lines[0].split()[1 : _KNOWN + 1]]
        ticks += [0] * (_KNOWN - len(ticks))
        return CpuReading(
            total=sum(ticks),  # what guests use is counted in user time already
            idle=ticks[_IDLE],
            wait=ticks[_WAIT],
            stolen=ticks[_STOLEN],
            count=sum(line.startswith("cpu") for line in lines) - 1,
            load=float(text_of(self.root / "proc/loadavg").split()[0]),
        )

    def figures(self, before: CpuReading, now: CpuReading, seconds: float) -> Figures:
        """What was used between two readings."""
        del seconds  # the kernel counts its own time
        whole = now.total - before.total
        unused = now.idle - before.idle + now.wait - before.wait
        return {
            **share("cpu_used_share", whole - unused, whole),
            **share("cpu_wait_share", now.wait - before.wait, whole),
            **share("cpu_stolen_share", now.stolen - before.stolen, whole),
            "load_per_cpu": now.load / max(1, now.count),
        }
