"""Numeric columns: counts on the grid by slice, through the same arrays as a table in DuckDB."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from watchkeeper.domain.model import Column, ColumnType
from watchkeeper.domain.profile import NumericBinning, NumericProfile
from watchkeeper.profiles.arrays import flags, integers, reals
from watchkeeper.profiles.batches import Batch
from watchkeeper.profiles.local import count_batches
from watchkeeper.profiles.partials.slices import Slices

__all__ = ["as_numbers", "numeric_profiles"]


def as_numbers(column: pa.ChunkedArray, kind: ColumnType) -> pa.Array | None:
    """A stored column as float64, missing where it is: text by its length, an embedding by its
    norm. None for a column that holds no numbers.
    """
    whole = column.combine_chunks()
    if pa.types.is_float64(whole.type):
        return whole
    if pa.types.is_boolean(whole.type) or pa.types.is_integer(whole.type):
        return whole.cast(pa.float64())
    if pa.types.is_string(whole.type) and kind is ColumnType.TEXT:
        return pc.utf8_length(whole).cast(pa.float64())
    if pa.types.is_list(whole.type) and kind is ColumnType.EMBEDDING:
        return _norms(whole)
    return None


def _norms(vectors: pa.Array) -> pa.Array:
    """The Euclidean norm of every vector; missing for one without numbers."""
    parents = integers(pc.list_parent_indices(vectors))
    values = pc.list_flatten(vectors).cast(pa.float64())
    held = ~flags(pc.is_null(values))
    numbers, parents = reals(values)[held], parents[held]
    squares = np.bincount(parents, numbers * numbers, len(vectors))
    empty = np.bincount(parents, minlength=len(vectors)) == 0
    return pa.array(np.sqrt(squares), mask=empty)


def numeric_profiles(
    slices: Slices, columns: Sequence[tuple[pa.Array, Column, NumericBinning]]
) -> list[list[NumericProfile]]:
    """By column the profile of every slice."""
    if not columns:
        return []
    held = pa.RecordBatch.from_arrays(
        [values for values, _, _ in columns], names=[f"x{i}" for i in range(len(columns))]
    )
    several = len(slices.names) > 1
    batch = Batch(
        columns=held,
        group=slices.group if several else None,
        ids=np.arange(len(slices.names)),
        lengths=slices.lengths,
        order=slices.rows if several else None,
    )
    counted = count_batches([batch], [(column, binning) for _, column, binning in columns])
    return [list(profiles(len(slices.names))) for profiles in counted]
