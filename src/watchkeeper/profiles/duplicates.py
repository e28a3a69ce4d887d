"""Rows that repeat another row in every column."""

from __future__ import annotations

import ibis
import ibis.expr.datatypes as dt

from watchkeeper.profiles.columns import is_nested
from watchkeeper.profiles.engine import fetch, is_duckdb
from watchkeeper.profiles.frame import Frame
from watchkeeper.profiles.groups import Cell, Groups, integers

__all__ = ["duplicate_rows"]

# Rows whose hashes are compared at once; of a larger table a fixed share is, picked by the hash.
_COMPARED = 1_000_000
# What the system adds to a row says nothing about whether the row repeats another.
_SYSTEM = "_wk_"
_TIME = "_wk_time"


@ibis.udf.scalar.builtin(name="hash")
def _hash(row) -> dt.uint64: ...  # type: ignore[no-untyped-def,valid-type]  # any row will do


def duplicate_rows(frame: Frame, rows: int) -> dict[Cell, int]:
    """By window: rows that repeat an earlier one in every column of their own and in their time.

    DuckDB compares hashes of rows; of more than a million rows it compares a share of ``1/k``,
    chosen by hash so that copies stay together, and scales the count by ``k``. Other engines
    group by all columns that can be compared.
    """
    table = frame.table
    names = [n for n in table.columns if not n.startswith(_SYSTEM) or n == _TIME]
    if not is_duckdb(table):
        names = [name for name in names if not is_nested(table[name])]
    if not rows or not names:
        return {}
    window = frame.keys(table, None)
    share = 1
    if is_duckdb(table):
        share = -(-rows // _COMPARED)
        row = _hash(ibis.struct({f"c{i}": table[name] for i, name in enumerate(names)}))
        hashed = table.select(**window, row=row)
        kept = hashed.filter(hashed.row % share == 0) if share > 1 else hashed
        alike = kept.group_by([*window, "row"]).agg(copies=kept.count())
    else:
        named = table.select(**window, **{f"c{i}": table[name] for i, name in enumerate(names)})
        alike = named.group_by(named.columns).agg(copies=named.count())
    grouped = alike.group_by(list(window)) if window else alike
    counted = grouped.agg(more=(alike.copies - 1).sum())
    groups = Groups.of(fetch(counted.select(**frame.labels(counted), more=counted.more)))
    more = integers(groups.table, "more")
    return {where: int(more[at.start]) * share for _, where, at in groups}
