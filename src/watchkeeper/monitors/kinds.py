"""The kinds of monitor, all on one screen. Each is a tuple of pure functions that run apart, so
that one that raises takes none of the others with it.
"""

from __future__ import annotations

from watchkeeper.domain.model import MonitorSpec
from watchkeeper.errors import InvalidDefinition
from watchkeeper.monitors.custom import custom
from watchkeeper.monitors.deviation import deviation
from watchkeeper.monitors.drift import drift
from watchkeeper.monitors.evidence import Monitor
from watchkeeper.monitors.performance import performance
from watchkeeper.monitors.quality import checks_of
from watchkeeper.monitors.service import service
from watchkeeper.monitors.static import static

__all__ = ["KINDS", "functions_of"]

KINDS: dict[str, Monitor] = {
    "drift": drift,
    "performance": performance,
    "service": service,
    "static": static,
    "deviation": deviation,
    "custom": custom,
}


def functions_of(spec: MonitorSpec) -> tuple[Monitor, ...]:
    """What a specification runs; InvalidDefinition for an unknown kind."""
    if spec.kind == "quality":
        return checks_of(spec)
    found = KINDS.get(spec.kind)
    if found is None:
        raise InvalidDefinition(
            f"the kind of monitor {spec.name!r} must be one of {['quality', *KINDS]}, got {spec.kind!r}"
        )
    return (found,)
