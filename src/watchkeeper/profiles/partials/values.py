"""Categorical columns: counts by value and slice."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from watchkeeper.domain.model import Column
from watchkeeper.domain.profile import CategoricalBinning, CategoricalProfile
from watchkeeper.profiles.categorical import UNSEEN_SHOWN
from watchkeeper.profiles.partials.slices import Slices
from watchkeeper.profiles.partials.texts import coded

__all__ = ["categorical_profiles"]

_NULL, _OTHER, _UNSEEN, _SEEN = range(4)

Ints = npt.NDArray[np.int64]


def categorical_profiles(
    slices: Slices, values: pa.ChunkedArray, column: Column, binning: CategoricalBinning
) -> list[CategoricalProfile] | None:
    """The profile of every slice; None for a column whose values are not told as text."""
    found = coded(values)
    if found is None:
        return None
    texts, codes = found
    # One more code, the last: missing.
    by_code = slices.by(np.where(codes < 0, len(texts), codes), len(texts) + 1).astype(np.int64)
    place = {value: _SEEN + i for i, value in enumerate(binning.values)}
    meaning = np.array(
        [
            *(
                place.get(text, _OTHER if text in binning.other_values else _UNSEEN)
                for text in texts
            ),
            _NULL,
        ],
        np.int64,
    )
    stated = None if column.categories is None else frozenset(column.categories)
    outside = np.array([stated is not None and text not in stated for text in texts] + [False])
    return [_profile(binning, (texts, meaning, outside), counts) for counts in by_code]


def _profile(
    binning: CategoricalBinning,
    known: tuple[list[str], Ints, npt.NDArray[np.bool_]],
    counts: Ints,
) -> CategoricalProfile:
    texts, meaning, outside = known
    totals = np.zeros(_SEEN + len(binning.values), np.int64)
    np.add.at(totals, meaning, counts)
    return CategoricalProfile(
        binning=binning,
        n=int(counts.sum()),
        null=int(totals[_NULL]),
        invalid=0,
        outside=int(counts[outside].sum()),
        counts=totals[_SEEN:],
        other=int(totals[_OTHER]),
        unseen=int(totals[_UNSEEN]),
        unseen_values=_shown(texts, np.where(meaning == _UNSEEN, counts, 0)),
    )


def _shown(texts: list[str], counts: Ints) -> tuple[tuple[str, int], ...]:
    held = [(texts[code], int(counts[code])) for code in np.flatnonzero(counts)]
    held.sort(key=lambda pair: (-pair[1], pair[0]))
    return tuple(held[:UNSEEN_SHOWN])
