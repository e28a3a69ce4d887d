"""Faults that last: a share of rows too small to be told in any window, but there in all of them.

The windows of the seven days up to the judged one are taken together
(`watchkeeper.stats.lasting`), by how odd each is for its season.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property

import numpy as np
import numpy.typing as npt

from watchkeeper.domain.profile import WindowProfile
from watchkeeper.domain.window import Window
from watchkeeper.monitors.evidence import Evidence, History
from watchkeeper.monitors.season import Seasons
from watchkeeper.monitors.words import share
from watchkeeper.stats.interval.wilson import wilson
from watchkeeper.stats.rate import RateVariation

__all__ = ["Runs", "Timeline", "timeline_of"]

_WEEK = timedelta(weeks=1)
_TELLING = 0.05  # above it a run is not worth a word

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Timeline:
    """The windows of a call and of the week before, oldest first; ``weeks`` says, by the identity
    of each judged profile, at which places its last seven days begin and it stands itself.
    """

    windows: tuple[WindowProfile, ...]
    weeks: Mapping[int, tuple[int, int]]


def timeline_of(current: Sequence[WindowProfile], history: History) -> Timeline:
    """The timeline of a call; profiles without a window have no place in it."""
    known = {p.window: p for p in (*history.week, *current) if p.window is not None}
    order = sorted(known)
    starts = [window.start for window in order]
    weeks = {
        id(p): (bisect_left(starts, p.window.end - _WEEK), bisect_left(starts, p.window.start))
        for p in current
        if p.window is not None
    }
    return Timeline(tuple(known[window] for window in order), weeks)


@dataclass(frozen=True)
class Runs:
    """A share of rows along a timeline: (events, rows) of each window, None where it has none.

    ``matters`` says of the usual share and the interval of the share now whether it is material.
    """

    timeline: Timeline
    counted: Sequence[tuple[int, int] | None]
    normal: RateVariation
    seasons: Seasons
    matters: Callable[[float, float, float], bool]

    def told(self, found: Evidence, profile: WindowProfile) -> Evidence:
        """The evidence of a window, with what the windows up to it say beyond it."""
        first, own = self.timeline.weeks.get(id(profile), (0, 0))
        places = first + np.flatnonzero(self._rows[first : own + 1])
        nothing = not self._events.any() and self.normal.events == 0
        if found.p_value is None or nothing or len(places) < 2 or places[-1] != own:
            return found
        lasting = self.normal.weeks.judge(self._scores[places])
        told = replace(found, run_p_value=lasting.p_value)
        if lasting.p_value > min(found.p_value, _TELLING):
            return told
        return self._with_words(told, places[-lasting.windows :])

    def _with_words(self, found: Evidence, places: Ints) -> Evidence:
        events, rows = int(self._events[places].sum()), int(self._rows[places].sum())
        usual = float(self._rows[places] @ self._expected[places]) / rows
        low, high = wilson(events, rows)
        span = _span([self.timeline.windows[at] for at in (places[0], places[-1])])
        return replace(
            found,
            material=found.material or self.matters(usual, low, high),
            message=f"{found.message}; in the last {_length(span)} {share(events / rows)} of {rows:,}",
            effect={
                **found.effect,
                "lasting": [events / rows, low, high],
                "since": span.start.isoformat(),
            },
        )

    @cached_property
    def _events(self) -> Ints:
        return np.array([pair[0] if pair else 0 for pair in self.counted], np.int64)

    @cached_property
    def _rows(self) -> Ints:
        return np.array([pair[1] if pair else 0 for pair in self.counted], np.int64)

    @cached_property
    def _seasons(self) -> list[int]:
        return [self.seasons.of(profile.window) for profile in self.timeline.windows]

    @cached_property
    def _expected(self) -> Floats:
        return np.array([self.normal.expected(season) for season in self._seasons])

    @cached_property
    def _scores(self) -> Floats:
        """The normal scores of all windows; NaN where there are no rows."""
        asked = zip(self.counted, self._seasons, strict=True)
        return np.array(
            [
                self.normal.score(*pair, season) if pair and pair[1] else np.nan
                for pair, season in asked
            ]
        )


def _span(windows: Sequence[WindowProfile]) -> Window:
    first, last = windows[0].window, windows[-1].window
    if first is None or last is None:
        raise AssertionError("a timeline is made of windows of time")
    return Window(first.start, last.end)


def _length(span: Window) -> str:
    hours = round(span.length.total_seconds() / 3600.0)
    return f"{hours // 24} days" if hours >= 48 else f"{hours} hours"
