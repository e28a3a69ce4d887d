"""Outliers: values so far out that no drift leads there, as a broken sensor or a sentinel gives.

The fences lie beyond everything the reference held, by half the width of its range on a grid of its
own (nearly linear around its median, logarithmic far from it): a record day is no outlier, 5,500
hPa is. Two questions, the smaller p-value counting twice: are there more values beyond the fences than
the reference, which has none, can explain; and is the farthest one farther than the tail of the
reference reaches (`watchkeeper.stats.extreme`)? What moves within the fences is drift's business.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from watchkeeper.domain.model import ColumnType, Model, MonitorSpec
from watchkeeper.domain.profile import NumericBinning, NumericProfile, WindowProfile
from watchkeeper.monitors.basis import Basis, column_basis, found_of
from watchkeeper.monitors.evidence import LONG_SHOT, Evidence, History, Series
from watchkeeper.monitors.quality.rates import Fault, Yardstick, judge_rate, watched
from watchkeeper.monitors.words import number
from watchkeeper.stats.extreme import Tail, tail
from watchkeeper.stats.grid import cell_high, cell_low, cell_of, pooled, value_of
from watchkeeper.stats.unit_change import Moments, likely_conversions

__all__ = ["outliers"]

_FENCE_PART = 0.5  # of the range of the reference, on the grid
_NARROWEST_FENCE = 0.5  # standard deviations of a column without outliers
_BEYOND_BELIEF = 1e-6
_MOST = 0.5  # share of the values far out from which they are asked for their unit
_NAMED = 2
_IQR = 1.349  # interquartile range of a normal distribution, in standard deviations
_LARGEST = float(np.finfo(np.float64).max) / 4.0
_WHAT = "outlier_rate"

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Usual:
    """The reference of one column: its fences (cells), its tails and its range."""

    low_cell: int
    high_cell: int
    fences: tuple[float, float]
    centre: float  # in z
    below: Tail | None
    above: Tail | None
    minimum: float
    maximum: float
    moments: Moments


def outliers(
    spec: MonitorSpec, model: Model, current: Sequence[WindowProfile], history: History
) -> Iterator[Evidence]:
    """The share of values beyond the fences of every numeric column."""
    for column in watched(model, spec):
        basis = column_basis(history, model.timezone, column.name)
        usual = _usual(basis, column.name) if column.type is ColumnType.NUMERIC else None
        if usual is None:
            continue
        tallies = _tallies(column.name, usual, (*basis.windows, *current))
        normal = basis.rate(found_of(tallies))
        if normal is None:
            continue
        low, high = (number(fence) for fence in usual.fences)
        fault = Fault(_WHAT, f"far outside the usual, beyond [{low}, {high}]")
        yardstick = Yardstick(fault, normal, basis, model.materiality)
        series = Series(spec.name, _WHAT, column=column.name)
        for profile in current:
            counted = tallies.get(id(profile))
            if counted is not None:
                found = judge_rate(yardstick, series, profile, counted)
                yield _with_unit(_with_extreme(found, profile, usual), profile, usual)


def _numeric(profile: WindowProfile, name: str) -> NumericProfile | None:
    found = profile.columns.get(name)
    return found if isinstance(found, NumericProfile) else None


def _tallies(
    name: str, usual: _Usual, profiles: Sequence[WindowProfile]
) -> dict[int, tuple[int, int]]:
    """(values beyond the fences, values) of every window that has the column, by its identity."""
    held = [(id(p), found) for p in profiles if (found := _numeric(p, name))]
    cells = np.concatenate([found.cells for _, found in held]) if held else np.empty(0)
    if not len(cells):
        return {key: (0, 0) for key, _ in held}
    counts = np.concatenate([found.counts for _, found in held])
    window = np.repeat(np.arange(len(held)), [len(found.cells) for _, found in held])
    beyond = (cells < usual.low_cell) | (cells > usual.high_cell)
    events, rows = (
        np.bincount(window, weights, len(held)).astype(np.int64).tolist()
        for weights in (counts * beyond, counts)
    )
    return dict(zip([key for key, _ in held], zip(events, rows, strict=True), strict=True))


def _usual(basis: Basis, name: str) -> _Usual | None:
    parts = [found for profile in basis.windows if (found := _numeric(profile, name))]
    parts = [part for part in parts if len(part.cells)]
    if not parts:
        return None
    cells, counts = pooled([part.cells for part in parts], [part.counts for part in parts])
    if len(cells) < 2:
        return None
    binning = parts[0].binning
    minimum = min(part.minimum for part in parts if part.minimum is not None)
    maximum = max(part.maximum for part in parts if part.maximum is not None)
    z = value_of(cells, 0.0, 1.0)
    # The ends are known exactly: what the reference held is found again where it lay.
    z[[0, -1]] = [_z(minimum, binning), _z(maximum, binning)]
    reached = np.cumsum(counts) / counts.sum()
    centre = float(z[np.searchsorted(reached, 0.5)])
    quarters = z[np.searchsorted(reached, [0.25, 0.75])]
    ends = cell_of(_fences(z[[0, -1]], centre, float(quarters[1] - quarters[0]) / _IQR), 0.0, 1.0)
    return _Usual(
        low_cell=int(ends[0]),
        high_cell=int(ends[1]),
        fences=(
            float(cell_low(ends[0], binning.center, binning.scale)),
            float(cell_high(ends[1], binning.center, binning.scale)),
        ),
        centre=centre,
        below=tail(centre - z, counts),
        above=tail(z - centre, counts),
        minimum=minimum,
        maximum=maximum,
        moments=_moments(parts),
    )


def _fences(ends: Floats, centre: float, scale: float) -> Floats:
    """Where the fences lie, of a range with these ends, median and standard deviation."""
    scale = scale if scale > 0.0 else 1.0
    place = np.arcsinh((ends - centre) / scale)
    margin = max(_FENCE_PART * float(place[1] - place[0]), _NARROWEST_FENCE)
    with np.errstate(over="ignore"):
        fences = centre + scale * np.sinh(place + np.array([-margin, margin]))
    return np.asarray(np.clip(fences, -_LARGEST, _LARGEST))


def _z(value: float, binning: NumericBinning) -> float:
    """In units of the grid; where that is more than a number can hold, the largest number."""
    return min(max((value - binning.center) / binning.scale, -_LARGEST), _LARGEST)


def _with_extreme(found: Evidence, profile: WindowProfile, usual: _Usual) -> Evidence:
    column = _numeric(profile, found.series.column or "")
    if found.p_value is None or column is None or column.minimum is None or column.maximum is None:
        return found
    far, p_extreme = _farthest(column, column.minimum, column.maximum, usual)
    p_extreme = p_extreme if found.effect["events"] else 1.0
    p_value = min(1.0, 2.0 * min(found.p_value, p_extreme))
    unbelievable = p_extreme < _BEYOND_BELIEF
    effect = {
        **found.effect,
        "p_value": p_value,
        "p_extreme": p_extreme,
        "farthest": far,
        "reference_minimum": usual.minimum,
        "reference_maximum": usual.maximum,
    }
    return replace(
        found,
        p_value=p_value,
        weight=LONG_SHOT,  # drift sees what outliers there are as a rule; this is for the absurd
        material=found.material or unbelievable,
        message=found.message + _beyond(far, usual),
        effect=effect,
    )


def _with_unit(found: Evidence, profile: WindowProfile, usual: _Usual) -> Evidence:
    """Where most values are far out: which change of unit would bring them there."""
    column = _numeric(profile, found.series.column or "")
    if column is None or found.value is None or found.value < _MOST:
        return found
    likely = likely_conversions(usual.moments, _moments([column]))
    if not likely:
        return found
    words = " or ".join(f"{c.before} to {c.now}" for c in likely[:_NAMED])
    first = likely[0]
    moved = f" and {number(first.offset)} more" if first.offset else ""
    times = f"{number(first.factor)} times what they were{moved}"
    return replace(
        found,
        message=f"{found.message}; they are {times}, as after a change of unit from {words}",
        effect={**found.effect, "unit_change": [first.factor, first.offset]},
    )


def _moments(parts: Sequence[NumericProfile]) -> Moments:
    """Mean and standard deviation of all values, on a common grid."""
    n = sum(int(part.counts.sum()) for part in parts)
    binning = parts[0].binning
    with np.errstate(over="ignore", invalid="ignore"):
        mean, square = (
            float(np.sum([getattr(part, name) for part in parts])) / max(n, 1)
            for name in ("sum_z", "sum_z2")
        )
        sd = float(np.sqrt(max(0.0, square - mean * mean)))
    return Moments(binning.center + binning.scale * mean, binning.scale * sd)


def _beyond(far: float, usual: _Usual) -> str:
    if far > usual.maximum:
        return f"; the largest is {number(far)}, before {number(usual.maximum)}"
    if far < usual.minimum:
        return f"; the smallest is {number(far)}, before {number(usual.minimum)}"
    return ""


def _farthest(
    column: NumericProfile, minimum: float, maximum: float, usual: _Usual
) -> tuple[float, float]:
    """The end of the window's range that is harder to believe, and how hard (a p-value)."""
    n = int(column.counts.sum())
    sides = []
    for value, fitted, sign in ((minimum, usual.below, -1.0), (maximum, usual.above, 1.0)):
        z = _z(value, column.binning)
        p = 1.0 if fitted is None else fitted.p_value(sign * (z - usual.centre), n)
        sides.append((min(1.0, 2.0 * p), -sign * z, value))
    p_value, _, value = min(sides)
    return value, p_value
