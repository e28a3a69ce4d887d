"""Clocks of clients: one that is a minute off puts rows into windows where they do not belong.

By the differences between receiving and sending (`watchkeeper.stats.clock_offset`). A client is
said to be ahead where the least offset that its differences allow is beyond the tolerance, and to
be behind where the greatest is: a slow network alone is no wrong clock.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from watchkeeper.domain.delays import LONGEST_SECONDS, WORTH_TELLING_SECONDS
from watchkeeper.domain.model import Model, MonitorSpec
from watchkeeper.domain.profile import ClientAccount, WindowProfile
from watchkeeper.domain.verdict import Severity, Status
from watchkeeper.errors import InvalidDefinition
from watchkeeper.monitors.evidence import Evidence, History, Series
from watchkeeper.monitors.words import duration
from watchkeeper.stats.clock_offset import clock_offset
from watchkeeper.stats.estimate import Estimate

__all__ = ["CLOCK_TOLERANCE", "clocks", "is_off", "tolerance_of"]

CLOCK_TOLERANCE = "clock_tolerance_seconds"
_TOLERANCE_SECONDS = 60.0
_NAMED = 3


def clocks(
    spec: MonitorSpec, _model: Model, current: Sequence[WindowProfile], _history: History
) -> Iterator[Evidence]:
    """The worst clock among the clients of every window; nothing where no client says its time.

    Option: ``clock_tolerance_seconds``, a minute.
    """
    tolerance = tolerance_of(spec)
    for profile in current:
        if profile.accounting is not None and profile.accounting.numbered:
            series = Series(spec.name, "clock_skew")
            yield _judged(series, profile, profile.accounting.clients, tolerance)


def tolerance_of(spec: MonitorSpec) -> float:
    """How far a clock may be off, in seconds; InvalidDefinition for what is no such number."""
    value = spec.options.get(CLOCK_TOLERANCE, _TOLERANCE_SECONDS)
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or not WORTH_TELLING_SECONDS <= value < math.inf
    ):
        raise InvalidDefinition(
            f"option {CLOCK_TOLERANCE} of monitor {spec.name!r} must be a number of at least "
            f"{WORTH_TELLING_SECONDS:g}, got {value!r}"
        )
    return float(value)


def is_off(offset: Estimate, tolerance: float) -> bool:
    """Whether a clock is surely further off than ``tolerance`` seconds."""
    if offset.low is None or offset.high is None:
        return False
    return offset.low > tolerance or offset.high < -tolerance


def _judged(
    series: Series, profile: WindowProfile, clients: Sequence[ClientAccount], tolerance: float
) -> Evidence:
    offsets = {
        client.name: clock_offset(client.delays, longest=LONGEST_SECONDS)
        for client in clients
        if client.delays
    }
    off = {name: offset for name, offset in offsets.items() if is_off(offset, tolerance)}
    worst = max(off.values() or offsets.values(), key=_size, default=Estimate.insufficient(0))
    named = (profile.id,) if profile.id else ()
    if not off:
        message = f"no client's clock is more than {duration(tolerance)} off"
        return Evidence(
            series,
            profile.window,
            Status.OK,
            message,
            n=worst.n,
            value=worst.value,
            low=worst.low,
            high=worst.high,
            profiles=named,
        )
    return Evidence(
        series,
        profile.window,
        Status.ALERT,
        _sentence(off),
        n=worst.n,
        value=worst.value,
        low=worst.low,
        high=worst.high,
        severity=Severity.WARNING,
        effect={"clients": len(off)},
        profiles=named,
    )


def _size(offset: Estimate) -> float:
    return abs(offset.value or 0.0)


def _sentence(off: dict[str, Estimate]) -> str:
    ordered = sorted(off, key=lambda name: (-_size(off[name]), name))
    said = [f"the clock of {name} is {_how_far(off[name])}" for name in ordered[:_NAMED]]
    if len(off) > _NAMED:
        said.append(f"so are those of {len(off) - _NAMED} other clients")
    return ", ".join(said)


def _how_far(offset: Estimate) -> str:
    value = offset.value or 0.0
    return f"{duration(abs(value))} {'ahead' if value > 0 else 'behind'}"
