"""Rows that repeat another row in every column."""

from __future__ import annotations

from collections.abc import Sequence

import ibis

from watchkeeper.profiles.arrays import integers
from watchkeeper.profiles.columns import is_nested
from watchkeeper.profiles.engine import fetch, is_duckdb
from watchkeeper.profiles.frame import Frame
from watchkeeper.profiles.functions import hash_row
from watchkeeper.profiles.groups import Cell, Groups

__all__ = ["duplicate_rows"]

# Rows whose hashes are compared at once; of a larger table a fixed share is, picked by the hash.
_COMPARED = 250_000
# Where these many columns never repeat together, no row does.
_FIRST = 3
# What the system adds to a row says nothing about whether the row repeats another.
_SYSTEM = "_wk_"
_TIME = "_wk_time"


def duplicate_rows(frame: Frame, rows: int) -> dict[Cell, int]:
    """By window: rows that repeat an earlier one in every column of their own and in their time.

    DuckDB compares hashes of rows: all of them up to 500,000 rows; of a larger table a share of
    ``1/k`` (some 250,000 rows), chosen by hash so that copies stay together, and the count is
    scaled by ``k``. Other engines group by all columns that can be compared.
    """
    table = frame.table
    names = [n for n in table.columns if not n.startswith(_SYSTEM) or n == _TIME]
    if not rows or not names:
        return {}
    if not is_duckdb(table):
        return _repeats(frame, [name for name in names if not is_nested(table[name])], share=0)
    share = max(1, rows // _COMPARED)
    first = _telling(frame, names)
    found = _repeats(frame, first, share=share)
    if len(first) < len(names) and any(found.values()):
        found = _repeats(frame, names, share=share)
    return found


def _telling(frame: Frame, names: list[str]) -> list[str]:
    """A few columns that seldom repeat together: the time and real numbers, where there are any."""
    kinds = frame.table.schema()
    real = [name for name in names if kinds[name].is_floating() and name != frame.time]
    time = [frame.time] if frame.time in names else []
    return [*time, *real][:_FIRST] or names[:_FIRST]


def _repeats(frame: Frame, names: Sequence[str], *, share: int) -> dict[Cell, int]:
    """Rows that repeat another in ``names``; ``share`` 0 compares values, else hashes of 1/share."""
    table, window = frame.table, frame.keys(frame.table, None)
    values = {f"c{i}": table[name] for i, name in enumerate(names)}
    rows = table.select(**window, **({"row": hash_row(ibis.struct(values))} if share else values))
    kept = rows.filter(rows.row % share == 0) if share > 1 else rows
    alike = kept.group_by(kept.columns).agg(copies=kept.count())
    grouped = alike.group_by(list(window)) if window else alike
    counted = grouped.agg(more=(alike.copies - 1).sum())
    groups = Groups.of(fetch(counted.select(**frame.labels(counted), more=counted.more)))
    more = integers(groups.table["more"])
    return {where: int(more[at.start]) * max(1, share) for _, where, at in groups}
