"""From their names to ours, and which of a row's words are given."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from watchkeeper.domain.model import ColumnType, Model, Role, Task

__all__ = ["gives", "renamed", "renamed_table", "types_of"]

_ROLES = {"id": Role.PREDICTION_ID, "time": Role.TIME}


def renamed(row: Mapping[str, object], columns: Mapping[str, str]) -> Mapping[str, object]:
    """The row under our names. ``columns`` maps ours to theirs; a name with dots that is no key
    leads into nested objects: ``input.age``. What they lack stays missing.
    """
    if not columns:
        return row
    theirs = set(columns.values())
    found = {name: value for name, value in row.items() if name not in theirs}
    for ours, name in columns.items():
        value = row[name] if name in row else _inside(row, name)
        if value is not None:
            found[ours] = value
    return found


def renamed_table(table: pa.Table, columns: Mapping[str, str]) -> pa.Table:
    """The table under our names."""
    ours = {theirs: name for name, theirs in columns.items()}
    return table.rename_columns([ours.get(name, name) for name in table.column_names])


def gives(row: Mapping[str, object], word: str, model: Model) -> bool:
    """Whether a row says its ``id`` or its ``time``, however it is spelt."""
    column = model.only(_ROLES[word])
    names = (word, f"_wk_{word}", column.name if column else word)
    return any(row.get(name) is not None for name in names)


def types_of(model: Model) -> dict[str, ColumnType]:
    """What the values under our names are, for formats that know only text."""
    words: dict[str, ColumnType] = {"latency_ms": ColumnType.NUMERIC, "score": ColumnType.NUMERIC}
    prediction = model.only(Role.PREDICTION)
    if prediction is not None:
        words["prediction"] = prediction.type
    if model.task is Task.REGRESSION:
        words["label"] = ColumnType.NUMERIC
    return {**words, **{column.name: column.type for column in model.columns}}


def _inside(row: Mapping[str, object], path: str) -> object:
    value: object = row
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value
