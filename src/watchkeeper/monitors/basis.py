"""What a scalar figure is judged against: the windows of a history, ready for the statistics.

The rolling windows alone once they span four weeks and are enough (they know how the model lives
now), else the reference and the rolling windows together. Whether they are is asked of each figure:
what alarmed is left out of the rolling windows, and must not leave a baseline of two.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from watchkeeper.domain.profile import WindowProfile
from watchkeeper.monitors.evidence import History
from watchkeeper.monitors.memo import Memo
from watchkeeper.monitors.remembered import remembered
from watchkeeper.monitors.season import Seasons, seasons_of, week_of
from watchkeeper.stats.rate import RateVariation, fit_rate
from watchkeeper.stats.variation import ENOUGH_WINDOWS, Variation, fit

__all__ = ["Basis", "Figure", "Tally", "basis_of", "column_basis", "found_of"]

_ROLLING_SPAN = timedelta(days=28)
_ROLLING_SHARE = 0.75
# A reference of fewer than four windows cannot say how much windows differ: so much is assumed,
# in standard deviations of one row. A rate's is ½ on the scale asin√p, hence half of it there.
_ASSUMED_TAU = 0.05

_fit_rate = remembered(fit_rate)
_fit = remembered(fit)

Ints = npt.NDArray[np.int64]
T = TypeVar("T")
Tally = Callable[[WindowProfile], tuple[int, int] | None]
Figure = Callable[[WindowProfile], tuple[float, float] | None]


@dataclass(frozen=True)
class Basis:
    """The windows judged against, with their seasons. ``rolling``: none of the reference's."""

    windows: tuple[WindowProfile, ...]
    seasons: Seasons
    timed: bool
    rolling: bool = False

    @property
    def provisional(self) -> bool:
        """Whether the natural variation between windows is assumed, not learnt."""
        return self.timed and len(self.windows) < ENOUGH_WINDOWS

    def rate(self, tally: Tally) -> RateVariation | None:
        """What is normal for a rate: ``tally`` gives (events, rows) of a window, or None."""
        counted = [(at, pair) for at, p in enumerate(self.windows) if (pair := tally(p))]
        held = [(at, events, rows) for at, (events, rows) in counted if rows > 0]
        if not held:
            return None
        places, events, rows = np.array(held, np.int64).T
        seasons, blocks = self._labels
        return _fit_rate(
            events,
            rows,
            seasons[places],
            blocks=blocks[places],
            tau=self._tau(len(held), _ASSUMED_TAU / 2),
        )

    def figure(self, figure: Figure, *, assumed_tau: float | None = None) -> Variation | None:
        """What is normal for a figure given as (value, sampling variance), or None.

        None too where fewer than four windows have it and no ``assumed_tau`` is stated.
        """
        found = [(at, pair) for at, p in enumerate(self.windows) if (pair := figure(p))]
        enough = len(found) >= ENOUGH_WINDOWS or assumed_tau is not None or not self.timed
        if not found or not enough:
            return None
        places = [at for at, _ in found]
        seasons, blocks = self._labels
        return _fit(
            np.array([value for _, (value, _) in found]),
            np.array([variance for _, (_, variance) in found]),
            seasons[places],
            blocks=blocks[places],
            tau=self._tau(len(found), assumed_tau or 0.0),
        )

    @cached_property
    def _labels(self) -> tuple[Ints, Ints]:
        """The season and the block (week) of every window."""
        seasons = [self.seasons.of(profile.window) for profile in self.windows]
        blocks = [week_of(profile.window, at) for at, profile in enumerate(self.windows)]
        return np.array(seasons, np.int64), np.array(blocks, np.int64)

    def _tau(self, windows: int, assumed: float) -> float | None:
        if not self.timed:
            return 0.0
        return assumed if windows < ENOUGH_WINDOWS else None


def basis_of(
    history: History, zone: str, holds: Callable[[WindowProfile], bool] | None = None
) -> Basis:
    """The windows that a slice is judged against; with ``holds`` those of them that it accepts.

    What ``holds`` leaves out counts as absent: where too few rolling windows have a figure, the
    reference's are judged against too.
    """
    if holds is not None:
        return _basis(_part(history, holds), zone)
    known = _bases(history)
    if zone not in known:
        known[zone] = _basis(history, zone)
    return known[zone]


def column_basis(history: History, zone: str, column: str) -> Basis:
    """The windows that a column is judged against: those that hold it."""
    known = _column_bases(history)
    if (zone, column) not in known:
        part = _part(history, lambda profile: column in profile.columns)
        whole = len(part.reference) == len(history.reference)
        whole = whole and len(part.recent) == len(history.recent)
        known[zone, column] = basis_of(history, zone) if whole else _basis(part, zone)
    return known[zone, column]


def found_of(found: Mapping[int, T]) -> Callable[[WindowProfile], T | None]:
    """A `Tally` or `Figure` that was found of all windows at once, by their identity."""
    return lambda profile: found.get(id(profile))


# Made once for all monitors of a call.
_bases: Memo[History, dict[str, Basis]] = Memo(lambda _: {})
_column_bases: Memo[History, dict[tuple[str, str], Basis]] = Memo(lambda _: {})


def _part(history: History, holds: Callable[[WindowProfile], bool]) -> History:
    reference = tuple(profile for profile in history.reference if holds(profile))
    recent = tuple(profile for profile in history.recent if holds(profile))
    return History(reference, history.timed, recent, holidays=history.holidays)


def _basis(history: History, zone: str) -> Basis:
    rolling = _suffice(history.recent)
    windows = history.recent if rolling else (*history.reference, *history.recent)
    timed = history.timed or rolling  # a reference without time does not make the recent untimed
    times = [profile.window for profile in windows] if timed else []
    seasons = seasons_of(times, zone, holidays=history.holidays)
    return Basis(windows, seasons, timed, rolling)


def _suffice(rolling: Sequence[WindowProfile]) -> bool:
    """Whether they span four weeks and are three quarters as many as four weeks have."""
    times = [profile.window for profile in rolling if profile.window is not None]
    if not times or times[-1].end - times[0].start < _ROLLING_SPAN:
        return False
    return len(times) >= _ROLLING_SHARE * (_ROLLING_SPAN / times[-1].length)
