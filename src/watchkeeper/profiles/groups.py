"""Rows of a query's answer, sorted into groups: one per column, slice and window."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from watchkeeper.profiles.arrays import indices, integers

__all__ = ["Cell", "Groups"]


@dataclass(frozen=True, slots=True)
class Cell:
    """Where a profile belongs.

    ``slice`` None is all rows (or, along an axis, the remaining ones); ``start`` is the window's,
    in seconds since 1970, None where there are no windows.
    """

    slice: str | None
    start: int | None


@dataclass(frozen=True, slots=True)
class Groups:
    """A table of rows whose keys are ``item``, ``slice``, ``window``, each optional."""

    table: pa.Table
    slices: Sequence[str | None]
    codes: tuple[npt.NDArray[np.int64], ...]  # item, slice, window

    @classmethod
    def of(cls, table: pa.Table, *, then: str | None = None) -> Groups:
        """Sort ``table`` by its keys, and by column ``then`` within a group (nulls last).

        Rows whose window is null (no readable time) are left out: they lie in no window.
        """
        if "window" in table.column_names:
            table = table.filter(pc.is_valid(table["window"]))
        slices, slice_codes = _slices(table)
        item = _key(table, "item")
        window = _key(table, "window")
        within = [] if then is None else [integers(table[then], missing=np.iinfo(np.int64).max)]
        order = np.lexsort([*within, window, slice_codes, item])
        return cls(
            table.combine_chunks().take(indices(order)),
            slices,
            (item[order], slice_codes[order], window[order]),
        )

    def __iter__(self) -> Iterator[tuple[int, Cell, slice]]:
        """Each group: its item, where it belongs, and its rows of ``table``."""
        item, codes, window = self.codes
        if not len(item):
            return
        change = (np.diff(item) != 0) | (np.diff(codes) != 0) | (np.diff(window) != 0)
        starts = np.concatenate(([0], np.flatnonzero(change) + 1))
        stops = np.concatenate((starts[1:], [len(item)]))
        timed = "window" in self.table.column_names
        for start, stop in zip(starts.tolist(), stops.tolist(), strict=True):
            where = Cell(self.slices[codes[start]], int(window[start]) if timed else None)
            yield int(item[start]), where, slice(start, stop)


def _slices(table: pa.Table) -> tuple[Sequence[str | None], npt.NDArray[np.int64]]:
    if "slice" not in table.column_names:
        return (None,), np.zeros(table.num_rows, np.int64)
    encoded = table["slice"].combine_chunks().dictionary_encode("encode")
    return encoded.dictionary.to_pylist(), integers(encoded.indices)


def _key(table: pa.Table, name: str) -> npt.NDArray[np.int64]:
    if name not in table.column_names:
        return np.zeros(table.num_rows, np.int64)
    return integers(table[name])
