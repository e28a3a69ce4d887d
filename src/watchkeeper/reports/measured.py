"""The model's own metrics (monitors of kind ``custom``) over every window of a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from watchkeeper.domain.model import Model
from watchkeeper.domain.profile import WindowProfile
from watchkeeper.domain.window import Granularity
from watchkeeper.monitors.slices import TOTAL, SliceKey
from watchkeeper.profiles.windows import as_utc, starts_of, time_column, window_key

if TYPE_CHECKING:
    import ibis
    import pyarrow as pa

__all__ = ["measured"]

_KEY = "_wk_window"


def measured(
    profiles: Sequence[WindowProfile],
    table: ibis.Table,
    model: Model,
    granularity: Granularity | None,
) -> list[WindowProfile]:
    """The profiles, those of all rows with the values of the model's own metrics.

    ``table`` and ``granularity`` are what was profiled. Nothing is read where the model has no
    metric of its own.
    """
    if not any(spec.kind == "custom" and spec.enabled for spec in model.monitors):
        return list(profiles)
    from watchkeeper.monitors.custom import measure

    rows = _rows_by_start(table, model, granularity)
    return [
        replace(found, figures=measure(model, rows[_start(found)]))
        if SliceKey(found.version, found.arm, found.segment) == TOTAL and _start(found) in rows
        else found
        for found in profiles
    ]


def _start(profile: WindowProfile) -> int | None:
    return None if profile.window is None else int(profile.window.start.timestamp())


def _rows_by_start(
    table: ibis.Table, model: Model, granularity: Granularity | None
) -> dict[int | None, pa.Table]:
    """The rows of each window, by its start in seconds since 1970; None: all rows as one."""
    import ibis

    from watchkeeper.monitors.custom import columns_read

    known = [table[name] for name in columns_read(model) if name in table.columns]
    time = time_column(table, model)
    if granularity is None or time is None:
        return {None: table.select(*known, ibis.literal(0).name(_KEY)).to_pyarrow()}
    key = window_key(as_utc(table, time), granularity).name(_KEY)
    rows = table.select(*known, key)
    rows = rows.filter(rows[_KEY].notnull()).to_pyarrow()
    starts = starts_of(rows.column(_KEY).combine_chunks(), granularity)
    order = np.argsort(starts, kind="stable")
    rows = rows.take(order)
    windows, firsts = np.unique(starts[order], return_index=True)
    ends = [*firsts[1:], len(starts)]
    return {
        int(window): rows.slice(first, last - first)
        for window, first, last in zip(windows, firsts, ends, strict=True)
    }
