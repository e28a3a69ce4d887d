"""Columns of the lake as distinct texts and a code by row."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from watchkeeper.profiles.arrays import flags, integers, reals, valid
from watchkeeper.profiles.texts import canonical

__all__ = ["coded"]

Ints = npt.NDArray[np.int64]


def coded(column: pa.ChunkedArray) -> tuple[list[str], Ints] | None:
    """The distinct values as text, and each row's place among them, −1 where it has no value; None
    for a column whose values are not told as text.
    """
    kind = column.type
    if pa.types.is_string(kind):
        return _texts(column)
    if pa.types.is_boolean(kind):
        held = valid(column.combine_chunks()) if column.null_count else None
        codes = flags(column).astype(np.int64)
        return ["false", "true"], codes if held is None else np.where(held, codes, -1)
    if pa.types.is_float64(kind):
        return _numbers(reals(column))
    return None


def _texts(column: pa.ChunkedArray) -> tuple[list[str], Ints]:
    encoded = column.combine_chunks().dictionary_encode()
    texts = [canonical(text, number=False) for text in encoded.dictionary.to_pylist()]
    return texts, integers(encoded.indices, missing=-1)


def _numbers(values: npt.NDArray[np.float64]) -> tuple[list[str], Ints]:
    held = ~np.isnan(values)
    distinct, places = np.unique(values[held], return_inverse=True)
    codes = np.full(len(values), -1, np.int64)
    codes[held] = places
    return [canonical(repr(value), number=True) for value in distinct.tolist()], codes
