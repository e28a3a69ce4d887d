"""The windows of one call: which are judged, against which, and how they are alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from watchkeeper.domain.model import Model
from watchkeeper.domain.profile import WindowProfile
from watchkeeper.monitors.basis import Basis, basis_of
from watchkeeper.monitors.evidence import History
from watchkeeper.monitors.remembered import remembered
from watchkeeper.monitors.season import SeasonKind, week_of
from watchkeeper.stats.drift.variation import Normal, fit_normal, stated_normal
from watchkeeper.stats.variation import ENOUGH_WINDOWS

__all__ = ["ASSUMED_TAU", "Frame", "Layout", "frame_of"]

# Of a timed reference too short to learn how much windows differ, in standard deviations.
ASSUMED_TAU = 0.05
_fit_normal = remembered(fit_normal)
_FEWEST_DF = 2  # beyond the number of components, for an F tail that has a mean
_ENOUGH_FOR_TAILS = 8  # windows that must exist before some are left out in turn
_BLOCKS = 8

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Layout:
    """Seasons 0 … G − 1 of the reference windows (W,) and of the judged (C,), where G stands for
    a season that the reference never saw; and the block (week) of each reference window.
    """

    seasons: Ints
    current: Ints
    blocks: Ints

    @property
    def count(self) -> int:
        """The number of seasons G."""
        return int(self.seasons.max()) + 1

    def only(self, kept: npt.NDArray[np.bool_]) -> Layout:
        """The layout of some of the reference windows."""
        return _layout(self.seasons[kept], self.current, self.blocks[kept])

    def pooled(self) -> Layout:
        """The same windows as one season."""
        return Layout(np.zeros_like(self.seasons), np.zeros_like(self.current), self.blocks)


@dataclass(frozen=True)
class Frame:
    """The judged windows ``current`` of one slice, and the basis they are judged against."""

    model: Model
    current: tuple[WindowProfile, ...]
    basis: Basis

    @property
    def windows(self) -> tuple[WindowProfile, ...]:
        """The windows judged against."""
        return self.basis.windows

    @property
    def learns(self) -> bool:
        """Whether the windows are enough to learn how much windows differ by nature."""
        return self.basis.timed and len(self.windows) >= ENOUGH_WINDOWS

    @cached_property
    def layout(self) -> Layout:
        """How the windows are alike."""
        seasons = self.basis.seasons
        return _layout(
            np.array([seasons.of(p.window) for p in self.windows], np.int64),
            np.array([seasons.of(p.window) for p in self.current], np.int64),
            np.array([week_of(p.window, at) for at, p in enumerate(self.windows)], np.int64),
        )

    def order(self, wanted: int) -> int:
        """How many components the windows can carry, at most ``wanted``."""
        if not self.learns:
            return wanted
        return min(wanted, max(1, len(self.windows) - 1 - _FEWEST_DF))

    def layout_for(self, order: int) -> Layout:
        """The layout, without seasons where they leave too little for that many components."""
        layout = self.layout
        enough = len(layout.seasons) - layout.count >= order + _FEWEST_DF
        return layout if enough else layout.pooled()

    def normal(self, z: Floats, v: Floats, layout: Layout) -> Normal:
        """What is normal for components ``z`` (F, W, J) with noise ``v`` (F, W)."""
        if self.learns:
            return _fit_normal(z, v, layout.seasons)
        return stated_normal(z, v, ASSUMED_TAU if self.basis.timed else 0.0)

    @property
    def tells_tails(self) -> bool:
        """Whether the windows are enough for p-values of their own."""
        return self.learns and len(self.windows) >= _ENOUGH_FOR_TAILS

    def season_words(self, at: int) -> str:
        """What the judged window number ``at`` is compared with: "Mondays", "9 to 10 o'clock"."""
        window = self.current[at].window
        season = self.basis.seasons.of(window)
        kind = self.basis.seasons.kind
        if (
            window is None
            or kind is SeasonKind.NONE
            or self.layout.current[at] >= self.layout.count
        ):
            return ""
        if kind is SeasonKind.DAY_OF_WEEK:
            return f"{_DAYS[season]}s"
        if kind is SeasonKind.HOLIDAY:
            return "holidays"
        day = {
            SeasonKind.HOUR_OF_WEEK: f"{_DAYS[season // 24]}s, ",
            SeasonKind.HOUR_OF_HOLIDAY: "holidays, ",
        }.get(kind, "")
        return f"{day}{season % 24}:00"


_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def frame_of(model: Model, current: Sequence[WindowProfile], history: History) -> Frame:
    """The frame of one call of a monitor."""
    return Frame(model, tuple(current), basis_of(history, model.timezone))


def _layout(seasons: Ints, current: Ints, blocks: Ints) -> Layout:
    names, number = np.unique(seasons, return_inverse=True)
    known = np.isin(current, names)
    found = np.where(known, np.searchsorted(names, current), len(names))
    if len(np.unique(blocks)) < _BLOCKS // 2:
        blocks = np.arange(len(seasons)) * min(_BLOCKS, len(seasons)) // max(len(seasons), 1)
    return Layout(number.astype(np.int64), found.astype(np.int64), blocks)
