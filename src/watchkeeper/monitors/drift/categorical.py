"""The drift of categorical and boolean columns.

Categories with enough rows are tested each by themselves and all together; the sparse ones, other
known values and those that the reference never held are one group. With windows of time the
shares may vary from window to window by as much as they do in the reference; without, the two
sets of rows are two samples of, if nothing changed, one population.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from watchkeeper.domain.profile import CategoricalBinning, CategoricalProfile, WindowProfile
from watchkeeper.monitors.drift.distances import distances
from watchkeeper.monitors.drift.finding import Finding
from watchkeeper.monitors.drift.frame import ASSUMED_TAU, Frame, Layout
from watchkeeper.monitors.drift.missing import Missing, missing_of, missing_rows, of_both
from watchkeeper.monitors.drift.numeric import Found, too_few
from watchkeeper.monitors.remembered import remembered
from watchkeeper.monitors.words import share
from watchkeeper.stats.distances.distance import Pair
from watchkeeper.stats.distances.tvd import tvd
from watchkeeper.stats.drift.categorical import (
    fit_categorical,
    left_out_categorical,
    stated_categorical,
)
from watchkeeper.stats.drift.grouping import Grouping, group
from watchkeeper.stats.drift.two_sample import two_sample_p_value

__all__ = ["categorical_findings"]

_SURE = 3.0  # standard errors from which a category is named
_NAMED = 4  # categories at most
_LONGEST = 40  # characters of a category that are shown
_RARE = "rare and unseen values"

# What follows from the windows judged against alone.
_fit_categorical = remembered(fit_categorical)
_left_out_categorical = remembered(left_out_categorical)

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Column:
    """Counts per window: the reference's values, other known values, unseen values."""

    name: str
    values: tuple[str, ...]
    before: Floats  # (W, K + 2)
    now: Floats  # (C, K + 2)
    missing_before: Floats
    missing_now: Floats
    rows: Floats  # (C,); −1 where a window lacks the column
    missing: Missing | None


@dataclass(frozen=True, slots=True)
class _Judged:
    """p-values (C,), NaN where a window could not be judged; the grouping of each window."""

    p_values: Floats
    reference_p_values: Floats | None
    groupings: Sequence[Grouping]


def categorical_findings(frame: Frame, names: Sequence[str]) -> Iterator[Found]:
    """The findings of every judged window that holds the column."""
    for name in names:
        column = _column(frame, name)
        if column is None:
            yield from _without_reference(frame, name)
            continue
        judged = _between_windows(frame, column) if frame.basis.timed else _two_samples(column)
        for at in np.flatnonzero(column.rows >= 0.0):
            yield name, int(at), _finding(frame, column, judged, int(at))


def _without_reference(frame: Frame, name: str) -> Iterator[Found]:
    for at, profile in enumerate(frame.current):
        if isinstance(found := profile.columns.get(name), CategoricalProfile):
            yield name, at, Finding(found.n, None, why="the reference holds no value of it")


def _column(frame: Frame, name: str) -> _Column | None:
    now = [_categorical(p, name) for p in frame.current]
    binning = next((p.binning for p in now if p is not None), None)
    before = [_categorical(p, name) for p in frame.windows]
    before = [p if p is not None and p.binning.values == _values(binning) else None for p in before]
    if binning is None:
        return None
    wide = len(binning.values) + 2
    counts = _counts(before, wide)
    if not counts.sum():
        return None
    return _Column(
        name,
        binning.values,
        counts,
        _counts(now, wide),
        np.array([0.0 if p is None else missing_rows(p) for p in before]),
        np.array([0.0 if p is None else missing_rows(p) for p in now]),
        np.array([-1.0 if p is None else p.n for p in now]),
        missing_of(frame, name),
    )


def _values(binning: CategoricalBinning | None) -> tuple[str, ...]:
    return () if binning is None else binning.values


def _categorical(profile: WindowProfile, name: str) -> CategoricalProfile | None:
    found = profile.columns.get(name)
    return found if isinstance(found, CategoricalProfile) else None


def _counts(profiles: Sequence[CategoricalProfile | None], wide: int) -> Floats:
    rows = [
        np.zeros(wide) if p is None else np.append(p.counts, [p.other, p.unseen]) for p in profiles
    ]
    return np.array(rows, np.float64).reshape(len(profiles), wide)


def _two_samples(column: _Column) -> _Judged:
    before = column.before.sum(axis=0)
    groupings = [group(before, row) for row in column.now]
    p_values = [
        two_sample_p_value(before, row, grouping) if row.sum() else np.nan
        for row, grouping in zip(column.now, groupings, strict=True)
    ]
    return _Judged(np.array(p_values), None, groupings)


def _between_windows(frame: Frame, column: _Column) -> _Judged:
    held = column.before.sum(axis=1) > 0.0
    before = column.before[held]
    total = before.sum(axis=0)
    grouping = group(total, total / total.sum() * np.median(before.sum(axis=1)))
    groupings = [grouping] * len(column.now)
    p_values = np.full(len(column.now), np.nan)
    judged = column.now.sum(axis=1) > 0.0
    past, now = grouping.count(before), grouping.count(column.now)
    unseen = _unseen(frame, column) if past[:, -1].sum() == 0.0 else None
    if past[:, -1].sum() == 0.0:
        past, now = past[:, :-1], now[:, :-1]
    judged &= now.sum(axis=1) > 0.0
    tails = None
    if past.shape[1] > 1 and judged.any():
        layout = frame.layout_for(1).only(held)
        if frame.learns and held.sum() - layout.count >= 3:
            normal = _fit_categorical(past, layout.seasons)
            p_values[judged] = normal.p_values(now[judged], layout.current[judged])
            if frame.tells_tails:
                tails = _left_out_categorical(past, layout.seasons, layout.blocks)
        else:
            p_values[judged] = stated_categorical(past, now[judged], ASSUMED_TAU / 2.0)
    elif past.shape[1] == 1:
        p_values[judged] = 1.0
    return _Judged(_with_unseen(p_values, unseen), tails, groupings)


def _unseen(frame: Frame, column: _Column) -> Floats | None:
    """Where no value was rare: the p-values of the rows that hold a new one."""
    new = column.now[:, -2:].sum(axis=1)
    if not new.any():
        return None
    by_id = {id(p): row.sum() for p, row in zip(frame.windows, column.before, strict=True)}
    normal = frame.basis.rate(lambda profile: (0, int(by_id[id(profile)])))
    rows = column.now.sum(axis=1)
    if normal is None:
        return None
    return np.array(
        [normal.p_value(int(k), int(n)) if n else np.nan for k, n in zip(new, rows, strict=True)]
    )


def _with_unseen(p_values: Floats, unseen: Floats | None) -> Floats:
    if unseen is None:
        return p_values
    pairs = zip(np.where(np.isfinite(p_values), p_values, 1.0), unseen, strict=True)
    return np.array([of_both(p, q) if np.isfinite(q) else p for p, q in pairs])


def _finding(frame: Frame, column: _Column, judged: _Judged, at: int) -> Finding:
    present, rows = float(column.now[at].sum()), int(column.rows[at])
    few = too_few(column.before, column.now[at])
    enough = not few and bool(np.isfinite(judged.p_values[at]))
    values_p = float(judged.p_values[at]) if enough else None
    missing_p = column.missing.p_value(at) if column.missing is not None and rows > 0 else None
    if values_p is None and missing_p is None:
        return Finding(rows, None, why=few or "its values have no test against the reference's")
    if values_p is None or missing_p is None:
        p_value = values_p if values_p is not None else missing_p
    else:
        p_value = of_both(values_p, missing_p)
    before, now, names = _grouped(frame.layout, column, judged.groupings[at], at)
    missing_words = () if column.missing is None else column.missing.words(at)
    changed = _changed(before, now, names) if present else []
    return Finding(
        n=rows,
        p_value=p_value,
        reference_p_values=judged.reference_p_values,
        effect=tvd(Pair.of(before, now)).effect,
        moved=(*missing_words, *(_words(*change) for change in changed)),
        figures=_figures(column, at, changed),
    )


def _grouped(
    layout: Layout, column: _Column, grouping: Grouping, at: int
) -> tuple[Floats, Floats, list[str]]:
    """Counts of the groups and of missing rows, in the window's season before, and now."""
    alike = layout.seasons == layout.current[at]
    alike = alike if column.before[alike].sum() > 0.0 else np.ones_like(alike)
    before = grouping.count(column.before[alike].sum(axis=0))
    now = grouping.count(column.now[at])
    names = [value for value, alone in zip(column.values, grouping.alone, strict=False) if alone]
    return (
        np.append(before, column.missing_before[alike].sum()),
        np.append(now, column.missing_now[at]),
        [*names, _RARE],
    )


def _changed(before: Floats, now: Floats, names: list[str]) -> list[tuple[str, float, float]]:
    """(name, share before, share now) of what changed most beyond the noise, missing left out."""
    a, b = before[:-1], now[:-1]
    p, q = a / max(a.sum(), 1.0), b / max(b.sum(), 1.0)
    pooled = (a + b) / max((a + b).sum(), 1.0)
    noise = np.sqrt(pooled * (1.0 - pooled) * (1.0 / max(a.sum(), 1.0) + 1.0 / max(b.sum(), 1.0)))
    sure = np.abs(q - p) > _SURE * np.maximum(noise, 1e-12)
    order = [i for i in np.argsort(-np.abs(q - p)) if sure[i]][:_NAMED]
    return [(names[i], float(p[i]), float(q[i])) for i in order]


def _words(name: str, before: float, now: float) -> str:
    shown = name if len(name) <= _LONGEST else name[: _LONGEST - 1] + "…"
    label = shown if name == _RARE else repr(shown)
    return f"{label} {share(now)}, {share(before)} before"


def _figures(
    column: _Column, at: int, changed: list[tuple[str, float, float]]
) -> dict[str, object]:
    before, now = column.before.sum(axis=0), column.now[at]
    all_before = before.sum() + column.missing_before.sum()
    found: dict[str, object] = {
        "categories": [[name, then, share_now] for name, then, share_now in changed],
        "missing": float(column.missing_now[at] / column.rows[at]) if column.rows[at] else None,
        "missing_reference": float(column.missing_before.sum() / all_before),
    }
    if now.sum():
        found["unseen"] = float(now[-1] / now.sum())
        found |= distances(before, now)
    return found
