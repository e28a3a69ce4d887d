"""Columns that are only counted: missing values, repeated ids, implausible times."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from watchkeeper.domain.model import Column, ColumnType, Role
from watchkeeper.domain.profile import CountProfile
from watchkeeper.profiles.arrays import flags, integers
from watchkeeper.profiles.counted import FUTURE_SECONDS
from watchkeeper.profiles.partials.slices import Slices

__all__ = ["count_profiles"]

Ints = npt.NDArray[np.int64]


def count_profiles(slices: Slices, table: pa.Table, column: Column) -> list[CountProfile] | None:
    """The profile of every slice; None for times that are not stored as such."""
    values = table.column(column.name)
    null = slices.count(flags(pc.is_null(values)))
    none = np.zeros(len(null), np.int64)
    repeated, future = none, none
    if column.role is Role.PREDICTION_ID:
        repeated = _repeated(slices, values)
    if column.type is ColumnType.TIMESTAMP or column.role is Role.TIME:
        if not pa.types.is_timestamp(values.type):
            return None
        future = slices.count(_ahead(table, values))
    return [
        CountProfile(n=n, null=gone, duplicate=again, future=early)
        for n, gone, again, early in zip(
            slices.lengths.tolist(), null.tolist(), repeated.tolist(), future.tolist(), strict=True
        )
    ]


def _repeated(slices: Slices, ids: pa.ChunkedArray) -> Ints:
    """How many ids of each slice repeat another of it."""
    codes = integers(ids.combine_chunks().dictionary_encode().indices, missing=-1)
    size = int(codes.max(initial=-1)) + 1
    if size == np.count_nonzero(codes >= 0):
        return np.zeros(len(slices.names), np.int64)
    at = codes[slices.rows]
    keys = (slices.group * size + at)[at >= 0]
    distinct = np.bincount(np.unique(keys) // size, minlength=len(slices.names))
    return slices.count(codes >= 0) - distinct


def _ahead(table: pa.Table, values: pa.ChunkedArray) -> npt.NDArray[np.bool_]:
    """Which times lie further ahead of the row's receipt than clocks may differ."""
    received = table.column("_wk_known_at")
    held = ~flags(pc.or_(pc.is_null(values), pc.is_null(received)))
    ahead = _micros(values) - _micros(received)
    found: npt.NDArray[np.bool_] = held & (ahead > FUTURE_SECONDS * 1e6)
    return found


def _micros(values: pa.ChunkedArray) -> Ints:
    return integers(values.cast(pa.timestamp("us", "UTC")).cast(pa.int64()))
