"""Rows checked against the model's definition: what may be stored, and what may not and why.

A row is accepted whole or not at all. A value that its column's type cannot hold rejects the row:
a half-understood row must not look like a row with a missing value. Columns that the definition
does not know are left out and noted, columns that no row of the batch has are null and noted:
both are evidence for the schema monitor, not faults of the rows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from watchkeeper.domain.model import Column, ColumnType, Model, Role, Task
from watchkeeper.domain.sending import Sending
from watchkeeper.ingest.content import mint_id, row_contents
from watchkeeper.ingest.policies import apply_policy
from watchkeeper.ingest.reading import (
    LONGEST_TEXT,
    Read,
    Values,
    listed,
    read,
    read_text,
    read_time,
)
from watchkeeper.ingest.reasons import Reason, Refused, Rejections, show
from watchkeeper.ingest.rows import Batch, RowKind
from watchkeeper.ingest.traced import traced
from watchkeeper.lake.schemas import STAMP, label_type, stored_columns

__all__ = ["Arrival", "Checked", "check"]

Ints = npt.NDArray[np.int64]
LONGEST_ID = 256
_MOST_UNKNOWN = 100
_FUTURE = timedelta(days=1)
_MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LABEL_KEY = "label"


@dataclass(frozen=True, slots=True)
class Arrival:
    """How a batch came: when, under what name from whom, the secret of hashed columns, and what
    its client said about itself.
    """

    known_at: datetime
    sender: str
    batch: str
    pepper: bytes
    received_at: datetime | None = None  # the wall's time; None: it is known_at
    sending: Sending | None = None
    trace: str | None = None  # the traceparent of its arrival, where that is traced


@dataclass(frozen=True, slots=True)
class Checked:
    """A batch, checked. Arrays and columns have one entry per row as it came.

    ``ids`` are text, minted where none was given, null where the row is rejected for its id.
    ``micros`` is each row's event time (labels: unused), ``contents`` a number for what it says
    apart from its label, ``label_contents`` one for its label.
    ``columns`` hold what may be stored, garbage where the row is rejected. ``labels`` is the
    truth that came with predictions (null where it did not), or that label rows are about.
    """

    ids: pa.Array
    micros: Ints
    contents: Ints
    columns: Mapping[str, pa.Array]
    labels: pa.Array | None
    label_contents: Ints
    rejections: Rejections
    unknown: Mapping[str, Ints]
    missing: tuple[str, ...]


def check(batch: Batch, kind: RowKind, model: Model, arrival: Arrival) -> Checked:
    """Check every row of a batch; bad rows are rejected, the others unharmed."""
    rejections = Rejections()
    for row, value in batch.broken.items():
        if isinstance(value, Refused):
            rejections.add(row, value.reason, value.detail)
            continue
        rejections.add(
            row, Reason.BAD_ROW, f"a row must map column names to values, got {show(value)}"
        )
    if kind is RowKind.LABELS:
        return _check_labels(batch, model, arrival, rejections)
    return _check_predictions(batch, model, arrival, rejections)


def _check_predictions(
    batch: Batch, model: Model, arrival: Arrival, rejections: Rejections
) -> Checked:
    times, micros = _times(batch, batch.system("time", model), arrival, rejections)
    ids = _minted(_ids(batch, model, rejections), micros, rejections, arrival)
    system = {
        "_wk_time": times,
        "_wk_version": _text(batch, "version", model, rejections),
        "_wk_arm": _text(batch, "arm", model, rejections),
        "_wk_latency_ms": _number(batch, "latency_ms", model, rejections),
        "_wk_error": _text(batch, "error", model, rejections),
        **traced(
            _text(batch, "trace_id", model, rejections), _text(batch, "span_id", model, rejections)
        ),
        "_wk_sampled": _number(batch, "sampled", model, rejections),
    }
    own = {
        column.name: apply_policy(
            column,
            times if column == model.only(Role.TIME) else _own(batch, column, model, rejections),
            arrival.pepper,
        )
        for column in stored_columns(model)
    }
    labels = _labels(batch, model, rejections, required=False)
    filled = pa.array(micros, pa.int64()).cast(STAMP)
    return Checked(
        ids=ids,
        micros=micros,
        contents=row_contents({**own, **system}, batch.size),
        columns={**system, **own, "_wk_time": filled},
        labels=labels,
        label_contents=_label_contents(labels, batch.size),
        rejections=rejections,
        unknown=_unknown(batch, model),
        missing=tuple(c.name for c in stored_columns(model) if _given(batch, c, model) is None),
    )


def _check_labels(batch: Batch, model: Model, arrival: Arrival, rejections: Rejections) -> Checked:
    given = batch.system("label_time", model)
    if given is None:
        given = batch.columns.get("_wk_time", batch.columns.get("time") if batch.plain else None)
    times, micros = _times(batch, given, arrival, rejections)
    ids = _ids(batch, model, rejections)
    for row in np.flatnonzero(ids.is_null().to_numpy(zero_copy_only=False)).tolist():
        rejections.add(row, Reason.MISSING_ID, "a label must name its prediction: give its id")
    labels = _labels(batch, model, rejections, required=True)
    if labels is None:
        labels = pa.nulls(batch.size, label_type(model))
    return Checked(
        ids=ids,
        micros=micros,
        contents=row_contents({}, batch.size),
        columns={"_wk_label_time": times},
        labels=labels,
        label_contents=_label_contents(labels, batch.size),
        rejections=rejections,
        unknown={},
        missing=(),
    )


def _times(
    batch: Batch, values: Values | None, arrival: Arrival, rejections: Rejections
) -> tuple[pa.Array, Ints]:
    """The times that were given, null where not; and each row's time, by default its arrival's."""
    found = read_time(values) if values is not None else Read(pa.nulls(batch.size, STAMP))
    for row, value in found.bad.items():
        rejections.add(row, Reason.BAD_TIME, f"a time must be ISO 8601 text, got {show(value)}")
    now = (arrival.known_at - _EPOCH) // _MICROSECOND
    micros = found.array.cast(pa.int64()).fill_null(now).to_numpy().copy()
    latest = now + _FUTURE // _MICROSECOND
    for row in np.flatnonzero(micros > latest).tolist():
        rejections.add(
            row,
            Reason.FUTURE_TIME,
            f"a time must not be over a day after the row was received, at {arrival.known_at}; "
            f"got {found.array[row].as_py()}: check the clock and the time zone",
        )
    for row in np.flatnonzero(micros < 0).tolist():
        rejections.add(row, Reason.BAD_TIME, "a time must not be before 1970")
    micros[(micros > latest) | (micros < 0)] = now
    return found.array, micros


def _ids(batch: Batch, model: Model, rejections: Rejections) -> pa.Array:
    """The ids as text, null where none was given or it is none."""
    values = batch.system("id", model)
    if values is None:
        return pa.nulls(batch.size, pa.string())
    plain = _plain_ids(values)
    if plain is not None:
        lengths = pc.min_max(pc.utf8_length(plain)).as_py()
        if lengths["min"] is None or 0 < lengths["min"] <= lengths["max"] <= LONGEST_ID:
            return plain
    found = [_id(row, value, rejections) for row, value in enumerate(listed(values))]
    return pa.array(found, pa.string())


def _plain_ids(values: Values) -> pa.Array | None:
    """A whole column of ids at once, or None where each has to be looked at."""
    if isinstance(values, pa.Array):
        kind = values.type
        text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
        return values.cast(pa.string()) if text or pa.types.is_integer(kind) else None
    if not all(type(value) is str for value in values):
        return None
    try:
        return pa.array(values, pa.string())
    except (pa.ArrowException, ValueError):
        return None


def _id(row: int, value: object, rejections: Rejections) -> str | None:
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value or not _is_text(value):
        rejections.add(
            row, Reason.BAD_ID, f"an id must be text or a whole number, got {show(value)}"
        )
        return None
    if len(value) > LONGEST_ID:
        rejections.add(
            row,
            Reason.ID_TOO_LONG,
            f"an id must have at most {LONGEST_ID} characters, got {len(value)}",
        )
        return None
    return value


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _minted(ids: pa.Array, micros: Ints, rejections: Rejections, arrival: Arrival) -> pa.Array:
    """The ids, with one for each sound row that has none: a retry mints the same."""
    if ids.null_count == 0:
        return ids
    absent = ids.is_null().to_numpy(zero_copy_only=False) & ~rejections.mask(len(ids))
    found = ids.to_pylist()
    for row in np.flatnonzero(absent).tolist():
        seed = f"{arrival.sender}\x00{arrival.batch}\x00{row}"
        found[row] = mint_id(seed, int(micros[row]))
    return pa.array(found, pa.string())


def _given(batch: Batch, column: Column, model: Model) -> Values | None:
    """A column's values as they came, under its own name or the plain word of its role."""
    word = _WORDS.get(column.role)
    if column.role is Role.SCORE:
        return _scores(batch, column, model)
    if word is not None and model.only(column.role) == column:
        return batch.system(word, model)
    return batch.columns.get(column.name)


_WORDS = {
    Role.PREDICTION_ID: "id",
    Role.TIME: "time",
    Role.VERSION: "version",
    Role.ARM: "arm",
    Role.LATENCY: "latency_ms",
    Role.ERROR: "error",
    Role.PREDICTION: "prediction",
}


def _scores(batch: Batch, column: Column, model: Model) -> Values | None:
    """One class's score: by its column, or by its class in a mapping of scores."""
    if column.name in batch.columns:
        return batch.columns[column.name]
    values = batch.system("score", model)
    if values is None or isinstance(values, pa.Array):
        return values if model.only(Role.SCORE) == column else None
    whole = model.only(Role.SCORE) == column
    return [
        value.get(column.score_of) if isinstance(value, Mapping) else value if whole else None
        for value in values
    ]


def _own(batch: Batch, column: Column, model: Model, rejections: Rejections) -> pa.Array:
    values = _given(batch, column, model)
    if values is None:
        return read([None] * batch.size, column.type).array
    found = read(values, column.type)
    _reject(found, f"column {column.name!r} ({column.type})", rejections)
    return found.array


def _text(batch: Batch, word: str, model: Model, rejections: Rejections) -> pa.Array:
    values = batch.system(word, model)
    if values is None:
        return pa.nulls(batch.size, pa.string())
    found = read_text(values)
    _reject(found, f"{word} (text)", rejections)
    return found.array


def _number(batch: Batch, word: str, model: Model, rejections: Rejections) -> pa.Array:
    values = batch.system(word, model)
    if values is None:
        return pa.nulls(batch.size, pa.float64())
    found = read(values, ColumnType.NUMERIC)
    _reject(found, f"{word} (numeric)", rejections)
    return found.array


def _reject(found: Read, what: str, rejections: Rejections) -> None:
    for row, value in found.bad.items():
        rejections.add(row, Reason.BAD_TYPE, f"{what} cannot hold {show(value)}")
    for row, length in found.oversized.items():
        rejections.add(
            row,
            Reason.OVERSIZED_VALUE,
            f"{what} holds at most {LONGEST_TEXT} bytes of text, got {length}",
        )


def _labels(
    batch: Batch, model: Model, rejections: Rejections, *, required: bool
) -> pa.Array | None:
    """The truth, as it is stored; null where a row has none."""
    values = batch.system("label", model)
    if values is None:
        values = [None] * batch.size
        if not required:
            return None
    regression = model.task is Task.REGRESSION
    column = model.only(Role.LABEL)
    found = read(values, ColumnType.NUMERIC) if regression else _class_text(values, column)
    for row, value in found.bad.items():
        rejections.add(row, Reason.BAD_LABEL, f"this cannot be a label: {show(value)}")
    for row, length in found.oversized.items():
        rejections.add(
            row, Reason.OVERSIZED_VALUE, f"a label holds at most {LONGEST_TEXT} bytes, got {length}"
        )
    if regression:
        wrong = pc.invert(pc.is_finite(found.array)).fill_null(False)
        for row in np.flatnonzero(wrong.to_numpy(zero_copy_only=False)).tolist():
            rejections.add(row, Reason.BAD_LABEL, f"a label must be finite, got {found.array[row]}")
    if required:
        absent = np.flatnonzero(found.array.is_null().to_numpy(zero_copy_only=False))
        for row in absent.tolist():
            rejections.add(row, Reason.MISSING_LABEL, "a label row must say the truth")
    return found.array


def _class_text(values: Values, column: Column | None) -> Read:
    """Classes as text, of values that the label's column can hold; NaN is no class."""
    kind = ColumnType.CATEGORICAL if column is None else column.type
    found = read(values, kind if kind in _CLASS_TYPES else ColumnType.CATEGORICAL)
    text = read_text(found.array)
    lost = {
        row: value
        for row, value in enumerate(listed(values))
        if isinstance(value, float) and math.isnan(value)
    }
    return Read(text.array, {**found.bad, **lost}, {**found.oversized, **text.oversized})


_CLASS_TYPES = (ColumnType.NUMERIC, ColumnType.BOOLEAN)


def _unknown(batch: Batch, model: Model) -> dict[str, Ints]:
    names = batch.unknown(model)[:_MOST_UNKNOWN]
    return {name: batch.present(name) for name in names}


def _label_contents(labels: pa.Array | None, rows: int) -> Ints:
    return row_contents({} if labels is None else {_LABEL_KEY: labels}, rows)
