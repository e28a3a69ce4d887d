"""Rows of a DuckDB table as arrays, batch by batch, each row with the group that it counts in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import ibis
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from watchkeeper.profiles.arrays import flags, integers, valid
from watchkeeper.profiles.engine import Stream
from watchkeeper.profiles.frame import Axis, Frame
from watchkeeper.profiles.groups import Cell
from watchkeeper.profiles.windows import starts_of

__all__ = ["Batch", "BatchReader"]

_ROWS = 61_440  # half of DuckDB's own row group: arrays that fit a processor's cache
_VALUES = 4_000_000  # of all columns together in a batch


Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows in the order of their groups.

    ``group`` counts up from 0 within the batch, one for each row (None: all are of one group);
    ``ids`` are the groups' numbers over all batches and ``lengths`` their rows here. ``order`` puts
    columns into that order (None: they are).
    """

    columns: pa.RecordBatch
    group: Ints | None
    ids: Ints
    lengths: Ints
    order: Ints | None

    def numbers(self, name: str) -> tuple[Floats, Bools | None]:
        """A float64 column and where it is valid (None: everywhere); else its value is no value."""
        column = self.columns.column(name)
        values = np.frombuffer(column.buffers()[1], np.float64, len(column), column.offset * 8)
        held = valid(column)
        if self.order is None:
            return values, held
        return values[self.order], None if held is None else held[self.order]

    def flags(self, name: str) -> Bools | None:
        """A boolean column with null as false; None where there is no such column."""
        if name not in self.columns.schema.names:
            return None
        found = flags(self.columns.column(name))
        return found if self.order is None else found[self.order]


class BatchReader:
    """Iterates once over the batches of a frame's columns, numbering the groups that it meets."""

    def __init__(self, frame: Frame, axis: Axis | None, values: Mapping[str, ibis.Value]) -> None:
        table = frame.table.select(**frame.keys(frame.table, axis), **values)
        rows = max(2_048, min(_ROWS, _VALUES // len(table.columns)))
        self._stream = Stream.of(table, rows=rows)
        self._granularity = frame.granularity
        self._timed = "window" in table.columns
        self._found: dict[tuple[str | None, int], int] = {}

    def __iter__(self) -> Iterator[Batch]:
        for columns in self._stream:
            if columns.num_rows:
                yield self._batch(columns)

    def places(self) -> list[Cell]:
        """The groups by number; complete after the last batch."""
        return [Cell(text, start if self._timed else None) for text, start in self._found]

    def _batch(self, columns: pa.RecordBatch) -> Batch:
        if self._timed and columns.column("window").null_count:
            columns = columns.filter(columns.column("window").is_valid())
        rows = columns.num_rows
        window = np.zeros(rows, np.int64)
        if self._timed:
            window = starts_of(columns.column("window"), self._granularity)
        slices, code = _slices(columns)
        key, order = _sorted(window, code)
        if order is not None:
            window, code = window[order], code[order]
        change = np.flatnonzero(key[1:] != key[:-1]) + 1
        heads = np.concatenate(([0], change)) if rows else change
        ids = [
            self._found.setdefault((slices[code[head]], int(window[head])), len(self._found))
            for head in heads.tolist()
        ]
        lengths = np.diff(np.append(heads, rows))
        group = np.repeat(np.arange(len(heads)), lengths) if len(heads) > 1 else None
        return Batch(columns, group, np.array(ids, np.int64), lengths, order)


def _slices(columns: pa.RecordBatch) -> tuple[list[str | None], Ints]:
    if "slice" not in columns.schema.names:
        return [None], np.zeros(columns.num_rows, np.int64)
    encoded = columns.column("slice").dictionary_encode("encode")
    texts = encoded.dictionary.cast(pa.string()).to_pylist()
    return texts, integers(encoded.indices)


def _sorted(window: Ints, code: Ints) -> tuple[Ints, Ints | None]:
    """One ascending key of both, and the order that sorts rows by it (None: they are)."""
    if not len(window):
        return window, None
    key = window - window.min()
    if code.any():
        key += code * (int(key.max()) + 1)
    if bool((key[1:] >= key[:-1]).all()):
        return key, None
    order = np.argsort(key, kind="stable")
    return key[order], order
