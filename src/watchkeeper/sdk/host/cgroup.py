"""The limits of the container or service that this process runs in: control groups, v1 and v2.

A limit may be set on the group itself or on any above it; the one that leaves least counts. Memory
in use is without the file cache that the kernel would give back first (``inactive_file``), as
container runtimes count it when they decide whom to kill.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from watchkeeper.sdk.host.source import Figures, integers, rate, share, text_of

__all__ = ["Cgroup", "CgroupReading"]

_NO_LIMIT = 1 << 60  # v1 writes "none" as a number close to 2⁶³
_MICROSECONDS, _NANOSECONDS = 1e6, 1e9


@dataclass(frozen=True, slots=True)
class CgroupReading:
    """Memory in use and its limit in bytes, processors (None: no limit), seconds of processor time,
    periods in which the group ran and in which it was throttled, kills for want of memory.
    """

    memory: int | None
    memory_limit: int | None
    cpu_limit: float | None
    cpu_seconds: float
    periods: int
    throttled: int
    kills: int


@dataclass(frozen=True, slots=True)
class Cgroup:
    """``cgroup_memory_used_bytes`` and ``_share`` (of the limit), ``cgroup_cpu_used_cores`` and
    ``_share`` (of the quota), ``cgroup_cpu_throttled_share`` (periods in which it had to wait),
    ``cgroup_out_of_memory_kills`` (since the sample before).
    """

    root: Path
    pid: str = "self"

    def read(self) -> CgroupReading:
        """Read it now."""
        groups = _groups(text_of(self.root / "proc" / self.pid / "cgroup"))
        mount = self.root / "sys/fs/cgroup"
        version = _V1 if "memory" in groups else _V2
        memory = _chain(mount / version.memory_mount, groups[version.memory_key])
        cpu = _chain(mount / version.cpu_mount, groups[version.cpu_key])
        return _read(version, memory, cpu)

    def figures(self, before: CgroupReading, now: CgroupReading, seconds: float) -> Figures:
        """What was used between two readings."""
        found = {**rate("cgroup_cpu_used_cores", before.cpu_seconds, now.cpu_seconds, seconds)}
        if now.memory is not None:
            found["cgroup_memory_used_bytes"] = float(now.memory)
            if now.memory_limit is not None:
                found |= share("cgroup_memory_used_share", now.memory, now.memory_limit)
        if now.cpu_limit is not None:
            throttled, periods = now.throttled - before.throttled, now.periods - before.periods
            found |= share("cgroup_cpu_throttled_share", throttled, periods)
            cores = found.get("cgroup_cpu_used_cores", 0.0)
            found |= share("cgroup_cpu_used_share", cores, now.cpu_limit)
        if seconds > 0.0 and now.kills >= before.kills:
            found["cgroup_out_of_memory_kills"] = float(now.kills - before.kills)
        return found


@dataclass(frozen=True, slots=True)
class _Version:
    """Where a version of control groups keeps what."""

    memory_key: str
    cpu_key: str
    memory_mount: str
    cpu_mount: str
    used: str
    limit: str
    cache: str
    kills: str


_V1 = _Version(
    "memory", "cpu", "memory", "cpu",
    "memory.usage_in_bytes", "memory.limit_in_bytes", "total_inactive_file", "memory.oom_control",
)  # fmt: skip
_V2 = _Version(
    "", "", "", "", "memory.current", "memory.max", "inactive_file", "memory.events"
)  # fmt: skip


def _groups(text: str) -> dict[str, str]:
    """The path of the group by controller; ``""`` is the unified hierarchy of v2."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        _, controllers, path = line.split(":", 2)
        found.update(dict.fromkeys(controllers.split(","), path))
    return found


def _chain(mount: Path, path: str) -> list[Path]:
    """The directories of the group and of those above it, innermost first.

    In a container the path may be the host's, of which only the mount itself can be seen.
    """
    below = mount / path.lstrip("/")
    inside = [folder for folder in (below, *below.parents) if folder.is_relative_to(mount)]
    found = [folder for folder in inside if folder.is_dir()]
    if not found:
        raise FileNotFoundError(f"control groups are not mounted at {mount}")
    return found


def _read(version: _Version, memory: list[Path], cpu: list[Path]) -> CgroupReading:
    levels = [_memory(version, folder) for folder in memory]
    held = [(used, limit) for used, limit in levels if used is not None]
    limited = [(used, limit) for used, limit in held if limit is not None]
    used, limit = max(limited, key=lambda level: level[0] / level[1], default=(None, None))
    quotas = [(quota, folder) for folder in cpu if (quota := _quota(folder)) is not None]
    cores, group = min(quotas, key=lambda quota: quota[0], default=(None, cpu[0]))
    ran = integers(group / "cpu.stat")
    return CgroupReading(
        memory=used if limit is not None else held[0][0] if held else None,
        memory_limit=limit,
        cpu_limit=cores,
        cpu_seconds=_cpu_seconds(cpu[0]),
        periods=ran.get("nr_periods", 0),
        throttled=ran.get("nr_throttled", 0),
        kills=_optional(memory[0] / version.kills).get("oom_kill", 0),
    )


def _memory(version: _Version, folder: Path) -> tuple[int | None, int | None]:
    """Bytes in use and the limit of one group; None where it has no account, or no limit."""
    if not (folder / version.used).exists():  # the root of v2
        return None, None
    cache = _optional(folder / "memory.stat").get(version.cache, 0)
    used = max(0, int(text_of(folder / version.used)) - cache)
    limit = text_of(folder / version.limit)
    unlimited = not limit.isdecimal() or not 0 < int(limit) < _NO_LIMIT
    return used, None if unlimited else int(limit)


def _quota(folder: Path) -> float | None:
    """How many processors a group may use at a time; None: all."""
    if (folder / "cpu.max").exists():
        quota, period = text_of(folder / "cpu.max").split()
    elif (folder / "cpu.cfs_quota_us").exists():
        quota = text_of(folder / "cpu.cfs_quota_us")
        period = text_of(folder / "cpu.cfs_period_us")
    else:
        return None
    return int(quota) / int(period) if quota.isdecimal() else None


def _cpu_seconds(folder: Path) -> float:
    """Processor time of a group; v1 counts it beside the quotas."""
    ran = integers(folder / "cpu.stat")
    if "usage_usec" in ran:
        return ran["usage_usec"] / _MICROSECONDS
    for account in (folder, Path(str(folder).replace("/cgroup/cpu", "/cgroup/cpuacct", 1))):
        if (account / "cpuacct.usage").exists():
            return int(text_of(account / "cpuacct.usage")) / _NANOSECONDS
    raise FileNotFoundError(f"no account of processor time in {folder}")


def _optional(path: Path) -> dict[str, int]:
    return integers(path) if path.exists() else {}
