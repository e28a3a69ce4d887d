"""The drift of numeric columns, all of a slice at once.

Each column's reference is cut into bins; its windows' smooth components (location, spread, skew,
tails) are judged against the components of the reference's windows, season by season. A reference
that held one value only is judged by the share of rows that hold it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from watchkeeper.domain.profile import NumericProfile, WindowProfile
from watchkeeper.monitors.drift.counts import counts_of, total_counts
from watchkeeper.monitors.drift.distances import distances
from watchkeeper.monitors.drift.finding import Finding
from watchkeeper.monitors.drift.frame import Frame, Layout
from watchkeeper.monitors.drift.missing import Missing, missing_of, missing_rows, of_both
from watchkeeper.monitors.remembered import remembered
from watchkeeper.monitors.words import number
from watchkeeper.monitors.words import rows as counted
from watchkeeper.stats.bins import Bins, compose
from watchkeeper.stats.distances.distance import Z95, Pair
from watchkeeper.stats.distances.tvd import tvd
from watchkeeper.stats.drift.deviance import laws_of
from watchkeeper.stats.drift.smooth import COMPONENTS, smooth_basis, smooth_components
from watchkeeper.stats.drift.trimming import trimmed
from watchkeeper.stats.drift.variation import left_out
from watchkeeper.stats.estimate import Estimate
from watchkeeper.stats.rate import RateVariation

__all__ = ["numeric_findings", "too_few"]

_FEWEST_ROWS = 10  # values, fewer of which say nothing of a distribution
_ROWS_PER_BIN = 50  # values per bin from which its share is worth its noise
_SURE = 3.0  # standard errors from which a component is named

# What follows from the windows judged against alone.
_trimmed = remembered(trimmed)
_left_out = remembered(left_out)

Floats = npt.NDArray[np.float64]
Found = tuple[str, int, Finding]  # column, number of the judged window, finding


@dataclass(frozen=True, slots=True)
class _Column:
    """One column on the bins of its reference: counts (W, B) before and (C, B) now."""

    name: str
    before: Floats
    now: Floats
    missing_before: Floats  # (W,)
    missing_now: Floats  # (C,)
    rows: Floats  # (C,): of the column, missing ones included; −1 where a window lacks the column
    positions: Floats  # (B,) where the values of a bin lie, in the column's unit
    missing: Missing | None
    provisional: bool


@dataclass(frozen=True, slots=True)
class _Judged:
    """What the components of one column say: (C,) p-values, (C, J) shifts and their noise."""

    p_values: Floats
    reference_p_values: Floats | None
    shifts: Floats
    noise: Floats


def numeric_findings(frame: Frame, names: Sequence[str]) -> Iterator[Found]:
    """The findings of every judged window that holds the column."""
    columns: list[_Column] = []
    for name in names:
        column = _column(frame, name)
        if column is None:
            yield from _without_reference(frame, name)
        else:
            columns.append(column)
    by_order: dict[int, list[_Column]] = {}
    for column in columns:
        filled = int((column.before.sum(axis=0) > 0.0).sum())
        by_order.setdefault(frame.order(min(len(COMPONENTS), filled - 1)), []).append(column)
    for order, group in by_order.items():
        judged = (
            [_constant(frame, c) for c in group] if order == 0 else _smooth(frame, group, order)
        )
        for column, found in zip(group, judged, strict=True):
            for at in np.flatnonzero(column.rows >= 0.0):
                yield column.name, int(at), _finding(frame, column, found, int(at))


def _without_reference(frame: Frame, name: str) -> Iterator[Found]:
    for at, profile in enumerate(frame.current):
        if isinstance(found := profile.columns.get(name), NumericProfile):
            yield name, at, Finding(found.n, None, why="the reference holds no value of it")


def _column(frame: Frame, name: str) -> _Column | None:
    now = [_numeric(p, name) for p in frame.current]
    binning = next((p.binning for p in now if p is not None), None)
    before = [_numeric(p, name) for p in frame.windows]
    # Windows counted on another grid cannot be put on these bins.
    before = [p if p is not None and p.binning == binning else None for p in before]
    held = [p for p in before if p is not None and len(p.cells)]
    if binning is None or not held:
        return None
    cells, counts = total_counts(held)
    bins = compose(cells, counts)
    seen = [*held, *(p for p in now if p is not None and p.binning == binning)]
    return _Column(
        name,
        counts_of(bins, before),
        counts_of(bins, now),
        np.array([0.0 if p is None else missing_rows(p) for p in before]),
        np.array([0.0 if p is None else missing_rows(p) for p in now]),
        np.array([-1.0 if p is None else p.n for p in now]),
        _positions(bins, seen),
        missing_of(frame, name),
        binning.provisional,
    )


def _numeric(profile: WindowProfile, name: str) -> NumericProfile | None:
    found = profile.columns.get(name)
    return found if isinstance(found, NumericProfile) else None


def _positions(bins: Bins, profiles: Sequence[NumericProfile]) -> Floats:
    """The mean value in each bin; an empty one lies where the one below it does."""
    where = bins.of(np.concatenate([p.cells for p in profiles]))
    counts = np.bincount(where, np.concatenate([p.counts for p in profiles]), len(bins))
    sums = np.bincount(where, np.concatenate([p.sums for p in profiles]), len(bins))
    filled = np.flatnonzero(counts)
    z = sums[filled] / counts[filled]
    nearest = np.clip(np.searchsorted(filled, np.arange(len(bins)), side="right") - 1, 0, None)
    binning = profiles[0].binning
    # Rounding may put the means of two neighbouring atoms out of order by a last digit.
    return np.maximum.accumulate(binning.center + binning.scale * z[nearest])


def _smooth(frame: Frame, columns: Sequence[_Column], order: int) -> Iterator[_Judged]:
    bases = [smooth_basis(c.before.sum(axis=0))[:order] for c in columns]
    before = [smooth_components(c.before, b) for c, b in zip(columns, bases, strict=True)]
    now = [smooth_components(c.now, b) for c, b in zip(columns, bases, strict=True)]
    z, v = (np.array([pair[i] for pair in before]) for i in (0, 1))
    z_now, v_now = (np.array([pair[i] for pair in now]) for i in (0, 1))
    layout = frame.layout_for(order)
    if frame.learns:
        v = _trimmed(z, v, layout.seasons)
    normal = frame.normal(z, v, layout)
    laws = laws_of(bases, [c.before.sum(axis=0) for c in columns])
    p_values = normal.p_values(z_now, v_now, layout.current, laws)
    tails = _left_out(z, v, layout.seasons, layout.blocks, laws) if frame.tells_tails else None
    shifts = z_now - normal.expected(layout.current)
    noise = np.sqrt(v_now + normal.noise[:, np.minimum(layout.current, normal.noise.shape[1] - 1)])
    for i in range(len(columns)):
        tail = None if tails is None else tails[i]
        yield _Judged(p_values[i], tail, shifts[i], np.repeat(noise[i][:, None], order, 1))


def _constant(frame: Frame, column: _Column) -> _Judged:
    """By the share of rows that do not hold the one value of the reference."""
    atom = int(np.argmax(column.before.sum(axis=0)))
    total = column.now.sum(axis=1)
    other = total - column.now[:, atom]
    normal = _rate(frame, column)
    p_values = np.array(
        [normal.p_value(int(k), int(n)) if n else np.nan for k, n in zip(other, total, strict=True)]
    )
    empty = np.zeros((len(total), 0))
    return _Judged(p_values, None, empty, empty)


def _rate(frame: Frame, column: _Column) -> RateVariation:
    by_id = {id(p): row.sum() for p, row in zip(frame.windows, column.before, strict=True)}
    normal = frame.basis.rate(lambda profile: (0, int(by_id[id(profile)])))
    if normal is None:
        raise AssertionError("a column is only made of a reference that holds values")
    return normal


def _finding(frame: Frame, column: _Column, judged: _Judged, at: int) -> Finding:
    rows = int(column.rows[at])
    few = too_few(column.before, column.now[at])
    values_p = None if few else float(judged.p_values[at])
    missing_p = column.missing.p_value(at) if column.missing is not None and rows > 0 else None
    if values_p is None and missing_p is None:
        return Finding(rows, None, why=few)
    if values_p is None or missing_p is None:
        p_value = values_p if values_p is not None else missing_p
    else:
        p_value = of_both(values_p, missing_p)
    missing_words = () if column.missing is None else column.missing.words(at)
    moved, figures = ((), {}) if few else _moved(frame, column, judged, at)
    return Finding(
        n=rows,
        p_value=p_value,
        reference_p_values=judged.reference_p_values,
        effect=_effect(frame.layout, column, at),
        moved=(*missing_words, *moved),
        figures={**figures, **_compared(column, at)},
        provisional=column.provisional,
    )


def too_few(before: Floats, now: Floats) -> str:
    """Why the values there are cannot be compared; empty where they can."""
    known, present = int(before.sum()), int(now.sum())
    if known < _FEWEST_ROWS:
        return f"the reference holds values in {counted(known)}, at least {_FEWEST_ROWS} are needed"
    if present < _FEWEST_ROWS:
        return f"{present} values are too few, at least {_FEWEST_ROWS} are needed"
    return ""


def _effect(layout: Layout, column: _Column, at: int) -> Estimate:
    """Against the season, on bins as coarse as the window's rows ask for."""
    alike = _alike(layout, column, at)
    before, now = column.before[alike].sum(axis=0), column.now[at]
    per_bin = len(now)
    while per_bin > 8 and now.sum() / per_bin < _ROWS_PER_BIN:
        per_bin //= 2
    to = np.arange(len(now)) * per_bin // len(now)
    before, now = np.bincount(to, before), np.bincount(to, now)
    before = np.append(before, column.missing_before[alike].sum())
    return tvd(Pair.of(before, np.append(now, column.missing_now[at]))).effect


def _alike(layout: Layout, column: _Column, at: int) -> npt.NDArray[np.bool_]:
    """The reference windows of the judged window's season; all where there is none."""
    alike = layout.seasons == layout.current[at]
    return alike if column.before[alike].sum() > 0.0 else np.ones_like(alike)


def _moved(
    frame: Frame, column: _Column, judged: _Judged, at: int
) -> tuple[tuple[str, ...], dict[str, object]]:
    shifts, noise = judged.shifts[at], judged.noise[at]
    ratio = np.abs(shifts) / noise
    named = [j for j in np.argsort(-ratio) if ratio[j] > _SURE]
    figures: dict[str, object] = {
        COMPONENTS[j]: [float(s), float(s - Z95 * e), float(s + Z95 * e)]
        for j, (s, e) in enumerate(zip(shifts, noise, strict=True))
    }
    if not len(shifts) and column.now[at].sum():
        atom = int(np.argmax(column.before.sum(axis=0)))
        held = column.now[at][atom] / column.now[at].sum()
        constant = f"was always {number(float(column.positions[atom]))}, now in {held:.1%} of rows"
        return ((constant,) if held < 1.0 else ()), figures
    before = column.before[_alike(frame.layout, column, at)].sum(axis=0)
    means = (_mean(column, before), _mean(column, column.now[at])) if named else (0.0, 0.0)
    return tuple(_component(int(j), float(shifts[j]), means) for j in named), figures


def _component(j: int, shift: float, means: tuple[float, float]) -> str:
    name = COMPONENTS[j]
    if name == "location":
        then, now = means
        return f"location {shift:+.2g} sd (mean {number(now)}, {number(then)} before)"
    words = {
        "spread": ("wider", "narrower"),
        "skew": ("more to the right", "more to the left"),
        "tails": ("heavier", "lighter"),
    }[name]
    label = "shape" if name == "skew" else name
    return f"{label} {words[0] if shift > 0.0 else words[1]} ({shift:+.2g})"


def _mean(column: _Column, counts: Floats) -> float:
    return float(counts / counts.sum() @ column.positions)  # sums of the largest values overflow


def _spread(column: _Column, counts: Floats) -> float:
    """The standard deviation; 0 where it is more than a number can hold."""
    with np.errstate(over="ignore", invalid="ignore"):
        apart = column.positions - _mean(column, counts)
        farthest = float(np.abs(apart).max())
        if not 0.0 < farthest < np.inf:
            return 0.0
        return farthest * float(np.sqrt(counts / counts.sum() @ (apart / farthest) ** 2))


def _compared(column: _Column, at: int) -> dict[str, object]:
    before, now = column.before.sum(axis=0), column.now[at]
    all_before = before.sum() + column.missing_before.sum()
    found: dict[str, object] = {
        "missing": float(column.missing_now[at] / column.rows[at]) if column.rows[at] else None,
        "missing_reference": float(column.missing_before.sum() / all_before),
        "mean_reference": _mean(column, before),
    }
    if now.sum():
        found |= {"mean": _mean(column, now), **distances(before, now, column.positions)}
        found["w1_sd"] = _ratio(found["w1"], _spread(column, before))
    return found


def _ratio(distance: object, spread: float) -> float | None:
    return distance / spread if isinstance(distance, float) and spread > 0.0 else None
