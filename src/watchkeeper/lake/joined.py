"""Predictions with the truth about them, as it was known at a moment.

Pure functions of Arrow tables. A prediction counts once, however often its id was stored: the
first one received wins. Of the labels of one id the latest known wins; where the same truth was
told again and again, it counts as known since it was first told.
"""

from __future__ import annotations

from datetime import datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from watchkeeper.domain.model import Model, Role
from watchkeeper.lake.extras import read_as, with_extras
from watchkeeper.lake.schemas import (
    SEQUENCE,
    STAMP,
    storage_type,
    stored_names,
)

__all__ = ["attach_labels", "first_of_each_id", "known_by", "shaped"]

Indices = npt.NDArray[np.int64]


def known_by(rows: pa.Table, moment: datetime | None) -> pa.Table:
    """The rows that were known at ``moment``; all of them for None."""
    if moment is None:
        return rows
    return rows.filter(pc.field("_wk_known_at") <= pa.scalar(moment, STAMP))


def shaped(rows: pa.Table | None, schema: pa.Schema) -> pa.Table:
    """The columns of ``schema``, and the sequence, in that order: absent ones as null.

    Values that were stored under an older definition are read as the schema says where they allow
    it, else they are null: those of a column whose type was changed, and those that came before
    the definition knew their column.
    """
    if rows is None:
        rows = schema.empty_table()
    wanted = [*schema, pa.field(SEQUENCE, pa.int64())]
    columns = [_column(rows, field) for field in wanted]
    found = pa.Table.from_arrays(columns, schema=pa.schema(wanted))
    return with_extras(found, rows)


def _column(rows: pa.Table, field: pa.Field) -> pa.ChunkedArray:
    parts = [_cast(rows.column(name), field.type) for name in stored_names(field.name, rows.schema)]
    if not parts:
        return pa.chunked_array([pa.nulls(rows.num_rows, field.type)])
    return parts[0] if len(parts) == 1 else pc.coalesce(*parts)


def _cast(held: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    if held.type == kind:
        return held
    try:
        return held.cast(kind)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return pa.chunked_array([pa.array([read_as(one.as_py(), kind) for one in held], kind)])


def first_of_each_id(rows: pa.Table) -> pa.Table:
    """One row per prediction id: the one that was moved first; in the order of event time."""
    ids = rows.column("_wk_id").combine_chunks().dictionary_encode()
    codes = ids.indices.to_numpy(zero_copy_only=False)
    sequence = rows.column(SEQUENCE).fill_null(0).to_numpy()
    if len(ids.dictionary) < len(codes):
        order = np.lexsort((sequence, codes))
        first = order[np.diff(codes[order], prepend=-1) != 0]
        rows, sequence = rows.take(pa.array(first)), sequence[first]
    time = rows.column("_wk_time").cast(pa.int64()).to_numpy()
    by_time = np.lexsort((sequence, time))
    return rows if np.array_equal(by_time, np.arange(len(by_time))) else rows.take(by_time)


def attach_labels(predictions: pa.Table, labels: pa.Table, model: Model) -> pa.Table:
    """Predictions left-joined to the latest of their labels.

    Adds the model's label column (null where no label is known) and ``_wk_label_known_at``. Where
    the definition has no label column, only the latter.
    """
    chosen, since = _latest(predictions.column("_wk_id"), labels)
    mask = chosen < 0
    at = pa.array(np.maximum(chosen, 0), mask=mask)
    found = labels.column("_wk_label").take(at)
    known = labels.column("_wk_known_at").take(pa.array(np.maximum(since, 0), mask=mask))
    column = model.only(Role.LABEL)
    if column is not None:
        field = pa.field(column.name, storage_type(column))
        predictions = predictions.append_column(field, _as_label(found, field.type))
    return predictions.append_column(pa.field("_wk_label_known_at", STAMP), known)


def _latest(ids: pa.ChunkedArray, labels: pa.Table) -> tuple[Indices, Indices]:
    """For each id the row of its latest label, and the row that first told that truth; -1: none."""
    chosen = np.full(len(ids), -1, dtype=np.int64)
    since = chosen.copy()
    places = pc.index_in(labels.column("_wk_id"), value_set=ids.combine_chunks())
    rows = np.flatnonzero(pc.is_valid(places).to_numpy())
    if len(rows) == 0:
        return chosen, since
    place = places.drop_null().to_numpy()
    known = labels.column("_wk_known_at").cast(pa.int64()).to_numpy()[rows]
    sequence = labels.column(SEQUENCE).fill_null(0).to_numpy()[rows]
    values = labels.column("_wk_label").combine_chunks().dictionary_encode().indices
    value = values.fill_null(-1).to_numpy()[rows]

    order = np.lexsort((sequence, known, place))
    place, value, rows = place[order], value[order], rows[order]
    changed = (np.diff(place, prepend=-1) != 0) | (np.diff(value, prepend=-2) != 0)
    run_start = np.maximum.accumulate(np.where(changed, np.arange(len(rows)), 0))
    last = np.flatnonzero(np.diff(place, append=len(ids) + 1) != 0)
    chosen[place[last]] = rows[last]
    since[place[last]] = rows[run_start[last]]
    return chosen, since


def _as_label(found: pa.ChunkedArray, wanted: pa.DataType) -> pa.ChunkedArray:
    """The stored truth as the label column's own type; null where that cannot hold it."""
    if found.type == wanted:
        return found
    coded = found.combine_chunks().dictionary_encode()
    values = [_cast_one(value, wanted) for value in coded.dictionary]
    return pa.chunked_array([pa.array(values, wanted).take(coded.indices)])


def _cast_one(value: pa.Scalar, wanted: pa.DataType) -> object:
    try:
        return value.cast(wanted).as_py()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return None
