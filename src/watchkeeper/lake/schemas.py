"""What the columns of the lake's tables are."""

from __future__ import annotations

import pyarrow as pa

from watchkeeper.domain.model import Column, ColumnType, Model, Policy, Role, Task

__all__ = [
    "DAY",
    "EXTRA",
    "SEQUENCE",
    "STAMP",
    "STATISTICS",
    "label_schema",
    "label_type",
    "possible_names",
    "prediction_schema",
    "quarantine_schema",
    "storage_type",
    "stored_columns",
    "stored_names",
    "typed_name",
]

STAMP = pa.timestamp("us", tz="UTC")
DAY = "_wk_day"
# What a row held beyond the definition, as JSON text; null where it held nothing more.
EXTRA = "_wk_extra"
# The place of a row among all that were moved: it decides ties of `_wk_known_at` for good.
SEQUENCE = "_wk_seq"
# Files are pruned by these alone: statistics of every feature would double the cost of a commit.
STATISTICS = ("_wk_time", "_wk_known_at", "_wk_start", "_wk_end")

_TYPES = {
    ColumnType.NUMERIC: pa.float64(),
    ColumnType.CATEGORICAL: pa.string(),
    ColumnType.TEXT: pa.string(),
    ColumnType.BOOLEAN: pa.bool_(),
    ColumnType.TIMESTAMP: STAMP,
    ColumnType.EMBEDDING: pa.list_(pa.float64()),
    ColumnType.UNSUPPORTED: pa.string(),  # nested values as JSON text
}


def storage_type(column: Column) -> pa.DataType:
    """How a column's values are stored; a hashed or bucketed one may differ from its own type."""
    if column.policy is Policy.HASH:
        return pa.string()
    if column.policy is Policy.BUCKET and column.type in {ColumnType.CATEGORICAL, ColumnType.TEXT}:
        return pa.string()
    return _TYPES[column.type]


def typed_name(name: str, kind: pa.DataType) -> str:
    """Where values of a column are stored whose name is taken by values of another type.

    >>> typed_name("wind", pa.string())
    '_wk_string~wind'
    """
    word = str(kind).partition("[")[0].partition("<")[0]
    return f"_wk_{word}~{name}"


def stored_names(name: str, stored: pa.Schema) -> list[str]:
    """The columns of a table that hold values of one column of the definition, own name first."""
    return [found for found in possible_names(name) if found in stored.names]


def possible_names(name: str) -> list[str]:
    """The columns that may hold values of one column of the definition, own name first."""
    return [name, *sorted({typed_name(name, kind) for kind in {*_TYPES.values()}})]


def stored_columns(model: Model) -> tuple[Column, ...]:
    """The columns of the definition that the predictions table holds: all but labels and dropped."""
    return tuple(
        column
        for column in model.columns
        if column.role is not Role.LABEL and column.policy is not Policy.DROP
    )


def prediction_schema(model: Model) -> pa.Schema:
    """The system columns, then the model's own."""
    system = [
        pa.field("_wk_id", pa.string()),
        pa.field("_wk_time", STAMP),
        pa.field("_wk_known_at", STAMP),
        pa.field("_wk_version", pa.string()),
        pa.field("_wk_arm", pa.string()),
        pa.field("_wk_latency_ms", pa.float64()),
        pa.field("_wk_error", pa.string()),
        pa.field("_wk_trace_id", pa.string()),
        pa.field("_wk_span_id", pa.string()),
        pa.field("_wk_sampled", pa.float64()),  # the share it was sampled with; null: all are kept
        pa.field("_wk_batch", pa.string()),
        pa.field(EXTRA, pa.string()),
        pa.field(DAY, pa.date32()),
    ]
    own = [pa.field(column.name, storage_type(column)) for column in stored_columns(model)]
    return pa.schema(system + own)


def label_type(model: Model) -> pa.DataType:
    """How the truth is stored: a number for regression, else text."""
    return pa.float64() if model.task is Task.REGRESSION else pa.string()


def label_schema(model: Model) -> pa.Schema:
    """The columns of the labels table; ``_wk_day`` is the prediction's day, null while unknown."""
    return pa.schema(
        [
            pa.field("_wk_id", pa.string()),
            pa.field("_wk_label", label_type(model)),
            pa.field("_wk_label_time", STAMP),
            pa.field("_wk_known_at", STAMP),
            pa.field("_wk_batch", pa.string()),
            pa.field(DAY, pa.date32()),
        ]
    )


def quarantine_schema() -> pa.Schema:
    """The columns of the quarantine; ``_wk_day`` is the day on which the row was received."""
    return pa.schema(
        [
            pa.field("_wk_batch", pa.string()),
            pa.field("_wk_known_at", STAMP),
            pa.field("_wk_kind", pa.string()),
            pa.field("_wk_reason", pa.string()),
            pa.field("_wk_detail", pa.string()),
            pa.field("_wk_row", pa.string()),
            pa.field(DAY, pa.date32()),
        ]
    )
