"""Arrow columns as numpy arrays, straight from their buffers.

pyarrow's own conversions import pandas where it is installed, which takes longer than profiling a
hundred thousand rows.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

__all__ = ["flags", "indices", "integers", "reals", "valid"]

N = TypeVar("N", bound=np.generic)
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def integers(column: pa.Array | pa.ChunkedArray, *, missing: int = 0) -> Ints:
    """A column as int64, with ``missing`` where it is null."""
    whole = _whole(column, pa.int64())
    found: Ints = _fixed(whole, np.dtype(np.int64))
    held = valid(whole)
    return found if held is None else np.where(held, found, missing)


def reals(column: pa.Array | pa.ChunkedArray) -> Floats:
    """A column as float64, with NaN where it is null."""
    whole = _whole(column, pa.float64())
    found: Floats = _fixed(whole, np.dtype(np.float64))
    held = valid(whole)
    return found if held is None else np.where(held, found, np.nan)


def flags(column: pa.Array | pa.ChunkedArray) -> Bools:
    """A boolean column, with false where it is null."""
    whole = _whole(column, pa.bool_())
    if not len(whole):
        return np.zeros(0, np.bool_)
    found = _bits(whole.buffers()[1], whole.offset, len(whole))
    held = valid(whole)
    return found if held is None else found & held


def valid(column: pa.Array) -> Bools | None:
    """Where an array holds values; None: everywhere."""
    if not column.null_count:
        return None
    bits = column.buffers()[0]
    if bits is None:  # an array of the null type
        return np.zeros(len(column), np.bool_)
    return _bits(bits, column.offset, len(column))


def indices(values: Ints) -> pa.Array:
    """int64 values as an Arrow array, to take rows by."""
    return pa.Array.from_buffers(pa.int64(), len(values), [None, pa.py_buffer(values.tobytes())])


def _whole(column: pa.Array | pa.ChunkedArray, kind: pa.DataType) -> pa.Array:
    cast = column if column.type == kind else column.cast(kind)
    if not isinstance(cast, pa.ChunkedArray):
        return cast
    return cast.chunk(0) if cast.num_chunks == 1 else cast.combine_chunks()


def _fixed(column: pa.Array, kind: np.dtype[N]) -> npt.NDArray[N]:
    buffer = column.buffers()[1]
    if buffer is None or not len(column):
        return np.zeros(len(column), kind)
    return np.frombuffer(buffer, kind, len(column), column.offset * kind.itemsize)


def _bits(buffer: pa.Buffer, offset: int, length: int) -> Bools:
    packed = np.frombuffer(buffer, np.uint8)
    return np.unpackbits(packed, bitorder="little", count=offset + length)[offset:].view(np.bool_)
