"""Arrow tables from data frames, and as what DuckDB can hold."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from watchkeeper.errors import InvalidInput

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["from_pandas", "storable"]


def from_pandas(frame: pd.DataFrame) -> pa.Table:
    """The frame's columns, without its index; a column of mixed types becomes text.

    Raises InvalidInput for what is no data frame, and for repeated column names.
    """
    if not hasattr(frame, "columns"):
        raise InvalidInput(f"a table must be a data frame, got a pandas {type(frame).__name__}")
    names = [str(name) for name in frame.columns]
    repeated = sorted(name for name, times in Counter(names).items() if times > 1)
    if repeated:
        raise InvalidInput(f"column names must be unique, got {repeated[:10]} twice: rename them")
    columns = [_column(frame.iloc[:, i]) for i in range(len(names))]
    return pa.Table.from_arrays(columns, names=names)


def _column(series: pd.Series[object]) -> pa.Array | pa.ChunkedArray:
    try:
        return pa.array(series, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError):
        missing = series.isna().tolist()
        pairs = zip(series.tolist(), missing, strict=True)
        return pa.array(
            [None if gone is True else str(value) for value, gone in pairs], pa.string()
        )


def storable(table: pa.Table) -> pa.Table:
    """The table with times in UTC without zone, and no type that DuckDB cannot take."""
    columns = [_storable(table.column(i)) for i in range(table.num_columns)]
    return pa.Table.from_arrays(columns, names=table.column_names)


def _storable(column: pa.ChunkedArray) -> pa.ChunkedArray:  # noqa: PLR0911  # one for each type
    kind = column.type
    if isinstance(kind, pa.ExtensionType):
        return _storable(pa.chunked_array([c.storage for c in column.chunks], kind.storage_type))
    if pa.types.is_timestamp(kind) and (kind.tz is not None or kind.unit == "ns"):
        # DuckDB rounds nanoseconds to the nearest microsecond, which may be tomorrow.
        unit = "us" if kind.unit == "ns" else kind.unit
        return column.cast(pa.timestamp(unit), safe=False)
    if pa.types.is_float16(kind):
        return column.cast(pa.float32())
    if pa.types.is_decimal256(kind):
        return column.cast(pa.float64())
    if pa.types.is_union(kind) or pa.types.is_run_end_encoded(kind) or pa.types.is_interval(kind):
        texts = [None if value is None else str(value) for value in column.to_pylist()]
        return pa.chunked_array([pa.array(texts, pa.string())])
    if pa.types.is_dictionary(kind) and not pa.types.is_string(kind.value_type):
        return _storable(pc.cast(column, kind.value_type))
    return column
