"""Values as columns of the lake: one reader per column type.

A reader takes the values of one column, a list (from JSON) or an Arrow array, and gives them in
the type in which they are stored, with the rows that cannot be read. Whole columns are converted
at once; only where that fails is each value looked at. Missing is None (and NaN where text is
wanted); nothing is guessed: text is not a number, a number is not a time.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import NoReturn, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from watchkeeper.domain.model import ColumnType
from watchkeeper.lake.schemas import STAMP

__all__ = ["LONGEST_TEXT", "Read", "Values", "listed", "read", "read_text", "read_time"]

LONGEST_TEXT = 64 * 1024
_LONGEST_EMBEDDING = 16 * 1024
Values: TypeAlias = Sequence[object] | pa.Array
_SPOKEN = {"nan": math.nan, "infinity": math.inf, "-infinity": -math.inf}
_TRUE, _FALSE = {"true", "1"}, {"false", "0"}


@dataclass(frozen=True, slots=True)
class Read:
    """A column as it is stored: null where ``bad`` or ``oversized`` (row → value) name the row."""

    array: pa.Array
    bad: dict[int, object] = field(default_factory=dict)
    oversized: dict[int, int] = field(default_factory=dict)


def read(values: Values, kind: ColumnType) -> Read:
    """Read a column of a model by its type."""
    return _READERS[kind](values)


def listed(values: Values) -> Sequence[object]:
    """The values as Python objects."""
    found: Sequence[object] = values.to_pylist() if isinstance(values, pa.Array) else values
    return found


def read_text(values: Values) -> Read:
    """Text, and the text of truth values and numbers (``1.0`` reads as ``1``); NaN is missing."""
    quick = isinstance(values, pa.Array)
    array = _quick_text(values) if quick else _converted(values, pa.string())
    return _limited(_each(values, _as_text, pa.string()) if array is None else Read(array))


def read_time(values: Values) -> Read:
    """Times: ISO 8601 text, datetimes, dates. Without an offset they are taken to be in UTC."""
    array = None
    if isinstance(values, pa.Array) and pa.types.is_timestamp(values.type):
        array = _cast(values, STAMP)
    elif isinstance(values, pa.Array) and pa.types.is_date(values.type):
        array = _cast(values, pa.timestamp("us"))
        array = None if array is None else _cast(array, STAMP)
    return _each(values, _as_time, STAMP) if array is None else Read(array)


def _read_number(values: Values) -> Read:
    array = None
    if not isinstance(values, pa.Array):
        array = _converted(values, pa.float64())
    elif _is_number(values.type) or pa.types.is_boolean(values.type):
        array = values.cast(pa.float64(), safe=False)
    return _each(values, _as_number, pa.float64()) if array is None else Read(array)


def _read_truth(values: Values) -> Read:
    array = None
    if not isinstance(values, pa.Array):
        array = _converted(values, pa.bool_())
    elif pa.types.is_boolean(values.type):
        array = values
    return _each(values, _as_truth, pa.bool_()) if array is None else Read(array)


def _read_embedding(values: Values) -> Read:
    kind = pa.list_(pa.float64())
    if isinstance(values, pa.Array):
        array = _cast(values, kind) if _is_list(values.type) else None
    else:
        array = _converted(values, kind)
    found = _each(values, _as_embedding, kind) if array is None else Read(array)
    lengths = pc.list_value_length(found.array).fill_null(0)
    return _without(found, lengths, _LONGEST_EMBEDDING)


def _read_nested(values: Values) -> Read:
    return _limited(_each(values, _as_json, pa.string()))


_READERS: dict[ColumnType, Callable[[Values], Read]] = {
    ColumnType.NUMERIC: _read_number,
    ColumnType.CATEGORICAL: read_text,
    ColumnType.TEXT: read_text,
    ColumnType.BOOLEAN: _read_truth,
    ColumnType.TIMESTAMP: read_time,
    ColumnType.EMBEDDING: _read_embedding,
    ColumnType.UNSUPPORTED: _read_nested,
}


def _converted(values: Sequence[object], kind: pa.DataType) -> pa.Array | None:
    """The whole list at once, or None where some value is not plainly of the type."""
    try:
        found = pa.array(values, kind)
    except (pa.ArrowException, ValueError, TypeError, OverflowError):
        return None
    return found if isinstance(found, pa.Array) else found.combine_chunks()


def _cast(values: pa.Array, kind: pa.DataType) -> pa.Array | None:
    try:
        return values.cast(kind, safe=pa.types.is_list(kind))
    except pa.ArrowException:
        return None


def _quick_text(values: pa.Array) -> pa.Array | None:
    kind = values.type
    if pa.types.is_string(kind):
        return values
    plain = pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    if plain or pa.types.is_integer(kind) or pa.types.is_boolean(kind):
        return _cast(values, pa.string())
    return None


def _each(values: Values, convert: Callable[[object], object], kind: pa.DataType) -> Read:
    bad: dict[int, object] = {}
    good: list[object] = []
    for row, value in enumerate(listed(values)):
        try:
            good.append(None if value is None else convert(value))
        except (ValueError, TypeError, OverflowError):
            good.append(None)
            bad[row] = value
    return Read(pa.array(good, kind), bad)


def _limited(found: Read) -> Read:
    return _without(found, pc.binary_length(found.array).fill_null(0), LONGEST_TEXT)


def _without(found: Read, lengths: pa.Array, most: int) -> Read:
    """Null where a value is longer than ``most``."""
    if len(lengths) == 0 or pc.max(lengths).as_py() <= most:
        return found
    too_long = pc.greater(lengths, most)
    rows = {
        row: lengths[row].as_py() for row, is_long in enumerate(too_long.to_pylist()) if is_long
    }
    kept = pc.if_else(too_long, pa.scalar(None, found.array.type), found.array)
    return Read(kept, found.bad, rows)


def _as_number(value: object) -> float:
    if isinstance(value, str):
        return _SPOKEN[value.lower()] if value.lower() in _SPOKEN else _refuse(value)
    if isinstance(value, bool | int | float | Decimal):
        return float(value)
    return _refuse(value)


def _as_truth(value: object) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float) and value in (0, 1):
        return bool(value)
    if isinstance(value, str) and value.lower() in _TRUE | _FALSE:
        return value.lower() in _TRUE
    return _refuse(value)


def _as_text(value: object) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return _float_text(value)
    if isinstance(value, bytes):
        return value.decode("utf-8")
    if isinstance(value, str):
        value.encode("utf-8")  # half a surrogate pair is no text
        return value
    if isinstance(value, int | Decimal | date):
        return str(value)
    return _refuse(value)


def _float_text(value: float) -> str | None:
    if math.isnan(value):
        return None
    return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)


def _as_time(value: object) -> datetime:
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    return _refuse(value)


def _as_embedding(value: object) -> list[float]:
    if isinstance(value, list | tuple) and not any(isinstance(item, str) for item in value):
        return [_as_number(item) for item in value]
    return _refuse(value)


def _as_json(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    text.encode("utf-8")
    return text


def _refuse(value: object) -> NoReturn:
    raise TypeError(f"not readable: {type(value).__name__}")


def _is_number(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    )


def _is_list(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    )
