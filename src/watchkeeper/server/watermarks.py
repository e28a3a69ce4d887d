"""Watermarks: the event time up to which a model's rows are believed to be complete.

How late rows come is observed. A row is late by what its batch was held back (from the batch's
latest event to its receipt) and by how far the row lies behind events that earlier batches had
already told; a day's rows that are sent at midnight are not late, one that is sent the day after
is. The watermark lies behind the model's clock by the lateness that 99 of 100 recent rows keep.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

import numpy as np
import numpy.typing as npt

from watchkeeper.catalog.database import from_micros, to_micros
from watchkeeper.catalog.partials import Lateness, Mark

__all__ = ["Closing", "closing", "observed", "watermark"]

_STEPS = 2  # bins to a doubling of the seconds; the first ends at one second
_BINS = 48  # the last is open: half a year and more
_REMEMBERED = 100_000.0  # rows; what is beyond counts for half, again and again
_SHARE = 0.99
_SECOND = 1_000_000

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Closing:
    """Where a window stands: ``open`` until it was judged, ``provisional`` while rows may still
    come, ``complete`` from the moment that the ``watermark`` has passed its end.
    """

    state: Literal["open", "provisional", "complete"]
    watermark: datetime


def observed(mark: Mark, events: Ints, known: Ints) -> Mark:
    """The mark after rows with these event and receive times (microseconds since 1970)."""
    if not len(events):
        return mark
    batches, places = np.unique(known, return_inverse=True)
    newest = np.full(len(batches), np.iinfo(np.int64).min)
    np.maximum.at(newest, places, events)
    first = int(events.min()) if mark.latest is None else to_micros(mark.latest)
    # Of every batch: the latest event that the batches before it had told.
    reached = np.maximum.accumulate(np.concatenate([[first], newest]))
    behind = np.maximum(reached[places] - events, 0)
    late = np.maximum(batches - newest, 0)[places] + behind
    counts = _decayed(mark.lateness) + np.bincount(_bins(late), minlength=_BINS)
    return replace(mark, lateness=tuple(counts.tolist()), latest=from_micros(int(reached.max())))


def _bins(late: Ints) -> Ints:
    seconds = np.maximum(late / _SECOND, 1.0)
    bins: Ints = np.minimum(np.ceil(np.log2(seconds) * _STEPS).astype(np.int64), _BINS - 1)
    return bins


def _decayed(lateness: Lateness) -> npt.NDArray[np.float64]:
    counts = np.zeros(_BINS)
    counts[: len(lateness)] = lateness[:_BINS]
    while counts.sum() > _REMEMBERED:
        counts *= 0.5
    return counts


def watermark(lateness: Lateness, clock: datetime) -> datetime:
    """The event time before which rows are believed to be complete at a moment of the clock."""
    counts = np.array(lateness)
    if not counts.sum():
        return clock
    reached = np.cumsum(counts) / counts.sum()
    step = int(np.searchsorted(reached, _SHARE))
    return clock - timedelta(seconds=2.0 ** (step / _STEPS))


def closing(end: datetime, *, judged: bool, lateness: Lateness, clock: datetime) -> Closing:
    """Where a window that ends at ``end`` stands at a moment of its model's clock."""
    reached = watermark(lateness, clock)
    if not judged:
        return Closing("open", reached)
    return Closing("complete" if end <= reached else "provisional", reached)
