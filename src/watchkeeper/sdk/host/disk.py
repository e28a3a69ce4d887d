"""Disks: how full the file systems are, and what goes through the devices (``/proc/diskstats``)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from watchkeeper.sdk.host.source import Figures, rate, share, text_of

__all__ = ["Disk", "DiskReading"]

_SECTOR_BYTES = 512  # whatever the device's own are
_MILLISECONDS = 1000.0


@dataclass(frozen=True, slots=True)
class DiskReading:
    """Bytes in use and free of the fullest file system; by device bytes read and written, and
    milliseconds in which it was busy, since the machine was started.
    """

    used: int
    free: int
    devices: Mapping[str, tuple[int, int, int]]


@dataclass(frozen=True, slots=True)
class Disk:
    """``disk_used_share`` and ``disk_free_bytes`` of the fullest of the file systems that hold
    ``paths``; ``disk_read_bytes_per_second``, ``disk_written_bytes_per_second`` of all devices,
    ``disk_busy_share`` of the busiest.

    Free is what programs without privileges can still write.
    """

    root: Path
    paths: tuple[Path, ...]

    def read(self) -> DiskReading:
        """Read it now."""
        spaces = [_space(path) for path in self.paths]
        used, free = max(spaces, key=lambda space: space[0] / max(1, sum(space)))
        return DiskReading(used, free, self._devices())

    def figures(self, before: DiskReading, now: DiskReading, seconds: float) -> Figures:
        """What was used between two readings."""
        kept = {name: before.devices[name] for name in now.devices if name in before.devices}
        old = [sum(device[at] for device in kept.values()) for at in (0, 1)]
        new = [sum(now.devices[name][at] for name in kept) for at in (0, 1)]
        busy = max((now.devices[name][2] - kept[name][2] for name in kept), default=0)
        return {
            **share("disk_used_share", now.used, now.used + now.free),
            "disk_free_bytes": float(now.free),
            **rate("disk_read_bytes_per_second", old[0], new[0], seconds),
            **rate("disk_written_bytes_per_second", old[1], new[1], seconds),
            **share("disk_busy_share", busy / _MILLISECONDS, seconds if kept else 0.0),
        }

    def _devices(self) -> dict[str, tuple[int, int, int]]:
        """Whole devices only: partitions and layers above would count everything again."""
        whole = self.root / "sys/block"
        found: dict[str, tuple[int, int, int]] = {}
        for line in text_of(self.root / "proc/diskstats").splitlines():
            _, _, name, *fields = line.split()
            layered = name.startswith(("loop", "ram", "zram", "dm-", "md"))
            if not layered and (whole / name).exists() and len(fields) >= 10:
                read, written, busy = int(fields[2]), int(fields[6]), int(fields[9])
                found[name] = (read * _SECTOR_BYTES, written * _SECTOR_BYTES, busy)
        return found


def _space(path: Path) -> tuple[int, int]:
    found = os.statvfs(path)
    return (found.f_blocks - found.f_bfree) * found.f_frsize, found.f_bavail * found.f_frsize
