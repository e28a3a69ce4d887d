"""Faults that last: a share of rows too small to be told in any window, but there in all of them.

The windows of the seven days up to the judged one are taken together
(`watchkeeper.stats.lasting`), by how odd each is for its season.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from watchkeeper.domain.profile import WindowProfile
from watchkeeper.domain.window import Window
from watchkeeper.monitors.evidence import Evidence, History
from watchkeeper.monitors.season import Seasons
from watchkeeper.monitors.words import share
from watchkeeper.stats.interval.wilson import wilson
from watchkeeper.stats.rate import RateVariation

__all__ = ["Run", "run_up_to", "with_run"]

_WEEK = timedelta(weeks=1)
_TELLING = 0.05  # above it a run is not worth a word


@dataclass(frozen=True, slots=True)
class Run:
    """Windows in a row, oldest first, with (events, rows) each; the last one is the judged."""

    windows: tuple[WindowProfile, ...]
    counted: tuple[tuple[int, int], ...]

    def last(self, count: int) -> Run:
        """The last windows of the run."""
        return Run(self.windows[-count:], self.counted[-count:])

    @property
    def events(self) -> int:
        """Events of all windows."""
        return sum(events for events, _ in self.counted)

    @property
    def rows(self) -> int:
        """Rows of all windows."""
        return sum(rows for _, rows in self.counted)

    @property
    def span(self) -> Window:
        """The time of the run; its windows are windows of time."""
        first, last = self.windows[0].window, self.windows[-1].window
        if first is None or last is None:
            raise AssertionError("a run is made of windows of time")
        return Window(first.start, last.end)


def run_up_to(
    profile: WindowProfile, current: Sequence[WindowProfile], history: History
) -> list[WindowProfile]:
    """The windows of the seven days up to ``profile``, itself the last of them."""
    if profile.window is None:
        return [profile]
    since, now = profile.window.end - _WEEK, profile.window.start
    before = {p.window: p for p in (*history.week, *current) if p.window}
    starts = sorted(window for window in before if since <= window.start < now)
    return [*(before[window] for window in starts), profile]


def with_run(
    found: Evidence,
    run: Run,
    *,
    normal: RateVariation,
    seasons: Seasons,
    matters: Callable[[float, float, float], bool],
) -> Evidence:
    """The evidence of the last window of ``run``, with what the run says beyond it.

    ``matters`` says of the usual share and the interval of the share now whether it is material.
    """
    nothing = run.events == 0 and normal.events == 0
    if found.p_value is None or len(run.windows) < 2 or nothing:
        return found
    season = [seasons.of(profile.window) for profile in run.windows]
    scores = [normal.score(*pair, at) for pair, at in zip(run.counted, season, strict=True)]
    lasting = normal.weeks.judge(scores)
    told = replace(found, run_p_value=lasting.p_value)
    if lasting.p_value > min(found.p_value, _TELLING):
        return told
    last = run.last(lasting.windows)
    usual = sum(
        rows * normal.expected(at)
        for (_, rows), at in zip(last.counted, season[-lasting.windows :], strict=True)
    )
    low, high = wilson(last.events, last.rows)
    return replace(
        told,
        material=found.material or matters(usual / last.rows, low, high),
        message=f"{found.message}; {_words(last)}",
        effect={
            **told.effect,
            "lasting": [last.events / last.rows, low, high],
            "since": last.span.start.isoformat(),
        },
    )


def _words(run: Run) -> str:
    hours = round(run.span.length.total_seconds() / 3600.0)
    length = f"{hours // 24} days" if hours >= 48 else f"{hours} hours"
    return f"in the last {length} {share(run.events / run.rows)} of {run.rows:,}"
