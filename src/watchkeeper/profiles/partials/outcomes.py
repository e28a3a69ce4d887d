"""What labels are counted by when they come: delays, and each label against the one before."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from watchkeeper.domain.profile import DELAY_EDGES_SECONDS, WINDOW_SLICES, DelayCounts
from watchkeeper.domain.window import Window
from watchkeeper.profiles.arrays import flags, integers
from watchkeeper.profiles.labels import LABEL_KNOWN_AT
from watchkeeper.profiles.partials.slices import Slices

__all__ = ["Pairs", "delays", "micros", "previous_pairs"]

_SECOND = 1_000_000

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def micros(column: pa.ChunkedArray) -> Ints:
    """A column of moments as microseconds since 1970, 0 where there is none."""
    return integers(column.cast(pa.int64()))


def delays(
    slices: Slices,
    table: pa.Table,
    window: Window,
    strata: tuple[Ints, Ints],
    shape: tuple[int, int],
) -> list[DelayCounts]:
    """When the labels of every slice became known. ``strata`` are each row's outcome (below 0:
    without a label that counts) and score fifth, ``shape`` how many there are of each.
    """
    label, fifth = strata
    made_at = micros(table.column("_wk_time"))
    told = table.column(LABEL_KNOWN_AT)
    known = (label >= 0) & ~flags(pc.is_null(told))
    part = _part(made_at, window)
    late = (micros(told) - made_at)[known] / _SECOND
    stratum = np.full(len(label), -1, np.int64)
    stratum[known] = label[known] * shape[1] + fifth[known]
    size, steps = shape[0] * shape[1], len(DELAY_EDGES_SECONDS) + 1
    by_delay, by_part = stratum.copy(), stratum.copy()
    by_delay[known] += size * _step(late)
    by_part[known] += size * part[known]
    counts = slices.by(by_delay, steps * size).astype(np.int64)
    arrived = slices.by(by_part, WINDOW_SLICES * size).astype(np.int64)
    made = slices.by(part, WINDOW_SLICES).astype(np.int64)
    return [
        DelayCounts(
            edges_seconds=DELAY_EDGES_SECONDS,
            counts=counts[at].reshape(steps, *shape),
            arrived=arrived[at].reshape(WINDOW_SLICES, *shape),
            made=made[at],
        )
        for at in range(len(slices.names))
    ]


def _step(late: Floats) -> Ints:
    """The delay bin of so many seconds: four to a doubling, from a minute on."""
    step = np.ceil(np.log2(np.maximum(late / DELAY_EDGES_SECONDS[0], 1.0)) * 4.0).astype(np.int64)
    bins: Ints = np.minimum(step, len(DELAY_EDGES_SECONDS))
    return bins


def _part(moments: Ints, window: Window) -> Ints:
    """Which of the equal slices of the window a row lies in, to the second."""
    length = int(window.length.total_seconds())
    since = moments // _SECOND - int(window.start.timestamp())
    share = (since - (since // length) * length) / length
    part: Ints = np.minimum(np.floor(share * WINDOW_SLICES).astype(np.int64), WINDOW_SLICES - 1)
    return part


@dataclass(frozen=True, slots=True)
class Pairs:
    """By slice: labels with one before them, how many equal it, and the sums of the sizes and the
    squares of the changes.
    """

    compared: Ints
    equal: Ints
    size: Floats
    square: Floats


def previous_pairs(slices: Slices, table: pa.Table, label: Floats) -> Pairs:
    """Each label (NaN: none) against the one before it in time, then by id, in its slice."""
    groups = len(slices.names)
    if not (~np.isnan(label)).any():
        none = np.zeros(groups, np.int64)
        return Pairs(none, none, np.zeros(groups), np.zeros(groups))
    keys = pa.table({"time": table.column("_wk_time"), "id": table.column("_wk_id")})
    order = pc.sort_indices(keys, sort_keys=[("time", "ascending"), ("id", "ascending")])
    rank = np.empty(len(label), np.int64)
    rank[integers(order.cast(pa.int64()))] = np.arange(len(label))
    held = ~np.isnan(label[slices.rows])
    rows, group = slices.rows[held], slices.group[held]
    by_time = np.lexsort((rank[rows], group))
    values, group = label[rows][by_time], group[by_time]
    same = group[1:] == group[:-1]
    at, change = group[1:][same], np.abs(values[1:] - values[:-1])[same]
    return Pairs(
        np.bincount(at, minlength=groups),
        np.bincount(at[change == 0], minlength=groups),
        np.bincount(at, change, groups).astype(np.float64),
        np.bincount(at, change * change, groups).astype(np.float64),
    )
