"""Columns as expressions: what a stored column means as a number, a category, a cell of the grid.

Every engine runs these; nothing here depends on one. A number is always float64. Text that should
hold numbers is cast value by value, and what cannot be cast is *invalid*, which is not missing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.operations as ops

from watchkeeper.domain.model import ColumnType
from watchkeeper.profiles.engine import supports

__all__ = [
    "INVALID",
    "NAN",
    "NEG_INF",
    "POS_INF",
    "Reading",
    "as_category",
    "as_number",
    "grid_cell",
    "is_nan",
    "is_nested",
    "same_text",
]

# Cells of values that the grid has no place for; real cells lie within ± 70,979.
NAN, POS_INF, NEG_INF, INVALID = 1_000_001, 1_000_002, 1_000_003, 1_000_004

_LARGEST = 1.7976931348623157e308
_FAR = 1e8  # beyond it z² + 1 = z² in float64, and z² may overflow
_HALF_LARGEST = 8.9e307  # twice this is still finite


@dataclass(frozen=True, slots=True)
class Reading:
    """A column as values of one kind; ``invalid`` marks present values that are not of it."""

    value: ibis.Value
    invalid: ibis.Value | None = None


def as_number(table: ibis.Table, name: str, kind: ColumnType) -> Reading:  # noqa: PLR0911  # by type
    """The column as float64: text by its length, an embedding by its Euclidean norm."""
    column = table[name]
    stored = column.type()
    if stored.is_floating() or stored.is_integer() or stored.is_decimal():
        return Reading(column if stored.is_float64() else column.cast(dt.float64))
    if stored.is_boolean():
        return Reading(column.cast(dt.int8).cast(dt.float64))
    if stored.is_null():
        return Reading(ibis.null(dt.float64))
    if stored.is_string() and kind is ColumnType.TEXT:
        return Reading(column.length().cast(dt.float64))
    if stored.is_array() and stored.value_type.is_numeric() and kind is ColumnType.EMBEDDING:
        square = column.map(lambda x: x.cast(dt.float64) * x.cast(dt.float64))
        return Reading(square.sums().sqrt())
    if stored.is_string():
        return _parsed(table, column)
    return Reading(ibis.null(dt.float64), column.notnull())


def _parsed(table: ibis.Table, column: ibis.Value) -> Reading:
    if supports(table, ops.TryCast):
        value = column.try_cast(dt.float64)
    else:
        number = column.re_search(r"^\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*$")
        value = ibis.cases((number, column.cast(dt.float64)), else_=ibis.null(dt.float64))
    return Reading(value, column.notnull() & value.isnull())


def is_nan(value: ibis.Value) -> ibis.Value:
    """Whether a number is NaN; never on an engine that has none (SQLite)."""
    return value.isnan() if supports(value, ops.IsNan) else ibis.literal(False)


def is_nested(column: ibis.Value) -> bool:
    """Whether the column's values cannot be compared as text: lists, records, bytes."""
    stored = column.type()
    return not (
        stored.is_primitive()
        or stored.is_string()
        or stored.is_temporal()
        or stored.is_decimal()
        or stored.is_uuid()
        or stored.is_null()
    )


def as_category(column: ibis.Value) -> ibis.Value:
    """A value as text. Apply it after grouping; `texts.canonical` makes numbers alike after."""
    stored = column.type()
    if stored.is_string():
        return column
    if stored.is_boolean():
        return ibis.cases((column, "true"), (~column, "false"))
    if stored.is_null():
        return ibis.null(dt.string)
    return column.cast(dt.string)


def same_text(column: ibis.Value, text: str) -> ibis.Value:
    """Whether the value equals ``text`` once both are text; null where it is missing."""
    stored = column.type()
    if stored.is_string():
        return column == text
    if stored.is_boolean():
        wanted = {"true": True, "1": True, "false": False, "0": False}.get(text)
        return ibis.literal(False) if wanted is None else column == wanted
    if stored.is_numeric():
        number = _number(text)
        if number is None:
            return ibis.literal(False)
        return column == (int(number) if stored.is_integer() and number == int(number) else number)
    return column.cast(dt.string) == text


def _number(text: str) -> float | None:
    try:
        number = {"true": 1.0, "false": 0.0}[text] if text in ("true", "false") else float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def grid_cell(x: ibis.Value, z: ibis.Value, *, invalid: ibis.Value | None) -> ibis.Value:
    """The asinh grid's cell of ``z`` (int64); null where missing, a mark for NaN, ±inf, invalid.

    ``x`` is the value and ``z = (x − center)/scale``. The formula stands in `NumericBinning`.
    """
    size = z.abs()
    near = (100.0 * z.sign() * (size + (z * z + 1.0).sqrt()).ln() + 0.5).floor()
    # A finite value may lie so far out that z is infinite: it counts in the last cell.
    far = (100.0 * z.sign() * (2.0 * ibis.least(size, _HALF_LARGEST)).ln() + 0.5).floor()
    marked = [] if invalid is None else [(invalid, ibis.literal(INVALID, dt.int64))]
    return ibis.cases(
        (size <= _FAR, near),
        (is_nan(x), ibis.literal(NAN, dt.int64)),
        (x > _LARGEST, ibis.literal(POS_INF, dt.int64)),
        (x < -_LARGEST, ibis.literal(NEG_INF, dt.int64)),
        *marked,
        else_=far,
    )
