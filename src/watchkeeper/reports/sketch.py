"""A small picture of a column: reference against current, and what both are in a few figures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from watchkeeper.domain.model import Column, Model
from watchkeeper.domain.profile import (
    CategoricalProfile,
    ColumnProfile,
    NumericProfile,
    WindowProfile,
)
from watchkeeper.monitors.words import number, share
from watchkeeper.stats.grid import value_of

__all__ = ["Bar", "Sketch", "sketches_of"]

_BARS = 24
_CATEGORIES = 8
_TRIM = 0.005  # of the reference that may lie outside the picture on each side


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of both pictures: shares in [0, 1] of the values that are there."""

    label: str
    reference: float
    current: float


@dataclass(frozen=True, slots=True)
class Sketch:
    """A column in a picture and in words: ``measure`` (the mean, or the share of the value that
    was most frequent in the reference) ``then`` and ``now``.
    """

    column: Column
    bars: tuple[Bar, ...]
    measure: str
    then: str
    now: str
    missing_then: float
    missing_now: float


def sketches_of(
    model: Model, reference: WindowProfile, current: WindowProfile
) -> tuple[Sketch, ...]:
    """A sketch of every column that both tables hold, in the order of the definition."""
    return tuple(
        _sketch(column, reference.columns[column.name], current.columns[column.name])
        for column in model.columns
        if column.name in reference.columns and column.name in current.columns
    )


def _sketch(column: Column, then: ColumnProfile, now: ColumnProfile) -> Sketch:
    bars: tuple[Bar, ...] = ()
    words = "", "", ""
    if isinstance(then, NumericProfile) and isinstance(now, NumericProfile):
        bars, words = _numeric_bars(then, now), ("mean", _mean(then), _mean(now))
    elif isinstance(then, CategoricalProfile) and isinstance(now, CategoricalProfile):
        bars, words = _category_bars(then, now), _top(then, now)
    return Sketch(column, bars, *words, _missing(then), _missing(now))


def _missing(profile: ColumnProfile) -> float:
    return profile.null / profile.n if profile.n else 0.0


def _mean(profile: NumericProfile) -> str:
    n = int(profile.counts.sum())
    if not n:
        return "no values"
    mean = profile.binning.center + profile.binning.scale * (profile.sum_z / n)
    return number(mean) if math.isfinite(mean) else "too large"


def _top(then: CategoricalProfile, now: CategoricalProfile) -> tuple[str, str, str]:
    """The most frequent value of the reference, and its share then and now."""
    if not then.counts.sum():
        return "no values", "", ""
    at = int(np.argmax(then.counts))
    shares = [
        share(int(profile.counts[at]) / max(1, profile.n - profile.null)) for profile in (then, now)
    ]
    return _short(then.binning.values[at]), shares[0], shares[1]


def _numeric_bars(then: NumericProfile, now: NumericProfile) -> tuple[Bar, ...]:
    if not len(then.cells):
        return ()
    edges = _edges(then)
    if not np.isfinite(edges).all() or not math.isfinite(edges[-1] - edges[0]):
        return ()  # near the largest double there is no scale to draw on
    heights = [_heights(profile, edges) for profile in (then, now)]
    labels = [f"{number(low)} to {number(high)}" for low, high in pairwise(edges)]
    return tuple(map(Bar, labels, *heights))


def _edges(profile: NumericProfile) -> list[float]:
    """Equal steps over the middle 99 % of the reference, on the grid's own scale where that is
    far from straight: a long tail would leave one bar otherwise.
    """
    reached = np.cumsum(profile.counts) / profile.counts.sum()
    place = np.minimum(np.searchsorted(reached, [_TRIM, 0.5, 1.0 - _TRIM]), len(reached) - 1)
    low, middle, high = (int(cell) for cell in profile.cells[place])
    binning = profile.binning
    ends = value_of([low - 0.5, middle, high + 0.5], binning.center, binning.scale)
    with np.errstate(over="ignore", invalid="ignore"):
        part = (ends[1] - ends[0]) / (ends[2] - ends[0])
    straight = 0.1 < part < 0.9
    if straight:
        with np.errstate(over="ignore", invalid="ignore"):
            return [float(x) for x in np.linspace(ends[0], ends[2], _BARS + 1)]
    steps = np.linspace(low - 0.5, high + 0.5, min(_BARS, high - low + 1) + 1)
    return [float(x) for x in value_of(steps, binning.center, binning.scale)]


def _heights(profile: NumericProfile, edges: Sequence[float]) -> list[float]:
    """Shares per bar; what lies outside counts in the bars at the ends."""
    total = int(profile.counts.sum())
    if not total:
        return [0.0] * (len(edges) - 1)
    middles = value_of(profile.cells, profile.binning.center, profile.binning.scale)
    place = np.clip(np.searchsorted(edges, middles, side="right") - 1, 0, len(edges) - 2)
    heights: npt.NDArray[np.float64] = np.bincount(place, profile.counts, len(edges) - 1) / total
    return [float(height) for height in heights]


def _category_bars(then: CategoricalProfile, now: CategoricalProfile) -> tuple[Bar, ...]:
    both = then.counts / max(1, then.counts.sum()) + now.counts / max(1, now.counts.sum())
    shown = np.argsort(-both, kind="stable")[:_CATEGORIES]
    totals = [max(1, profile.n - profile.null) for profile in (then, now)]
    bars = [
        Bar(
            _short(then.binning.values[int(at)]),
            int(then.counts[at]) / totals[0],
            int(now.counts[at]) / totals[1],
        )
        for at in shown
    ]
    rest = [
        (int(p.counts.sum()) - int(p.counts[shown].sum()) + p.other) / total
        for p, total in zip((then, now), totals, strict=True)
    ]
    if max(rest) > 0.0:
        bars.append(Bar("other", *rest))
    if then.unseen or now.unseen:
        bars.append(Bar("unseen before", then.unseen / totals[0], now.unseen / totals[1]))
    return tuple(bars)


def _short(value: str) -> str:
    return value if len(value) <= 24 else value[:23] + "…"
