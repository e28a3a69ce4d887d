"""Rows as they came, JSON or Arrow, as columns that can be asked for by name.

Three spellings of what the system needs are understood: the system's own (``_wk_id``), the
model's column of that role, and the plain word (``id``) where the model has no column so named.
Rows of the SDK keep the model's columns apart, under ``features``; there the plain words are the
system's, whatever the columns are called.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from watchkeeper.domain.model import Model, Role
from watchkeeper.errors import InvalidInput
from watchkeeper.ingest.reading import Values, listed
from watchkeeper.ingest.reasons import Refused

__all__ = ["Batch", "RowKind", "open_batch"]

Indices = npt.NDArray[np.int64]

_ROLES = {
    "id": Role.PREDICTION_ID,
    "time": Role.TIME,
    "version": Role.VERSION,
    "arm": Role.ARM,
    "latency_ms": Role.LATENCY,
    "error": Role.ERROR,
    "trace_id": None,
    "span_id": None,
    "sampled": None,
    "prediction": Role.PREDICTION,
    "score": Role.SCORE,
    "label": Role.LABEL,
    "label_time": None,
}
_FEATURES = "features"
_SYSTEM = "_wk_"


class RowKind(StrEnum):
    """What rows are."""

    PREDICTIONS = "predictions"
    LABELS = "labels"


@dataclass(frozen=True, slots=True)
class Batch:
    """The columns of a batch. ``rows`` gives rows as they came, for the quarantine.

    ``broken`` holds the rows that are no mapping at all. ``plain``: the plain words (``id``) are
    the system's, where the model has no column so named.
    """

    size: int
    columns: Mapping[str, Values]
    source: Sequence[Mapping[str, object] | Refused] | pa.Table
    broken: Mapping[int, object]
    plain: bool = True

    def rows(self, places: Sequence[int]) -> list[object]:
        """Rows as they came."""
        if not places:
            return []
        if isinstance(self.source, pa.Table):
            return _arrow_rows(self.source, places)
        held = [self.broken.get(place, self.source[place]) for place in places]
        return [item.content if isinstance(item, Refused) else item for item in held]

    def present(self, name: str) -> Indices:
        """The rows that have a value under ``name``."""
        values = self.columns[name]
        if isinstance(values, pa.Array):
            return np.flatnonzero(pc.is_valid(values).to_numpy(zero_copy_only=False))
        return np.array([row for row, value in enumerate(values) if value is not None], np.int64)

    def system(self, word: str, model: Model) -> Values | None:
        """The values of a system field such as ``id``, however it was spelt; None: not given."""
        found: Values | None = None
        for name in self._spellings(word, model):
            if name in self.columns:
                given = self.columns[name]
                found = given if found is None else _first(found, given)
        return found

    def _spellings(self, word: str, model: Model) -> tuple[str, ...]:
        role = _ROLES[word]
        column = model.only(role) if role is not None else None
        names = [_SYSTEM + word] + ([column.name] if column else [])
        if self.plain and not any(known.name == word for known in model.columns):
            names.append(word)
        return tuple(dict.fromkeys(names))

    def unknown(self, model: Model) -> tuple[str, ...]:
        """The names that neither the model nor the system knows."""
        known = {column.name for column in model.columns}
        for word in _ROLES:
            known.update(self._spellings(word, model))
        return tuple(
            name for name in self.columns if name not in known and not name.startswith(_SYSTEM)
        )


def open_batch(rows: Sequence[Mapping[str, object] | Refused] | pa.Table, model: Model) -> Batch:
    """The rows as columns; InvalidInput where an Arrow table names a column twice."""
    own = {column.name for column in model.columns}
    if isinstance(rows, pa.Table):
        return _from_arrow(rows, own)
    broken = {row: value for row, value in enumerate(rows) if not isinstance(value, Mapping)}
    flat = [value if isinstance(value, Mapping) else {} for value in rows]
    nested = _FEATURES not in own and any(_FEATURES in value for value in flat)
    if nested:
        flat = [_flattened(value, own, broken, row) for row, value in enumerate(flat)]
    names = dict.fromkeys(name for value in flat for name in value)
    columns = {str(name): [value.get(name) for value in flat] for name in names}
    return Batch(len(flat), columns, rows, broken, plain=not nested)


def _flattened(
    row: Mapping[str, object], own: AbstractSet[str], broken: dict[int, object], index: int
) -> Mapping[str, object]:
    """One row with its features beside the rest, whose plain words become the system's."""
    features = row.get(_FEATURES, {})
    if not isinstance(features, Mapping):
        broken[index] = row
        return {}
    apart = _FEATURES in row
    outer = {
        _SYSTEM + name if name in _ROLES and (apart or name not in own) else name: value
        for name, value in row.items()
        if name != _FEATURES
    }
    return {**features, **outer}


def _arrow_rows(table: pa.Table, places: Sequence[int]) -> list[object]:
    try:
        found: list[object] = table.take(pa.array(places, pa.int64())).to_pylist()
    except pa.ArrowNotImplementedError:  # some types, such as views of texts, are not taken from
        found = [table.slice(place, 1).to_pylist()[0] for place in places]
    return found


def _from_arrow(table: pa.Table, own: AbstractSet[str]) -> Batch:
    repeated = sorted(name for name, times in Counter(table.column_names).items() if times > 1)
    if repeated:
        raise InvalidInput(f"column names must be unique, got {repeated} twice: rename them")
    arrays = map(_plain_array, table.columns)
    columns: dict[str, pa.Array] = dict(zip(table.column_names, arrays, strict=True))
    features = columns.get(_FEATURES)
    if _FEATURES in own or features is None or not pa.types.is_struct(features.type):
        return Batch(table.num_rows, columns, table, {})
    outer = {
        _SYSTEM + name if name in _ROLES else name: values
        for name, values in columns.items()
        if name != _FEATURES
    }
    inner = dict(zip(features.type.names, map(_plain_array, features.flatten()), strict=True))
    return Batch(table.num_rows, {**inner, **outer}, table, {}, plain=False)


def _plain_array(values: pa.Array | pa.ChunkedArray) -> pa.Array:
    array = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    return array.dictionary_decode() if pa.types.is_dictionary(array.type) else array


def _first(one: Values, other: Values) -> Values:
    """Each row's value of ``one``, or where that is missing of ``other``."""
    if isinstance(one, pa.Array) and isinstance(other, pa.Array) and one.type == other.type:
        return pc.coalesce(one, other)
    pairs = zip(listed(one), listed(other), strict=True)
    return [there if here is None else here for here, there in pairs]
