"""Predictions as `InferenceData` events: one for each value, as New Relic's model pages read them.

Every event of a prediction carries its ``inference_id``. Values of features are told with their
type, the model's answer and later the truth as labels. Of many predictions a share is told, chosen
by the id, so that answer and truth of one are told or left out together; the share stands in each
event, for whoever counts.

References
----------
New Relic, "Event API": limits on events; ``ml-performance-monitoring``, the events' names.
"""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TypeAlias

import pyarrow as pa

from watchkeeper.domain.model import Column, ColumnType, Model, Role

__all__ = ["Event", "encode_events", "is_sampled", "label_events", "prediction_events"]

Event: TypeAlias = Mapping[str, str | float | int]
_LONGEST_NAME, _LONGEST_VALUE, _MOST_ATTRIBUTES = 255, 4_096, 255
_TYPES = {
    ColumnType.NUMERIC: "numeric",
    ColumnType.BOOLEAN: "bool",
    ColumnType.TIMESTAMP: "datetime",
    ColumnType.CATEGORICAL: "categorical",
    ColumnType.TEXT: "categorical",
}
_PROVIDER = "nr_performance_monitoring"
_ONE = 2**32


def is_sampled(identity: str, share: float) -> bool:
    """Whether a prediction is told: the same for its answer and its truth, wherever it is asked."""
    return zlib.crc32(identity.encode("utf-8", "replace")) < share * _ONE


def prediction_events(model: Model, rows: pa.Table, share: float) -> Iterator[Event]:
    """The events of those of the rows, as they are stored, that are sampled."""
    features = [
        column
        for column in model.with_role(Role.FEATURE, Role.SEGMENT)
        if column.type in _TYPES and column.name in rows.column_names
    ]
    answers = [
        column
        for column in model.with_role(Role.PREDICTION, Role.SCORE)
        if column.type in _TYPES and column.name in rows.column_names
    ]
    for place, row in enumerate(_sampled(rows, share).to_pylist()):
        about = _about(model, row, share, place)
        for column in features:
            value = _value(row[column.name])
            if value is not None:
                yield _event(about, "feature", column, value)
        for column in answers:
            value = _value(row[column.name])
            if value is not None:
                yield _event(about, "label", column, value)


def label_events(model: Model, rows: pa.Table, share: float) -> Iterator[Event]:
    """The truths of sampled predictions, as events."""
    label = model.only(Role.LABEL)
    named = "label" if label is None else label.name
    for place, row in enumerate(_sampled(rows, share).to_pylist()):
        value = _value(row["_wk_label"])
        if value is not None:
            kind = ColumnType.NUMERIC if isinstance(value, float) else ColumnType.CATEGORICAL
            about = _about(model, {**row, "_wk_time": row["_wk_known_at"]}, share, place)
            yield {**_event(about, "label", Column(named, kind), value), "label_kind": "truth"}


def encode_events(events: Sequence[Event]) -> bytes:
    """Events as the Event API takes them."""
    return json.dumps(events, separators=(",", ":"), allow_nan=False).encode()


def _sampled(rows: pa.Table, share: float) -> pa.Table:
    if share >= 1.0:
        return rows
    kept = [is_sampled(identity or "", share) for identity in rows.column("_wk_id").to_pylist()]
    return rows.filter(pa.array(kept, pa.bool_()))


def _about(
    model: Model, row: Mapping[str, object], share: float, place: int
) -> dict[str, str | float | int]:
    moment = row.get("_wk_time")
    found: dict[str, str | float | int] = {
        "eventType": "InferenceData",
        "inference_id": _cut(str(row["_wk_id"])),
        "modelName": _cut(model.name),
        "batch.index": place,
        "instrumentation.provider": _PROVIDER,
        "watchkeeper.sample.share": share,
    }
    for name, theirs in (
        ("_wk_version", "model_version"),
        ("_wk_batch", "request_id"),
        ("_wk_trace_id", "trace.id"),
        ("_wk_span_id", "span.id"),
    ):
        if row.get(name):
            found[theirs] = _cut(str(row[name]))
    if isinstance(moment, datetime):
        found["timestamp"] = int(moment.timestamp() * 1_000)
    return found


def _event(
    about: Mapping[str, str | float | int], word: str, column: Column, value: str | float
) -> Event:
    return {
        **about,
        f"{word}_name": column.name[:_LONGEST_NAME],
        f"{word}_type": _TYPES.get(column.type, "categorical"),
        f"{word}_value": value,
    }


def _value(value: object) -> str | float | None:
    """A value as an event may hold it: a number or a text; None for what is missing or no number."""
    if value is None:
        return None
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, int | float):
        return float(value) if math.isfinite(value) else None
    return _cut(value.isoformat() if isinstance(value, datetime) else str(value))


def _cut(text: str) -> str:
    return text.encode("utf-8", "replace").decode()[:_LONGEST_VALUE]
