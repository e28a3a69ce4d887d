"""Slow creep: how far the last week lies from the reference that the model was given.

A baseline that rolls along follows a slow change and never sees it. So the last seven days are
also held against the reference itself. This is an effect with its interval, no test, and stands
outside the alarm budget: it alarms where the share of rows that moved surely exceeds three times
the model's materiality and whatever any week of the reference itself moved by.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from watchkeeper.domain.model import Model, MonitorSpec
from watchkeeper.domain.profile import CategoricalProfile, NumericProfile, WindowProfile
from watchkeeper.domain.verdict import Status
from watchkeeper.monitors.drift.counts import counts_of, total_counts
from watchkeeper.monitors.drift.frame import Frame
from watchkeeper.monitors.drift.missing import missing_rows
from watchkeeper.monitors.evidence import Evidence, History, Series
from watchkeeper.monitors.remembered import remembered
from watchkeeper.monitors.season import week_of
from watchkeeper.monitors.words import share
from watchkeeper.stats.bins import compose
from watchkeeper.stats.distances.distance import Pair
from watchkeeper.stats.distances.tvd import tvd
from watchkeeper.stats.drift.grouping import group
from watchkeeper.stats.estimate import Estimate

__all__ = ["creep"]

_GATES = 3.0
_DEFAULT_MATERIALITY = 0.02
_FEWEST_ROWS = 200  # of the last week: fewer cannot show an effect of this size

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Counts:
    """Counts on common places: of the reference's windows (W, B), and of the last week (B,)."""

    reference: Floats
    now: Floats


def creep(
    spec: MonitorSpec, model: Model, names: Sequence[str], frame: Frame, history: History
) -> Iterator[Evidence]:
    """One piece of evidence per column and judged window, where the reference holds the column."""
    gate = _GATES * (model.materiality or _DEFAULT_MATERIALITY)
    weeks = tuple(week_of(p.window, at) for at, p in enumerate(history.reference))
    for profile in frame.current:
        if profile.window is None:
            continue
        for name in names:
            counts = _counts(history.reference, [*history.usual_week, profile], name)
            if counts is not None and counts.now.sum() >= _FEWEST_ROWS:
                limit = max(gate, _natural(counts.reference, weeks)) if history.timed else gate
                yield _evidence(Series(spec.name, "creep", column=name), profile, counts, limit)


def _evidence(series: Series, profile: WindowProfile, counts: _Counts, limit: float) -> Evidence:
    effect = _effect(counts.reference.sum(axis=0), counts.now)
    low, value, high = (x or 0.0 for x in (effect.low, effect.value, effect.high))
    far = low > limit
    size = f"{share(value)} of the last week's rows lie elsewhere than in the reference"
    verb = "has crept away" if far else "is near the reference"
    message = f"{series.column} {verb}: {size} (95 %: {share(low)} to {share(high)}; allowed {share(limit)})"
    return Evidence(
        series=series,
        window=profile.window,
        status=Status.ALERT if far else Status.OK,
        message=message,
        n=int(counts.now.sum()),
        value=value,
        low=low,
        high=high,
        effect={"limit": limit},
        profiles=(profile.id,) if profile.id else (),
    )


def _effect(before: Floats, now: Floats) -> Estimate:
    return tvd(Pair.of(before, now)).effect


@remembered
def _natural(reference: Floats, weeks: tuple[int, ...]) -> float:
    """The most that any week of the reference (W, B) moved against the others."""
    label = np.asarray(weeks)
    found = [0.0]
    for week in np.unique(label):
        out, rest = reference[label == week].sum(0), reference[label != week].sum(0)
        if out.sum() >= _FEWEST_ROWS and rest.sum() >= _FEWEST_ROWS:
            found.append(_effect(rest, out).value or 0.0)
    return max(found)


def _counts(
    reference: Sequence[WindowProfile], last: Sequence[WindowProfile], name: str
) -> _Counts | None:
    then = [p.columns.get(name) for p in reference]
    now = [p.columns.get(name) for p in last]
    found = _numeric(then, now) or _categorical(then, now)
    return found if found is not None and found.reference.sum() > 0.0 else None


def _numeric(then: Sequence[object], now: Sequence[object]) -> _Counts | None:
    after = [p for p in now if isinstance(p, NumericProfile)]
    if not after:
        return None
    before = [
        p if isinstance(p, NumericProfile) and p.binning == after[-1].binning else None
        for p in then
    ]
    held = [p for p in before if p is not None and len(p.cells)]
    after = [p for p in after if p.binning == after[-1].binning]
    if not held:
        return None
    bins = compose(*total_counts(held))
    lost = [0.0 if p is None else float(missing_rows(p)) for p in before]
    return _Counts(
        np.column_stack([counts_of(bins, before), lost]),
        np.append(counts_of(bins, after).sum(axis=0), sum(missing_rows(p) for p in after)),
    )


def _categorical(then: Sequence[object], now: Sequence[object]) -> _Counts | None:
    after = [p for p in now if isinstance(p, CategoricalProfile)]
    if not after:
        return None
    values = after[-1].binning.values
    alike = [
        p if isinstance(p, CategoricalProfile) and p.binning.values == values else None
        for p in then
    ]
    rows = [
        np.zeros(len(values) + 2) if p is None else np.append(p.counts, [p.other, p.unseen])
        for p in alike
    ]
    before = np.array(rows, np.float64).reshape(len(alike), -1)
    last = np.sum(
        [np.append(p.counts, [p.other, p.unseen]) for p in after if p.binning.values == values],
        axis=0,
    )
    if not before.sum():
        return None
    grouping = group(before.sum(axis=0), last)
    lost = [0.0 if p is None else float(missing_rows(p)) for p in alike]
    return _Counts(
        np.column_stack([grouping.count(before), lost]),
        np.append(grouping.count(last), sum(missing_rows(p) for p in after)),
    )
