"""Static thresholds: a figure above or below what its owner allows, outside the alarm budget.

::

    - {name: latency, type: static, options: {figure: latency_p95, above: 250}, severity: critical}
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from watchkeeper.domain.model import Model, MonitorSpec
from watchkeeper.domain.profile import WindowProfile
from watchkeeper.domain.verdict import Status
from watchkeeper.errors import InvalidDefinition
from watchkeeper.monitors.evidence import Evidence, History
from watchkeeper.monitors.rule import Reader, option_number, readers_of, shown
from watchkeeper.monitors.words import number

__all__ = ["static", "within"]


def static(
    spec: MonitorSpec, model: Model, current: Sequence[WindowProfile], history: History
) -> Iterator[Evidence]:
    """Whether ``figure`` lies above ``above`` or below ``below``, in every window."""
    for reader in readers_of(spec, model, windows=(current, history)):
        yield from within(reader, current)


def within(reader: Reader, current: Sequence[WindowProfile]) -> Iterator[Evidence]:
    """Hold one figure against the thresholds of its specification."""
    spec = reader.spec
    above, below = option_number(spec, "above"), option_number(spec, "below")
    if above is None and below is None:
        raise InvalidDefinition(
            f"monitor {spec.name!r} needs the option above or below (or both), got neither"
        )
    for profile in current:
        found = shown(reader, profile, reader.read(profile))
        yield found if found.value is None else _held(found, found.value, above, below)


def _held(found: Evidence, value: float, above: float | None, below: float | None) -> Evidence:
    limits = {"above": above, "below": below}
    effect = {name: limit for name, limit in limits.items() if limit is not None}
    if above is not None and value > above:
        crossed = f", above the threshold {number(above)}"
    elif below is not None and value < below:
        crossed = f", below the threshold {number(below)}"
    else:
        return replace(found, effect=effect)
    return replace(found, status=Status.ALERT, message=found.message + crossed, effect=effect)
