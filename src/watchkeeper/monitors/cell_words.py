"""Cells of a breakdown as people call them: "origin LGA", "wind_speed of 20 or more"."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from watchkeeper.domain.profile import Binning, NumericBinning
from watchkeeper.monitors.words import number
from watchkeeper.profiles.breakdown import NAMED

__all__ = ["Kind", "kind_of"]


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """Rows of one kind: cells of a binning that lie beside each other."""

    binning: Binning
    cells: npt.NDArray[np.int64]

    def words(self, column: str) -> str:
        """What the column is in these cells."""
        if isinstance(self.binning, NumericBinning):
            return f"{column} {self._range(self.binning.breaks)}"
        named = self.binning.values[:NAMED]
        cell = int(self.cells[0])
        if cell < len(named):
            return f"{column} {named[cell]}"
        other = ("with a rare value", "with a value that was not there before", "missing")
        return f"{column} {other[cell - len(named)]}"

    def _range(self, breaks: tuple[float, ...]) -> str:
        first, last = int(self.cells[0]), int(self.cells[-1])
        if first > len(breaks):
            return "missing"
        if first == 0:
            return "of any value" if last == len(breaks) else f"below {number(breaks[last])}"
        low = number(breaks[first - 1])
        return (
            f"of {low} or more" if last == len(breaks) else f"from {low} to {number(breaks[last])}"
        )


def kind_of(binning: Binning, cell: int, *, alike: npt.NDArray[np.bool_] | None = None) -> Kind:
    """The cell, and of a numeric column those beside it that are ``alike``."""
    first = last = cell
    if isinstance(binning, NumericBinning) and alike is not None and cell <= len(binning.breaks):
        while first > 0 and alike[first - 1]:
            first -= 1
        while last < len(binning.breaks) and alike[last + 1]:
            last += 1
    return Kind(binning, np.arange(first, last + 1))
