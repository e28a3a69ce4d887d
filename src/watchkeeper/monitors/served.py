"""What the model's own server counts: throughput, and the mean latency where it tells no more.

Both are judged on the log scale against the windows before: twice as slow is as much worse at 5 ms
as at 500, and traffic varies by a percentage. A count n varies by 1/n. Of a mean without its
spread nothing is known but how it varied before.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from watchkeeper.domain.model import MonitorSpec
from watchkeeper.domain.profile import WindowProfile
from watchkeeper.domain.verdict import Severity, Status
from watchkeeper.monitors.basis import Basis
from watchkeeper.monitors.evidence import Evidence, Series
from watchkeeper.monitors.words import number
from watchkeeper.stats.variation import Variation

__all__ = ["LEAST_COVERAGE", "told_by_server"]

LEAST_COVERAGE = 0.8  # of a window; of less its counts are no counts of the window
_CRITICAL = math.log(2.0)


@dataclass(frozen=True, slots=True)
class _Told:
    """One figure: its logarithm with the sampling variance, what it counts, and what is material."""

    what: str
    unit: str
    read: Callable[[WindowProfile], tuple[float, float] | None]
    material: float
    falls_too: bool  # whether a fall is as bad as a rise


def told_by_server(
    spec: MonitorSpec, measured: Sequence[WindowProfile], basis: Basis
) -> Iterator[Evidence]:
    """Judge what the server of the model told of windows; nothing where rows were counted."""
    asked = [p for p in measured if p.service is not None and p.service.elsewhere is not None]
    for told in _FIGURES:
        normal = basis.figure(told.read)
        series = Series(spec.name, told.what)
        for profile in asked:
            found = told.read(profile)
            if found is None:
                continue
            yield (
                _unknown(series, profile, told, found)
                if normal is None
                else _judge(series, profile, (told, found), (normal, basis))
            )


def _judge(
    series: Series,
    profile: WindowProfile,
    figure: tuple[_Told, tuple[float, float]],
    against: tuple[Variation, Basis],
) -> Evidence:
    (told, (logged, variance)), (normal, basis) = figure, against
    season = basis.seasons.of(profile.window)
    expected = normal.expected(season)[0]
    change, value = logged - expected, _value(told, profile, logged)
    p_value = normal.p_value(logged, variance, season)
    size = abs(change) if told.falls_too else change
    return Evidence(
        series=series,
        window=profile.window,
        status=Status.OK,
        message=(
            f"{told.what.replace('_', ' ')} {number(value)} {told.unit}, "
            f"{number(math.exp(expected))} before"
        ),
        n=_requests(profile),
        value=value,
        low=value,
        high=value,
        p_value=p_value,
        reference_p_values=normal.reference_p_values,
        material=size > told.material,
        severity=Severity.CRITICAL if size >= _CRITICAL else Severity.WARNING,
        effect={"reference": math.exp(expected), "p_value": p_value},
        profiles=(profile.id,) if profile.id else (),
    )


def _unknown(
    series: Series, profile: WindowProfile, told: _Told, found: tuple[float, float]
) -> Evidence:
    value = _value(told, profile, found[0])
    return Evidence(
        series=series,
        window=profile.window,
        status=Status.INSUFFICIENT_DATA,
        message=(
            f"{told.what.replace('_', ' ')} {number(value)} {told.unit}; fewer than four earlier "
            "windows to know what is normal"
        ),
        n=_requests(profile),
        value=value,
        low=value,
        high=value,
    )


def _value(told: _Told, profile: WindowProfile, logged: float) -> float:
    """The figure itself: of a count not what its logarithm was taken of, which is never 0."""
    return float(_requests(profile)) if told.read is _throughput else math.exp(logged)


def _requests(profile: WindowProfile) -> int:
    return 0 if profile.service is None else profile.service.requests


def _throughput(profile: WindowProfile) -> tuple[float, float] | None:
    held = profile.service
    if held is None or held.elsewhere is None:
        return None
    seen = held.requests + 0.5
    return math.log(seen), 1.0 / seen


def _mean(profile: WindowProfile) -> tuple[float, float] | None:
    held = profile.service.elsewhere if profile.service else None
    mean = None if held is None else held.mean_ms
    return None if mean is None or mean <= 0.0 else (math.log(mean), 0.0)


_FIGURES = (
    _Told("throughput", "requests", _throughput, math.log(1.25), falls_too=True),
    _Told("latency_mean", "ms", _mean, math.log(1.2), falls_too=False),
)
