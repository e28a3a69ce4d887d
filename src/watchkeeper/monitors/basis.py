"""What a scalar figure is judged against: the windows of a history, ready for the statistics.

The rolling windows alone once they span four weeks (they know how the model lives now), else the
reference and the rolling windows together.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from watchkeeper.domain.profile import WindowProfile
from watchkeeper.monitors.evidence import History
from watchkeeper.monitors.season import Seasons, seasons_of, week_of
from watchkeeper.stats.rate import RateVariation, fit_rate
from watchkeeper.stats.variation import ENOUGH_WINDOWS, Variation, fit

__all__ = ["Basis", "Figure", "Tally", "basis_of"]

_ROLLING_SPAN = timedelta(days=28)
# A reference of fewer than four windows cannot say how much windows differ: so much is assumed,
# in standard deviations of one row. A rate's is ½ on the scale asin√p, hence half of it there.
_ASSUMED_TAU = 0.05

Tally = Callable[[WindowProfile], tuple[int, int] | None]
Figure = Callable[[WindowProfile], tuple[float, float] | None]


@dataclass(frozen=True, slots=True)
class Basis:
    """The windows judged against, with their seasons. ``provisional``: too few of them."""

    windows: tuple[WindowProfile, ...]
    seasons: Seasons
    timed: bool

    @property
    def provisional(self) -> bool:
        """Whether the natural variation between windows is assumed, not learnt."""
        return self.timed and len(self.windows) < ENOUGH_WINDOWS

    def rate(self, tally: Tally) -> RateVariation | None:
        """What is normal for a rate: ``tally`` gives (events, rows) of a window, or None."""
        found = [(profile, *pair) for profile in self.windows if (pair := tally(profile))]
        found = [row for row in found if row[2] > 0]
        if not found:
            return None
        return fit_rate(
            [events for _, events, _ in found],
            [rows for _, _, rows in found],
            [self.seasons.of(profile.window) for profile, _, _ in found],
            blocks=[week_of(profile.window, at) for at, (profile, _, _) in enumerate(found)],
            tau=self._tau(len(found), _ASSUMED_TAU / 2),
        )

    def figure(self, figure: Figure, *, assumed_tau: float | None = None) -> Variation | None:
        """What is normal for a figure given as (value, sampling variance), or None.

        None too where fewer than four windows have it and no ``assumed_tau`` is stated.
        """
        found = [(profile, *pair) for profile in self.windows if (pair := figure(profile))]
        enough = len(found) >= ENOUGH_WINDOWS or assumed_tau is not None or not self.timed
        if not found or not enough:
            return None
        return fit(
            [value for _, value, _ in found],
            [variance for _, _, variance in found],
            [self.seasons.of(profile.window) for profile, _, _ in found],
            blocks=[week_of(profile.window, at) for at, (profile, _, _) in enumerate(found)],
            tau=self._tau(len(found), assumed_tau or 0.0),
        )

    def _tau(self, windows: int, assumed: float) -> float | None:
        if not self.timed:
            return 0.0
        return assumed if windows < ENOUGH_WINDOWS else None


def basis_of(history: History, zone: str) -> Basis:
    """The windows that a slice is judged against."""
    rolling = _spans(history)
    windows = history.recent if rolling else (*history.reference, *history.recent)
    timed = history.timed or rolling  # a reference without time does not make the recent untimed
    seasons = seasons_of([profile.window for profile in windows] if timed else [], zone)
    return Basis(tuple(windows), seasons, timed)


def _spans(history: History) -> bool:
    times = [profile.window for profile in history.recent if profile.window is not None]
    return bool(times) and times[-1].end - times[0].start >= _ROLLING_SPAN
