"""Categorical columns: counts by value. Values are grouped as stored and become text after."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import ibis
import ibis.expr.datatypes as dt
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from watchkeeper.domain.model import Column
from watchkeeper.domain.profile import CategoricalBinning, CategoricalProfile
from watchkeeper.profiles.arrays import flags, integers
from watchkeeper.profiles.columns import as_category, is_nested
from watchkeeper.profiles.engine import Item
from watchkeeper.profiles.frame import Axis, Frame
from watchkeeper.profiles.groups import Cell, Groups
from watchkeeper.profiles.texts import canonicals

__all__ = [
    "UNSEEN_SHOWN",
    "Together",
    "categorical_item",
    "categorical_profiles",
    "empty_categorical",
    "grouped_columns",
]

UNSEEN_SHOWN = 10  # unseen values that a profile names
_NULL, _INVALID, _OTHER, _UNSEEN, _SEEN = range(5)
# Columns of few values are grouped together, which reads the time column once for all of them.
_TOGETHER = 4
_COMBINATIONS = 2_000

Together = tuple[tuple[Column, CategoricalBinning], ...]


def grouped_columns(columns: Sequence[tuple[Column, CategoricalBinning]]) -> list[Together]:
    """The columns in groups of at most four, and of at most 2,000 combinations of known values."""
    made: list[Together] = []
    part: list[tuple[Column, CategoricalBinning]] = []
    combinations = 1
    for column, binning in sorted(columns, key=lambda pair: len(pair[1].values)):
        size = len(binning.values) + len(binning.other_values) + 2
        if part and (len(part) == _TOGETHER or combinations * size > _COMBINATIONS):
            made.append(tuple(part))
            part, combinations = [], 1
        part.append((column, binning))
        combinations *= size
    return [*made, tuple(part)] if part else made


def categorical_item(frame: Frame, axis: Axis | None, columns: Together) -> Item:
    """What to ask the engine of columns that are grouped together."""

    def branch(table: ibis.Table, names: Sequence[str], _: Sequence[ibis.Value]) -> ibis.Table:
        stored = [table[name] for name in names]
        values = {
            f"v{i}": value.notnull() if is_nested(value) else value
            for i, value in enumerate(stored)
        }
        rows = table.select(**frame.keys(table, axis), **values)
        grouped = rows.group_by(rows.columns).agg(n=rows.count())
        found: dict[str, ibis.Value] = {}
        for i in range(_TOGETHER):
            known = i < len(names) and not is_nested(stored[i])
            found[f"value{i}"] = as_category(grouped[f"v{i}"]) if known else ibis.null(dt.string)
            present = i < len(names) and is_nested(stored[i])
            found[f"invalid{i}"] = grouped[f"v{i}"] if present else ibis.literal(False)
        return grouped.select(**frame.labels(grouped), **found, n=grouped.n)

    names = tuple(column.name for column, _ in columns)
    return Item(names, branch, ("categorical", len(columns)), frame.beside(axis))


def categorical_profiles(
    frame: Frame, answer: pa.Table, together: Sequence[Together]
) -> Iterator[tuple[Column, Cell, CategoricalProfile]]:
    """The profiles in the answer to `categorical_item` queries; ``together`` by item."""
    groups = Groups.of(answer)
    counts = integers(groups.table["n"])
    first = np.searchsorted(groups.codes[0], np.arange(len(together) + 1)).tolist()
    lookups: dict[int, list[_Lookup]] = {}
    for item, where, rows in groups:
        start, stop = first[item], first[item + 1]
        if item not in lookups:
            part = groups.table.slice(start, stop - start)
            lookups[item] = [
                _Lookup(frame, pair, part, position) for position, pair in enumerate(together[item])
            ]
        inside = slice(rows.start - start, rows.stop - start)
        for lookup in lookups[item]:
            yield lookup.column, where, lookup.profile(inside, counts[rows])


def empty_categorical(binning: CategoricalBinning) -> CategoricalProfile:
    """The profile of no rows."""
    counts = np.zeros(len(binning.values), np.int64)
    return CategoricalProfile(binning, 0, 0, 0, 0, counts, 0, 0)


class _Lookup:
    """What each row of one column's answer means under its binning."""

    def __init__(
        self,
        frame: Frame,
        pair: tuple[Column, CategoricalBinning],
        part: pa.Table,
        position: int,
    ) -> None:
        self.column, self.binning = pair
        number = bool(frame.table[self.column.name].type().is_numeric())
        self.texts, indices = canonicals(part[f"value{position}"], number=number)
        self.indices = integers(indices)
        invalid = flags(part[f"invalid{position}"])
        place = {value: i for i, value in enumerate(self.binning.values)}
        found = np.array([self._meaning(text, place) for text in self.texts], dtype=np.int64)
        self.meaning = np.where(invalid, _INVALID, found[self.indices])
        stated = None if self.column.categories is None else frozenset(self.column.categories)
        outside = [
            stated is not None and text is not None and text not in stated for text in self.texts
        ]
        self.outside = np.array(outside, dtype=bool)[self.indices]

    def _meaning(self, text: str | None, place: Mapping[str, int]) -> int:
        if text is None:
            return _NULL
        if text in place:
            return _SEEN + place[text]
        return _OTHER if text in self.binning.other_values else _UNSEEN

    def profile(self, rows: slice, counts: npt.NDArray[np.int64]) -> CategoricalProfile:
        meaning = self.meaning[rows]
        totals = np.zeros(_SEEN + len(self.binning.values), dtype=np.int64)
        np.add.at(totals, meaning, counts)
        unseen = meaning == _UNSEEN
        return CategoricalProfile(
            binning=self.binning,
            n=int(counts.sum()),
            null=int(totals[_NULL]),
            invalid=int(totals[_INVALID]),
            outside=int(counts[self.outside[rows]].sum()),
            counts=totals[_SEEN:],
            other=int(totals[_OTHER]),
            unseen=int(totals[_UNSEEN]),
            unseen_values=self._shown(self.indices[rows][unseen], counts[unseen]),
        )

    def _shown(
        self, indices: npt.NDArray[np.int64], counts: npt.NDArray[np.int64]
    ) -> tuple[tuple[str, int], ...]:
        if not len(indices):
            return ()
        totals = np.bincount(indices, weights=counts)
        largest = np.argsort(-totals, kind="stable")[: 4 * UNSEEN_SHOWN]
        found: dict[str, int] = defaultdict(int)
        for index in largest[totals[largest] > 0].tolist():
            found[str(self.texts[index])] += int(totals[index])
        ordered = sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))
        return tuple(ordered[:UNSEEN_SHOWN])
