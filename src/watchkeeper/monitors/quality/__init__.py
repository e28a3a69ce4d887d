"""Data quality: whether what the model sees is still what it is meant to see.

Each check is a monitor of its own, one file each; the table is the order in which they run.
A specification runs all, or those that its option ``checks`` names.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from watchkeeper.domain.model import Model, MonitorSpec
from watchkeeper.domain.profile import WindowProfile
from watchkeeper.errors import InvalidDefinition
from watchkeeper.monitors.evidence import Evidence, History, Monitor
from watchkeeper.monitors.quality.bounds import bounds
from watchkeeper.monitors.quality.clocks import clocks
from watchkeeper.monitors.quality.constant import constant
from watchkeeper.monitors.quality.duplicates import duplicates
from watchkeeper.monitors.quality.gaps import gaps
from watchkeeper.monitors.quality.invalid import invalid
from watchkeeper.monitors.quality.missing import missing
from watchkeeper.monitors.quality.non_finite import non_finite
from watchkeeper.monitors.quality.outliers import outliers
from watchkeeper.monitors.quality.schema import schema
from watchkeeper.monitors.quality.timestamps import timestamps
from watchkeeper.monitors.quality.unseen import unseen
from watchkeeper.monitors.quality.volume import volume

__all__ = ["CHECKS", "checks_of", "quality"]

CHECKS: dict[str, Monitor] = {
    "schema": schema,
    "gaps": gaps,
    "clocks": clocks,
    "volume": volume,
    "missing": missing,
    "invalid": invalid,
    "non_finite": non_finite,
    "bounds": bounds,
    "outliers": outliers,
    "unseen": unseen,
    "constant": constant,
    "duplicates": duplicates,
    "timestamps": timestamps,
}


def checks_of(spec: MonitorSpec) -> tuple[Monitor, ...]:
    """The checks that a specification asks for; InvalidDefinition for an unknown name."""
    wanted = spec.options.get("checks", list(CHECKS))
    names = [str(name) for name in wanted] if isinstance(wanted, Sequence) else []
    unknown = sorted(set(names) - set(CHECKS))
    if unknown or isinstance(wanted, str) or not names:
        raise InvalidDefinition(
            f"option checks of monitor {spec.name!r} must list some of {list(CHECKS)}, got {wanted!r}"
        )
    return tuple(CHECKS[name] for name in names)


def quality(
    spec: MonitorSpec, model: Model, current: Sequence[WindowProfile], history: History
) -> Iterator[Evidence]:
    """Every check of ``spec``, one after the other."""
    for check in checks_of(spec):
        yield from check(spec, model, current, history)
