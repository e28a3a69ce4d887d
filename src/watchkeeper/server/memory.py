"""What the worker remembers of a model between windows: profiles never change, so they are kept.

All of it can be read again from the catalog and the lake; a restart loses nothing but time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from watchkeeper.catalog.baselines import StoredBaseline
from watchkeeper.catalog.windows import StoredWindow
from watchkeeper.domain.model import Model
from watchkeeper.domain.profile import Binning, WindowProfile
from watchkeeper.domain.verdict import Status
from watchkeeper.domain.window import Window
from watchkeeper.lake.lake import Lake
from watchkeeper.monitors.evidence import History
from watchkeeper.monitors.slices import TOTAL, SliceKey, grouped
from watchkeeper.profiles.codec import decode
from watchkeeper.server.binnings import binnings_from_text
from watchkeeper.server.references import Reference

__all__ = ["Memory"]


@dataclass(slots=True)
class Memory:
    """One model under one definition and one reference.

    ``recent`` holds the profiles of the windows that a window may be compared with; those of
    ``alarmed`` windows are not compared with, but stay here because a restatement may clear them.
    """

    model: Model
    revision: int
    reference: Reference | None
    binnings: Mapping[str, Binning] = field(init=False)
    recent: dict[Window, tuple[WindowProfile, ...]] = field(default_factory=dict)
    alarmed: set[Window] = field(default_factory=set)
    _anchored: Mapping[SliceKey, tuple[WindowProfile, ...]] = field(init=False)

    def __post_init__(self) -> None:
        held = () if self.reference is None else self.reference.profiles
        self._anchored = {key: tuple(found) for key, found in grouped(held).items()}
        self.binnings = (
            {} if self.reference is None else binnings_from_text(self.reference.baseline.binnings)
        )

    def fits(self, revision: int, baseline: StoredBaseline | None) -> bool:
        """Whether definition and reference are still those in force."""
        held = None if self.reference is None else self.reference.baseline
        return self.revision == revision and held == baseline

    def load(self, lake: Lake, stored: Sequence[StoredWindow]) -> None:
        """Read the profiles of judged windows; those that were counted otherwise are left out."""
        judged = {item.window: item for item in stored if item.judged_at is not None}
        if not judged:
            return
        rows = lake.profiles(
            self.model.name,
            min(window.start for window in judged),
            max(window.end for window in judged),
        )
        for profile in decode(rows):
            if profile.window in judged and self._counted_alike(profile):
                held = self.recent.get(profile.window, ())
                self.recent[profile.window] = (*held, profile)
        self.alarmed = {window for window, item in judged.items() if item.status is Status.ALERT}

    def keep(self, window: Window, profiles: Sequence[WindowProfile], *, alarmed: bool) -> None:
        """Remember a judged window, and forget those that no later one is compared with."""
        self.recent[window] = tuple(profiles)
        self.alarmed.discard(window)
        if alarmed:
            self.alarmed.add(window)
        # Windows are also judged anew while their labels come: those need what lay before them.
        oldest = window.start - self.span - self.model.label_horizon
        for old in [held for held in self.recent if held.start < oldest]:
            del self.recent[old]
            self.alarmed.discard(old)

    @property
    def span(self) -> timedelta:
        """How far back the rolling baseline reaches."""
        return timedelta(days=self.model.baseline.rolling_days)

    def histories(self, window: Window) -> dict[SliceKey, History]:
        """What every slice of a window is judged against: the reference, and the windows before
        it that raised no alarm.
        """
        before = [
            profile
            for held, profiles in sorted(self.recent.items())
            if window.start - self.span <= held.start < window.start and held not in self.alarmed
            for profile in profiles
        ]
        rolling = grouped(before)
        timed = self.reference is None or self.reference.baseline.timed
        keys = dict.fromkeys([TOTAL, *self._anchored, *rolling])
        return {
            key: History(self._anchored.get(key, ()), timed, tuple(rolling.get(key, ())))
            for key in keys
        }

    def covers(self, moment: datetime) -> bool:
        """Whether a window before ``moment`` is remembered."""
        return any(held.start < moment for held in self.recent)

    def _counted_alike(self, profile: WindowProfile) -> bool:
        return all(
            getattr(column, "binning", None) in (None, self.binnings.get(name))
            for name, column in profile.columns.items()
        )
