"""Which rows of a small table lie in which slice: all rows, each version, each segment's value.

Every slice is a run of places, one after the other, and every place holds a row; so what is
counted by slice is counted over places, all slices at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from watchkeeper.domain.model import Model, Role
from watchkeeper.profiles.frame import MOST_SLICES
from watchkeeper.profiles.partials.texts import coded

__all__ = ["Sliced", "Slices", "slices_of"]

_VERSION = "_wk_version"

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Sliced:
    """What a slice is called: as `WindowProfile` names it."""

    version: str | None = None
    segment: str | None = None


@dataclass(frozen=True, slots=True)
class Slices:
    """Places in the order of their slices. ``rows`` and ``group`` give each place's row and slice;
    ``names`` and ``lengths`` go with the slices, of which the first holds all rows.

    ``crowded``: a column has more values than get a slice of their own.
    """

    names: tuple[Sliced, ...]
    rows: Ints
    group: Ints
    lengths: Ints
    crowded: bool

    def count(self, mask: Bools) -> Ints:
        """How many rows of each slice are true in a mask by row."""
        return np.bincount(self.group[mask[self.rows]], minlength=len(self.names))

    def by(self, codes: Ints, size: int, weights: Floats | None = None) -> npt.NDArray[np.generic]:
        """Rows of each slice by code (0 to ``size`` − 1; below 0 is left out): shape
        (slices, size). With ``weights`` (by row) their sums.
        """
        at = codes[self.rows]
        known = at >= 0
        keys = self.group[known] * size + at[known]
        weighed = None if weights is None else weights[self.rows][known]
        return np.bincount(keys, weighed, len(self.names) * size).reshape(len(self.names), size)


def slices_of(table: pa.Table, model: Model) -> Slices:
    """The slices of a table that are made of it: all rows, every version, and every value of every
    segment column, of each column the 50 most frequent.
    """
    names = [Sliced()]
    rows = [np.arange(table.num_rows)]
    crowded = False
    segments = [column.name for column in model.with_role(Role.SEGMENT)]
    for name in (_VERSION, *segments):
        if name not in table.column_names:
            continue
        found = coded(table.column(name))
        if found is None:
            continue
        texts, codes = found
        counts = np.bincount(codes[codes >= 0], minlength=len(texts))
        chosen = _most_frequent(texts, counts)
        crowded = crowded or len(chosen) < int(np.count_nonzero(counts))
        for code in chosen:
            value = texts[code]
            named = Sliced(version=value) if name == _VERSION else Sliced(segment=f"{name}={value}")
            names.append(named)
            rows.append(np.flatnonzero(codes == code))
    lengths = np.array([len(part) for part in rows], np.int64)
    return Slices(
        tuple(names),
        np.concatenate(rows),
        np.repeat(np.arange(len(names)), lengths),
        lengths,
        crowded,
    )


def _most_frequent(texts: Sequence[str], counts: Ints) -> list[int]:
    held = [code for code in range(len(texts)) if counts[code]]
    held.sort(key=lambda code: (-int(counts[code]), texts[code]))
    return sorted(held[:MOST_SLICES], key=lambda code: texts[code])
