"""The resources monitor: what a host or process runs out of, or uses otherwise than before.

It watches rows that are samples, as `watchkeeper.sdk.host` takes them: limits and the filling of
disks by rules outside the alarm budget, levels against the season within it.
"""

from __future__ import annotations

from watchkeeper.domain.model import MonitorSpec
from watchkeeper.monitors.evidence import Monitor
from watchkeeper.monitors.resources.filling import filling
from watchkeeper.monitors.resources.levels import levels
from watchkeeper.monitors.resources.limits import limits

__all__ = ["parts_of"]


def parts_of(spec: MonitorSpec) -> tuple[Monitor, ...]:
    """What the monitor consists of."""
    del spec
    return limits, filling, levels
