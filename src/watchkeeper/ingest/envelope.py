"""A checked batch as it waits in the inbox: Arrow bytes, counts by window, notes on columns."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from watchkeeper.catalog.accounting import BatchAccount
from watchkeeper.catalog.inbox import InboxBatch
from watchkeeper.catalog.windows import ColumnNote, Tally
from watchkeeper.domain.model import Model
from watchkeeper.domain.tracing import SpanRef
from watchkeeper.domain.window import Window
from watchkeeper.ingest.known_ids import UNKNOWN, Settled
from watchkeeper.ingest.policies import cleaned_row
from watchkeeper.ingest.reading import LONGEST_TEXT, listed
from watchkeeper.ingest.reasons import Rejection
from watchkeeper.ingest.rows import Batch, RowKind
from watchkeeper.ingest.validate import Arrival, Checked
from watchkeeper.lake.schemas import (
    EXTRA,
    STAMP,
    label_schema,
    prediction_schema,
    quarantine_schema,
)
from watchkeeper.profiles.arrays import indices
from watchkeeper.sdk.trace import span_of

__all__ = ["pack", "packed_table", "span_of_table", "unpacked_table"]

Ints = npt.NDArray[np.int64]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_DAY_MICROS = timedelta(days=1) // _MICROSECOND
_LONGEST_SHOWN = 4096
_TRACE = b"traceparent"
_LONGEST_NAME = 300
# A third less to write, twice, for a tenth of what a row costs in all.
_PACKED = pa.ipc.IpcWriteOptions(compression="lz4", use_threads=False)


def pack(
    batch: Batch,
    checked: Checked,
    settled: Settled,
    *,
    kind: RowKind,
    model: Model,
    arrival: Arrival,
) -> InboxBatch:
    """Everything that a batch leaves behind, ready to be moved to the lake."""
    rejections = checked.rejections.all()
    return InboxBatch(
        model=model.name,
        batch=arrival.batch,
        known_at=arrival.known_at,
        predictions=packed_table(
            _predictions(batch, checked, settled, model, arrival), arrival.trace
        ),
        labels=packed_table(_labels(checked, settled, model, arrival), arrival.trace),
        quarantine=packed_table(
            quarantined(
                list(zip(rejections, batch.rows([r.row for r in rejections]), strict=True)),
                kind=kind.value,
                model=model,
                arrival=arrival,
            )
        ),
        tallies=_tallies(checked, settled, kind, model),
        notes=_notes(checked, model),
        account=_account(batch, checked, settled, kind=kind, arrival=arrival),
    )


def _account(
    batch: Batch, checked: Checked, settled: Settled, *, kind: RowKind, arrival: Arrival
) -> BatchAccount:
    accepted, rejected, duplicate = settled.counts
    rows = settled.prediction_rows if kind is RowKind.PREDICTIONS else settled.label_rows
    micros = checked.micros[rows]
    times = [_EPOCH + int(edge(micros)) * _MICROSECOND for edge in (np.min, np.max) if len(rows)]
    since, until = times or (None, None)
    return BatchAccount(
        kind.value,
        arrival.known_at,
        arrival.received_at or arrival.known_at,
        received=batch.size,
        accepted=accepted,
        duplicate=duplicate,
        rejected=rejected,
        labels=len(settled.label_rows),
        quarantined=rejected,
        since=since,
        until=until,
        sending=arrival.sending,
    )


def packed_table(table: pa.Table, trace: str | None = None) -> bytes | None:
    """A table as an Arrow IPC stream, with the ``traceparent`` of its arrival beside it; None where
    it has no rows.
    """
    if table.num_rows == 0:
        return None
    if trace is not None:
        table = table.replace_schema_metadata({_TRACE: trace})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=_PACKED) as stream:
        stream.write_table(table)
    return bytes(sink.getvalue())


def unpacked_table(data: bytes) -> pa.Table:
    """The table that `packed_table` wrote."""
    with pa.ipc.open_stream(data) as stream:
        return stream.read_all().replace_schema_metadata(None)


def span_of_table(data: bytes | None) -> SpanRef | None:
    """The span in which a packed table arrived; None where that was not traced."""
    if data is None:
        return None
    with pa.ipc.open_stream(data) as stream:
        told = (stream.schema.metadata or {}).get(_TRACE)
    return None if told is None else span_of(told.decode())


def _predictions(
    batch: Batch, checked: Checked, settled: Settled, model: Model, arrival: Arrival
) -> pa.Table:
    rows = settled.prediction_rows
    schema = prediction_schema(model)
    if len(rows) == 0:
        return schema.empty_table()
    held = dict(checked.columns)
    held["_wk_id"] = checked.ids
    if len(rows) < batch.size:
        at = indices(rows)
        held = {name: array.take(at) for name, array in held.items()}
    held.update(_stamps(arrival, len(rows)))
    held[EXTRA] = _extra(batch, checked, rows)
    held["_wk_day"] = _days(checked.micros[rows])
    return pa.Table.from_arrays([held[name] for name in schema.names], schema=schema)


def _extra(batch: Batch, checked: Checked, rows: Ints) -> pa.Array:
    """What rows held beyond the definition: kept, so that a later definition finds it."""
    if not checked.unknown:
        return pa.nulls(len(rows), pa.string())
    columns = {name: listed(batch.columns[name]) for name in checked.unknown}
    texts = []
    for row in rows.tolist():
        held = {name: values[row] for name, values in columns.items() if values[row] is not None}
        text = json.dumps(held, default=str)
        if len(text) > LONGEST_TEXT:
            text = json.dumps(_short(held), default=str)
        texts.append(text if held and len(text) <= LONGEST_TEXT else None)
    return pa.array(texts, pa.string())


def _labels(checked: Checked, settled: Settled, model: Model, arrival: Arrival) -> pa.Table:
    rows = settled.label_rows
    schema = label_schema(model)
    if len(rows) == 0 or checked.labels is None:
        return schema.empty_table()
    at = indices(rows)
    told = checked.columns.get("_wk_label_time", pa.nulls(len(checked.ids), STAMP))
    held: dict[str, pa.Array] = {
        "_wk_id": checked.ids.take(at),
        "_wk_label": checked.labels.take(at),
        "_wk_label_time": told.take(at),
        **_stamps(arrival, len(rows)),
        "_wk_day": _days(settled.label_micros),
    }
    return pa.Table.from_arrays([held[name] for name in schema.names], schema=schema)


def quarantined(
    rejected: list[tuple[Rejection, object]], *, kind: str, model: Model, arrival: Arrival
) -> pa.Table:
    """Rejected rows with their reasons, without what column policies keep out of the store."""
    schema = quarantine_schema()
    rows = [cleaned_row(row, model, arrival.pepper) for _, row in rejected]
    size = len(rejected)
    day = np.array([(arrival.known_at - _EPOCH) // _MICROSECOND] * size, dtype=np.int64)
    held: dict[str, pa.Array] = {
        **_stamps(arrival, size),
        "_wk_kind": pa.repeat(kind, size),
        "_wk_reason": pa.array([item.reason.value for item, _ in rejected], pa.string()),
        "_wk_detail": pa.array([_plain(item.detail) for item, _ in rejected], pa.string()),
        "_wk_row": pa.array([_row_text(row) for row in rows], pa.string()),
        "_wk_day": _days(day),
    }
    return pa.Table.from_arrays([held[name] for name in schema.names], schema=schema)


def _row_text(row: object) -> str:
    """A row as JSON text; only one that is long is looked through for what is too long in it."""
    try:
        text = json.dumps(row, default=str)
    except (TypeError, ValueError):  # names that are no text, or a row within itself
        text = ""
    whole = 0 < len(text) <= _LONGEST_SHOWN
    return text if whole else json.dumps(_short(row), default=str)


def _short(value: object) -> object:
    """A value as JSON can hold it, texts cut where they are very long."""
    if isinstance(value, str):
        cut = f"{value[:_LONGEST_SHOWN]}… ({len(value)} characters)"
        return value if len(value) <= _LONGEST_SHOWN else cut
    if isinstance(value, Mapping):
        return {str(_short(str(key))): _short(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        kept = [_short(item) for item in value[:_LONGEST_SHOWN]]
        return kept if len(value) <= _LONGEST_SHOWN else [*kept, f"… ({len(value)} values)"]
    return value


def _plain(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _stamps(arrival: Arrival, size: int) -> dict[str, pa.Array]:
    return {
        "_wk_known_at": pa.repeat(pa.scalar(arrival.known_at, STAMP), size),
        "_wk_batch": pa.repeat(pa.scalar(arrival.batch, pa.string()), size),
    }


def _days(micros: Ints) -> pa.Array:
    days = (micros // _DAY_MICROS).astype(np.int32)
    return pa.array(days, mask=micros == UNKNOWN).cast(pa.date32())


def _tallies(checked: Checked, settled: Settled, kind: RowKind, model: Model) -> tuple[Tally, ...]:
    """Counts by window: predictions by their own time, labels by that of their prediction."""
    known = settled.label_micros != UNKNOWN
    labelled = _starts(settled.label_micros[known], model)
    if kind is RowKind.LABELS:
        starts, labels = np.unique(labelled, return_counts=True)
        return tuple(
            Tally(_window(start, model), labels=int(number))
            for start, number in zip(starts.tolist(), labels.tolist(), strict=True)
        )
    of_row = _starts(checked.micros, model)
    rejected = np.flatnonzero(checked.rejections.mask(len(of_row)))
    starts, place = np.unique(of_row, return_inverse=True)
    parts = [
        np.bincount(place[rows], minlength=len(starts)).tolist()
        for rows in (settled.prediction_rows, rejected, settled.duplicate_rows, settled.label_rows)
    ]
    received = np.bincount(place, minlength=len(starts)).tolist()
    return tuple(
        Tally(_window(start, model), *counts)
        for start, *counts in zip(starts.tolist(), received, *parts, strict=True)
    )


def _notes(checked: Checked, model: Model) -> tuple[ColumnNote, ...]:
    starts = _starts(checked.micros, model)
    everywhere = np.arange(len(starts))
    notes = [(name, "unknown", rows) for name, rows in checked.unknown.items()]
    notes += [(name, "missing", everywhere) for name in checked.missing]
    return tuple(
        ColumnNote(_window(int(start), model).start, _name(column), note, int(number))
        for column, note, rows in notes
        for start, number in zip(*np.unique(starts[rows], return_counts=True), strict=True)
    )


def _name(column: str) -> str:
    """A name that every database can hold."""
    return _plain(column).replace("\x00", "\ufffd")[:_LONGEST_NAME]


def _starts(micros: Ints, model: Model) -> Ints:
    length = model.granularity.length // _MICROSECOND
    origin = (model.granularity.window_of(_EPOCH).start - _EPOCH) // _MICROSECOND
    return (micros - origin) // length * length + origin


def _window(start: int, model: Model) -> Window:
    first = _EPOCH + start * _MICROSECOND
    return Window(first, first + model.granularity.length)
