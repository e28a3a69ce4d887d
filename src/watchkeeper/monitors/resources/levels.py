"""Levels: a resource that is used otherwise than in the same season before, within the budget.

The figure is the mean of a window's samples: shares as they are, everything else on the scale
ln(1 + x), where a change is a ratio. Samples that follow each other are alike, so their number says
little of how sure the mean is; how much windows differ is learnt from the windows before.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from watchkeeper.domain.model import ColumnType, Model, MonitorSpec, Role
from watchkeeper.domain.profile import NumericProfile, WindowProfile
from watchkeeper.domain.verdict import Severity, Status
from watchkeeper.monitors.basis import column_basis
from watchkeeper.monitors.evidence import Evidence, History, Series
from watchkeeper.monitors.resources.limits import shown
from watchkeeper.stats.variation import Variation

__all__ = ["levels"]

_Z95 = 1.959963984540054
_MATERIAL_SHARE, _MATERIAL_RATIO = 0.1, math.log(1.5)


@dataclass(frozen=True, slots=True)
class _Scale:
    """On which changes of a column are judged."""

    column: str

    @property
    def is_share(self) -> bool:
        return self.column.endswith("_share")

    def of(self, value: float) -> float:
        return value if self.is_share else math.log1p(max(0.0, value))

    def back(self, value: float) -> float:
        return value if self.is_share else math.expm1(value)

    def figure(self, profile: WindowProfile) -> tuple[float, float] | None:
        """The mean of a window on this scale and its sampling variance."""
        held = profile.columns.get(self.column)
        if not isinstance(held, NumericProfile) or not held.counts.any():
            return None
        n = int(held.counts.sum())
        mean_z = held.sum_z / n
        mean = held.binning.center + held.binning.scale * mean_z
        variance = held.binning.scale**2 * max(0.0, held.sum_z2 / n - mean_z**2) / n
        slope = 1.0 if self.is_share else 1.0 / (1.0 + max(0.0, mean))
        return self.of(mean), variance * slope**2

    @property
    def material(self) -> float:
        return _MATERIAL_SHARE if self.is_share else _MATERIAL_RATIO


def levels(
    spec: MonitorSpec, model: Model, current: Sequence[WindowProfile], history: History
) -> Iterator[Evidence]:
    """The mean of every watched resource, against what it was in the same season."""
    for column in model.with_role(Role.FEATURE):
        if column.type is ColumnType.NUMERIC and (not spec.columns or column.name in spec.columns):
            yield from _level(
                Series(spec.name, "level", column=column.name), model, current, history
            )


def _level(
    series: Series, model: Model, current: Sequence[WindowProfile], history: History
) -> Iterator[Evidence]:
    scale = _Scale(str(series.column))
    judged = [(profile, found) for profile in current if (found := scale.figure(profile))]
    if not judged:
        return
    basis = column_basis(history, model.timezone, scale.column)
    normal = basis.figure(scale.figure)
    for profile, figure in judged:
        if normal is None:
            yield _unknown(series, profile, scale, figure)
        else:
            season = basis.seasons.of(profile.window)
            yield _judged(series, profile, scale, figure, normal=normal, season=season)


def _judged(
    series: Series,
    profile: WindowProfile,
    scale: _Scale,
    figure: tuple[float, float],
    *,
    normal: Variation,
    season: int,
) -> Evidence:
    value, variance = figure
    expected = normal.expected(season)[0]
    p_value = normal.p_value(value, variance, season)
    half = _Z95 * math.sqrt(variance)
    sure = max(value - half - expected, expected - value - half)
    now, before = scale.back(value), scale.back(expected)
    return Evidence(
        series=series,
        window=profile.window,
        status=Status.OK,
        message=f"{_said(scale, now)}, {shown(scale.column, before)} at such a time before",
        n=_samples(profile, scale),
        value=now,
        low=scale.back(value - half),
        high=scale.back(value + half),
        p_value=p_value,
        reference_p_values=normal.reference_p_values,
        material=sure > scale.material,
        severity=Severity.WARNING,
        effect={"reference": before, "p_value": p_value},
        profiles=(profile.id,) if profile.id else (),
    )


def _unknown(
    series: Series, profile: WindowProfile, scale: _Scale, figure: tuple[float, float]
) -> Evidence:
    value, half = figure[0], _Z95 * math.sqrt(figure[1])
    few = "fewer than four earlier windows to know what is normal"
    return Evidence(
        series=series,
        window=profile.window,
        status=Status.INSUFFICIENT_DATA,
        message=f"{_said(scale, scale.back(value))}; {few}",
        n=_samples(profile, scale),
        value=scale.back(value),
        low=scale.back(value - half),
        high=scale.back(value + half),
    )


def _samples(profile: WindowProfile, scale: _Scale) -> int:
    held = profile.columns[scale.column]
    return int(held.counts.sum()) if isinstance(held, NumericProfile) else 0


def _said(scale: _Scale, value: float) -> str:
    name = scale.column.removesuffix("_share").replace("_", " ")
    return f"{name} {shown(scale.column, value)} on average"
