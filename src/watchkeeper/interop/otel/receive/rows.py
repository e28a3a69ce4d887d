"""From items to rows of a model.

A column is what the source's ``columns`` say it is called; else the value of its own name, else of
one of the names that the conventions know it under. What the model has no column for is left out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase

from watchkeeper.domain.model import ColumnType, Model
from watchkeeper.domain.source import Source, SourceRows
from watchkeeper.interop.otel.receive.conventions import ALIASES
from watchkeeper.interop.otel.receive.item import Item

__all__ = ["row_of", "takes"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Words of the system that a source may map, and under which it is told apart from a column.
_WORDS = ("id", "time", "version", "arm", "latency_ms", "error", "trace_id", "prediction", "score", "label")  # fmt: skip


def takes(source: Source, item: Item) -> bool:
    """Whether an item is of a source.

    By the patterns of its ``service`` (``service.name``), ``named`` (of the span or event) and
    ``served`` (the model server's name of the model). A source that says none of them takes the
    requests for a model of its own model's name.
    """
    service, name, served = (source.text(option) for option in ("service", "named", "served"))
    if not (service or name or served):
        served = source.model
    if service and not fnmatchcase(item.service, service):
        return False
    if name and not fnmatchcase(item.name, name):
        return False
    if served:
        return item.served is not None and fnmatchcase(item.served.model, served)
    # Of all that a service does only what a model server answers, unless it is told by name.
    return bool(name) or item.served is not None or item.seconds is None


def row_of(item: Item, source: Source, model: Model) -> dict[str, object]:
    """The row that an item becomes."""
    row: dict[str, object] = {}
    for column in model.columns:
        value = _value(column.name, item, source)
        if value is not None:
            row[column.name] = _as(value, column.type)
    row |= _system(item, source)
    for word in _WORDS:
        theirs = source.columns.get(word)
        value = None if theirs is None else _plain(item.values.get(theirs))
        if value is not None:
            row[f"_wk_{word}"] = value
    return {name: value for name, value in row.items() if value is not None}


def _system(item: Item, source: Source) -> dict[str, object]:
    served = item.served
    identity = served.identity if served is not None else None
    if identity is None and item.trace_id and item.span_id and item.seconds is not None:
        identity = f"{item.trace_id}:{item.span_id}"
    moment = _moment(item.time)
    if source.rows is SourceRows.LABELS:
        return {"_wk_id": identity, "_wk_label_time": moment}
    return {
        "_wk_id": identity,
        "_wk_time": moment,
        "_wk_version": served.version if served is not None else None,
        "_wk_latency_ms": None if item.seconds is None else item.seconds * 1_000.0,
        "_wk_error": item.error,
        "_wk_trace_id": item.trace_id,
        "_wk_span_id": item.span_id,
    }


def _value(column: str, item: Item, source: Source) -> object:
    theirs = source.columns.get(column)
    names = (theirs,) if theirs is not None else (column, *ALIASES.get(column, ()))
    for name in names:
        value = item.values.get(name)
        if value is not None:
            return _plain(value)
    return None


def _plain(value: object) -> object:
    """A list of one is that one; what else has parts is told as JSON."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    return json.dumps(value) if isinstance(value, Mapping) else value


def _as(value: object, kind: ColumnType) -> object:
    """A value as its column has it: attributes are often text, whatever they hold."""
    if kind is ColumnType.NUMERIC and isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return value
    if kind in (ColumnType.CATEGORICAL, ColumnType.TEXT) and isinstance(value, list):
        return json.dumps(value)
    return value


def _moment(nanoseconds: int) -> str | None:
    if not nanoseconds:
        return None
    try:
        return (_EPOCH + timedelta(microseconds=nanoseconds // 1_000)).isoformat()
    except OverflowError:
        return None
