"""Categorical columns: counts by value. Values are grouped as stored and become text after."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import ibis
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from watchkeeper.domain.model import Column
from watchkeeper.domain.profile import CategoricalBinning, CategoricalProfile
from watchkeeper.profiles.columns import as_category, is_nested
from watchkeeper.profiles.engine import Item
from watchkeeper.profiles.frame import Axis, Frame
from watchkeeper.profiles.groups import Cell, Groups, integers
from watchkeeper.profiles.texts import canonicals

__all__ = ["UNSEEN_SHOWN", "categorical_item", "categorical_profiles"]

UNSEEN_SHOWN = 10  # unseen values that a profile names
_NULL, _INVALID, _OTHER, _UNSEEN, _SEEN = range(5)


def categorical_item(frame: Frame, axis: Axis | None, column: Column) -> Item:
    """What to ask the engine of one column."""

    def branch(table: ibis.Table, name: str, _: Sequence[ibis.Value]) -> ibis.Table:
        value = table[name]
        nested = is_nested(value)
        values = frame.keys(table, axis) | {"value": value.notnull() if nested else value}
        rows = table.select(**values)
        keys = [key for key in ("slice", "window") if key in rows.columns]
        grouped = rows.group_by([*keys, "value"]).agg(n=rows.count())
        return grouped.select(
            **frame.labels(grouped),
            value=ibis.null("string") if nested else as_category(grouped.value),
            invalid=grouped.value if nested else ibis.literal(False),
            n=grouped.n,
        )

    return Item(column.name, branch, "categorical")


def categorical_profiles(
    answer: pa.Table, columns: Sequence[tuple[Column, CategoricalBinning, bool]]
) -> Iterator[tuple[int, Cell, CategoricalProfile]]:
    """The profiles in the answer to `categorical_item` queries.

    ``columns`` gives by item the column, its binning, and whether it is stored as a number.
    """
    groups = Groups.of(answer)
    counts = integers(groups.table, "n")
    invalid = groups.table["invalid"].to_numpy().astype(bool)
    ready: dict[int, _Lookup] = {}
    first = _first_rows(groups)
    for item, where, rows in groups:
        if item not in ready:
            held = slice(first[item], first[item + 1])
            column, binning, number = columns[item]
            values = groups.table["value"].slice(held.start, held.stop - held.start)
            ready[item] = _Lookup(column, binning, values, number=number)
        lookup = ready[item]
        inside = slice(rows.start - first[item], rows.stop - first[item])
        yield item, where, lookup.profile(inside, counts[rows], invalid[rows])


def _first_rows(groups: Groups) -> Mapping[int, int]:
    """By item: the first row of it, and for the item after the last the number of rows."""
    items = groups.codes[0]
    wanted = np.arange(int(items[-1]) + 2 if len(items) else 1)
    return dict(zip(wanted.tolist(), np.searchsorted(items, wanted).tolist(), strict=True))


class _Lookup:
    """What each row of one column's answer means under its binning."""

    def __init__(
        self, column: Column, binning: CategoricalBinning, values: pa.ChunkedArray, *, number: bool
    ) -> None:
        self.binning = binning
        self.texts, indices = canonicals(values, number=number)
        self.indices = np.asarray(indices.to_numpy(zero_copy_only=False), dtype=np.int64)
        place = {value: i for i, value in enumerate(binning.values)}
        found = [self._meaning(text, place) for text in self.texts]
        self.meaning = np.array(found, dtype=np.int64).reshape(-1)
        stated = None if column.categories is None else frozenset(column.categories)
        self.outside = np.array(
            [stated is not None and text is not None and text not in stated for text in self.texts],
            dtype=bool,
        )

    def _meaning(self, text: str | None, place: Mapping[str, int]) -> int:
        if text is None:
            return _NULL
        if text in place:
            return _SEEN + place[text]
        return _OTHER if text in self.binning.other_values else _UNSEEN

    def profile(
        self, rows: slice, counts: npt.NDArray[np.int64], invalid: npt.NDArray[np.bool_]
    ) -> CategoricalProfile:
        indices = self.indices[rows]
        meaning = np.where(invalid, _INVALID, self.meaning[indices])
        totals = np.zeros(_SEEN + len(self.binning.values), dtype=np.int64)
        np.add.at(totals, meaning, counts)
        unseen = meaning == _UNSEEN
        return CategoricalProfile(
            binning=self.binning,
            n=int(counts.sum()),
            null=int(totals[_NULL]),
            invalid=int(totals[_INVALID]),
            outside=int(counts[self.outside[indices]].sum()),
            counts=totals[_SEEN:],
            other=int(totals[_OTHER]),
            unseen=int(totals[_UNSEEN]),
            unseen_values=self._shown(indices[unseen], counts[unseen]),
        )

    def _shown(
        self, indices: npt.NDArray[np.int64], counts: npt.NDArray[np.int64]
    ) -> tuple[tuple[str, int], ...]:
        found: dict[str, int] = defaultdict(int)
        largest = np.argsort(-counts, kind="stable")[: 4 * UNSEEN_SHOWN]
        for index, count in zip(indices[largest].tolist(), counts[largest].tolist(), strict=True):
            found[str(self.texts[index])] += count
        ordered = sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))
        return tuple(ordered[:UNSEEN_SHOWN])
