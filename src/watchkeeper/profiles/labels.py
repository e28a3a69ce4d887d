"""What performance rests on: which class a row is of, when its label came, what came before."""

from __future__ import annotations

from dataclasses import dataclass, fields

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.operations as ops
import numpy as np
import numpy.typing as npt

from watchkeeper.domain.model import Role
from watchkeeper.domain.profile import DELAY_EDGES_SECONDS, WINDOW_SLICES, DelayCounts
from watchkeeper.profiles.arrays import integers, reals
from watchkeeper.profiles.engine import fetch, supports
from watchkeeper.profiles.frame import Axis, Frame
from watchkeeper.profiles.groups import Cell, Groups
from watchkeeper.profiles.windows import as_utc, seconds_between, window_fraction

__all__ = ["LABEL_KNOWN_AT", "Pairs", "Strata", "delay_counts", "previous_pairs"]

LABEL_KNOWN_AT = "_wk_label_known_at"
_SHORTEST = DELAY_EDGES_SECONDS[0]
_STEPS = 4.0  # delay bins to a doubling


@dataclass(frozen=True, slots=True)
class Strata:
    """What labels are counted by: ``label`` (a small integer, null without label) and ``fifth``."""

    label: ibis.Value
    fifth: ibis.Value
    labels: int
    fifths: int


def delay_counts(frame: Frame, axis: Axis | None, strata: Strata) -> dict[Cell, DelayCounts]:
    """When the labels of each window became known; empty where the table does not say."""
    table = frame.table
    if LABEL_KNOWN_AT not in table.columns or frame.time is None:
        return {}
    late = seconds_between(table, as_utc(table, frame.time), as_utc(table, LABEL_KNOWN_AT))
    step = (ibis.greatest(late / _SHORTEST, 1.0).log2() * _STEPS).ceil().cast(dt.int64)
    keys = frame.keys(table, axis)
    known = strata.label.notnull() & late.notnull()
    rows = table.select(
        **keys,
        delay=ibis.cases((known, ibis.least(step, len(DELAY_EDGES_SECONDS)))),
        label=ibis.cases((known, strata.label)),
        fifth=ibis.cases((known, strata.fifth)),
        part=_part(frame),
    )
    grouped = rows.group_by([*keys, "delay", "label", "fifth", "part"]).agg(n=rows.count())
    answer = fetch(grouped.select(**frame.labels(grouped), **{n: grouped[n] for n in _FIGURES}))
    groups = Groups.of(answer)
    figures = [integers(groups.table[name], missing=-1) for name in _FIGURES]
    timed = frame.granularity is not None
    return {
        where: _delays([figure[at] for figure in figures], strata, timed=timed)
        for _, where, at in groups
    }


_FIGURES = ("delay", "label", "fifth", "part", "n")


def _part(frame: Frame) -> ibis.Value:
    """Which of the equal slices of its window a row lies in; 0 where there are no windows."""
    if frame.granularity is None or frame.time is None:
        return ibis.literal(0, dt.int64)
    share = window_fraction(as_utc(frame.table, frame.time), frame.granularity)
    return ibis.least((share * WINDOW_SLICES).floor().cast(dt.int64), WINDOW_SLICES - 1)


def _delays(figures: list[npt.NDArray[np.int64]], strata: Strata, *, timed: bool) -> DelayCounts:
    delay, label, fifth, part, n = figures
    counts = np.zeros((len(DELAY_EDGES_SECONDS) + 1, strata.labels, strata.fifths), np.int64)
    arrived = np.zeros((WINDOW_SLICES, strata.labels, strata.fifths), np.int64)
    made = np.zeros(WINDOW_SLICES, np.int64)
    known = delay >= 0
    np.add.at(counts, (delay[known], label[known], fifth[known]), n[known])
    np.add.at(arrived, (part[known], label[known], fifth[known]), n[known])
    np.add.at(made, part, n)
    return DelayCounts(
        edges_seconds=DELAY_EDGES_SECONDS,
        counts=counts,
        arrived=arrived if timed else None,
        made=made if timed else None,
    )


@dataclass(frozen=True, slots=True)
class Pairs:
    """Each label against the one before it in time: ``compared`` of them, ``equal`` ones, and the
    sums of the sizes and squares of the differences.
    """

    compared: int
    equal: int
    size: float
    square: float


def previous_pairs(frame: Frame, axis: Axis | None, label: ibis.Value) -> dict[Cell, Pairs]:
    """The no-change control: labels (numbers) against the one before, within window and slice.

    Labels of the same moment are taken in the order of their prediction's id, where the table has
    one: by their value would make them look alike. Empty for a table without time, and on an
    engine that has no window functions.
    """
    if frame.time is None or not supports(frame.table, ops.WindowFunction):
        return {}
    table = frame.table
    keys = frame.keys(table, axis)
    order = {"moment": as_utc(table, frame.time)}
    name = frame.role("_wk_id", Role.PREDICTION_ID)
    if name is not None:
        order["tie"] = table[name]
    values = table.select(**keys, label=label, **order)
    held = values.filter(values.label.notnull() & values.moment.notnull())
    slices = [key for key in keys if key == "slice"]
    by_time = {"group_by": slices, "order_by": [held[key] for key in order]}
    before = held.label.lag().over(**by_time)
    if "window" in keys:
        # Windows lie one after the other in time: a pair across two is told by its windows.
        before = ibis.cases((held.window == held.window.lag().over(**by_time), before))
    pairs = held.mutate(before=before)
    change = (pairs.label - pairs.before).abs().cast(dt.float64)
    grouped = pairs.group_by(list(keys)) if keys else pairs
    counted = grouped.agg(
        compared=pairs.before.count(),
        equal=(pairs.label == pairs.before).cast(dt.int64).sum(),
        size=change.sum(),
        square=(change * change).sum(),
    )
    names = [field.name for field in fields(Pairs)]
    groups = Groups.of(
        fetch(counted.select(**frame.labels(counted), **{name: counted[name] for name in names}))
    )
    compared, equal = (integers(groups.table[name]) for name in names[:2])
    size, square = (np.nan_to_num(reals(groups.table[name])) for name in names[2:])
    return {
        where: Pairs(int(compared[i]), int(equal[i]), float(size[i]), float(square[i]))
        for _, where, rows in groups
        for i in (rows.start,)
    }
