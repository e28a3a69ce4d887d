"""Values that came before the definition knew their column, kept as JSON text beside the row.

Once a definition names the column they are read from there, so that nothing has to be stored anew.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc

from watchkeeper.lake.schemas import EXTRA

__all__ = ["read_as", "with_extras"]


def with_extras(rows: pa.Table, stored: pa.Table) -> pa.Table:
    """The rows with what ``stored`` (the same rows) kept beside them, where a column is null."""
    if EXTRA not in stored.column_names or stored.column(EXTRA).null_count == stored.num_rows:
        return rows
    kept = [json.loads(text) if text else {} for text in stored.column(EXTRA).to_pylist()]
    names = set().union(*kept)
    for place, field in enumerate(rows.schema):
        if field.name in names:
            values = [read_as(row.get(field.name), field.type) for row in kept]
            whole = pc.coalesce(rows.column(place), pa.array(values, field.type))
            rows = rows.set_column(place, field, whole)
    return rows


def read_as(value: object, kind: pa.DataType) -> object:
    """A plain value as a column of the type holds it; None where it cannot."""
    if value is None:
        return None
    for holds, read in _READERS:
        if holds(kind):
            try:
                return read(value)
            except (ValueError, TypeError, OverflowError):
                return None
    return None


def _number(value: object) -> float:
    if isinstance(value, str | bool | int | float):
        return float(value)
    raise TypeError


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value if isinstance(value, str) else json.dumps(value, default=str)


def _truth(value: object) -> bool:
    if value in (True, False, "true", "false", "True", "False"):
        return value in (True, "true", "True")
    raise ValueError


def _moment(value: object) -> datetime:
    found = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _numbers(value: object) -> list[float]:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_number(item) for item in value]
    raise TypeError


_READERS = (
    (pa.types.is_floating, _number),
    (pa.types.is_string, _text),
    (pa.types.is_boolean, _truth),
    (pa.types.is_timestamp, _moment),
    (pa.types.is_list, _numbers),
)
