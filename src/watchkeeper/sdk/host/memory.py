"""The memory of the machine: ``/proc/meminfo``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from watchkeeper.sdk.host.source import Figures, integers, share

__all__ = ["Memory"]

_KIB = 1024


@dataclass(frozen=True, slots=True)
class Memory:
    """``memory_used_share`` (what programs could not get), ``memory_available_bytes``,
    ``swap_used_share``.
    """

    root: Path

    def read(self) -> Mapping[str, int]:
        """Read it now."""
        found = integers(self.root / "proc/meminfo")
        return {name: found[name] for name in ("MemTotal", "MemAvailable", "SwapTotal", "SwapFree")}

    def figures(self, before: Mapping[str, int], now: Mapping[str, int], seconds: float) -> Figures:
        """What was used between two readings."""
        del before, seconds
        total, available = now["MemTotal"], now["MemAvailable"]
        return {
            **share("memory_used_share", total - available, total),
            "memory_available_bytes": float(available * _KIB),
            **share("swap_used_share", now["SwapTotal"] - now["SwapFree"], now["SwapTotal"]),
        }
