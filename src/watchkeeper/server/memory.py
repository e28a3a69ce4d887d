"""What the worker remembers of a model between windows: profiles never change, so they are kept.

All of it can be read again from the catalog and the lake; a restart loses nothing but time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from watchkeeper.catalog.baselines import StoredBaseline
from watchkeeper.catalog.windows import StoredWindow
from watchkeeper.domain.model import Model
from watchkeeper.domain.profile import Binning, WindowProfile
from watchkeeper.domain.verdict import Status, Verdict
from watchkeeper.domain.window import Window
from watchkeeper.lake.lake import Lake
from watchkeeper.monitors.evidence import History
from watchkeeper.monitors.judge import Kept
from watchkeeper.monitors.rolling import without_alarms
from watchkeeper.monitors.slices import TOTAL, SliceKey, grouped
from watchkeeper.profiles.binning import binnings_without_reference
from watchkeeper.profiles.binning_text import binnings_from_text
from watchkeeper.profiles.codec import decode
from watchkeeper.server.adding import basis_name
from watchkeeper.server.references import Reference

__all__ = ["Memory", "versions_of"]

_WEEK = timedelta(weeks=1)
_MONDAY = datetime(2001, 1, 1, tzinfo=UTC)
_MOST_EVIDENCE = 48  # windows: labels of older ones are rare, and evidence is large


@dataclass(slots=True)
class Memory:
    """One model under one definition and one reference.

    ``recent`` holds the profiles of the windows that a window may be compared with, ``alarms`` the
    latest alarms of each: what alarmed is not compared with, but stays here because a restatement
    may clear it.
    """

    model: Model
    revision: int
    reference: Reference | None
    binnings: Mapping[str, Binning] = field(init=False)
    recent: dict[Window, tuple[WindowProfile, ...]] = field(default_factory=dict)
    alarms: dict[Window, tuple[Verdict, ...]] = field(default_factory=dict)
    _times: dict[Window, int] = field(default_factory=dict)
    _evidence: dict[Window, tuple[object, Kept]] = field(default_factory=dict)
    _anchored: Mapping[SliceKey, tuple[WindowProfile, ...]] = field(init=False)

    def __post_init__(self) -> None:
        held = () if self.reference is None else self.reference.profiles
        self._anchored = {key: tuple(found) for key, found in grouped(held).items()}
        self.binnings = (
            binnings_without_reference(self.model)
            if self.reference is None
            else binnings_from_text(self.reference.baseline.binnings)
        )

    @property
    def basis(self) -> str:
        """What the rows of the model are counted by."""
        held = None if self.reference is None else self.reference.baseline.revision
        return basis_name(self.revision, held)

    def fits(self, revision: int, baseline: StoredBaseline | None) -> bool:
        """Whether definition and reference are still those in force."""
        held = None if self.reference is None else self.reference.baseline
        return self.revision == revision and held == baseline

    def load(self, lake: Lake, stored: Sequence[StoredWindow], verdicts: Sequence[Verdict]) -> None:
        """Read the profiles of judged windows; those that were counted otherwise are left out.

        ``verdicts`` are the latest of these windows.
        """
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
        for window in judged:
            self.alarms[window] = _alarms(v for v in verdicts if v.window == window)

    def keep(
        self, window: Window, profiles: Sequence[WindowProfile], verdicts: Sequence[Verdict]
    ) -> None:
        """Remember a judged window, and forget those that no later one is compared with."""
        self.recent[window] = tuple(profiles)
        self.alarms[window] = _alarms(verdicts)
        self._times[window] = self._times.get(window, 0) + 1
        # Windows are also judged anew while their labels come: those need what lay before them.
        for old in [held for held in self.recent if held.start < self.oldest(window)]:
            del self.recent[old]
            for held in (self.alarms, self._times, self._evidence):
                held.pop(old, None)

    def oldest(self, window: Window) -> datetime:
        """Before this moment nothing is asked for by the window or by a later one."""
        return _week(window.start) - self.span - self.model.label_horizon

    @property
    def span(self) -> timedelta:
        """How far back the rolling baseline reaches."""
        return timedelta(days=self.model.baseline.rolling_days)

    def histories(self, window: Window) -> dict[SliceKey, History]:
        """What every slice of a window is judged against: the reference, and the windows before
        it without what alarmed in them.

        The rolling baseline ends where the week of the window began: what follows from it is then
        computed once a week, and what goes wrong during the week is not learnt from meanwhile.
        """
        before = self._before(window)
        profiles = [profile for held in before for profile in self.recent[held]]
        alarms = [verdict for held in before for verdict in self.alarms.get(held, ())]
        rolling = grouped(without_alarms(profiles, alarms))
        since, monday = window.end - _WEEK, _week(window.start)
        week = grouped([profile for profile in profiles if since <= _starts(profile)])
        timed = self.reference is None or self.reference.baseline.timed
        keys = dict.fromkeys([TOTAL, *self._anchored, *rolling])
        return {
            key: History(
                self._anchored.get(key, ()),
                timed,
                tuple(p for p in rolling.get(key, ()) if _starts(p) < monday),
                tuple(week.get(key, ())),
                tuple(p for p in rolling.get(key, ()) if since <= _starts(p)),
            )
            for key in keys
        }

    def evidence(self, window: Window, counted: tuple[object, ...]) -> Kept:
        """What was found in a window that reads no label, as long as neither what is ``counted`` of
        its rows nor anything that it is judged against has changed since; else a place to keep it
        anew.
        """
        state = (counted, tuple((held, self._times.get(held, 0)) for held in self._before(window)))
        known = self._evidence.pop(window, None)
        if known is None or known[0] != state:
            known = (state, {})
        self._evidence[window] = known
        if len(self._evidence) > _MOST_EVIDENCE:
            del self._evidence[next(iter(self._evidence))]
        return known[1]

    def versions_before(self, window: Window) -> frozenset[str]:
        """The versions that answered in the last window before with rows; empty where none is
        remembered, and where rows carry no version.
        """
        for held in sorted((held for held in self.recent if held < window), reverse=True):
            if any(part.rows for part in self.recent[held]):
                return versions_of(self.recent[held])
        return frozenset()

    def _before(self, window: Window) -> list[Window]:
        first = _week(window.start) - self.span
        return [held for held in sorted(self.recent) if first <= held.start < window.start]

    def begin(self, windows: Iterable[Window]) -> datetime:
        """Where the first of the windows, and of those that are remembered, begins."""
        return min(window.start for window in (*self.recent, *windows))

    def counts_alike(self, profiles: Iterable[WindowProfile]) -> bool:
        """Whether profiles are counted on the grid of the reference, so that they compare."""
        return all(self._counted_alike(profile) for profile in profiles)

    def _counted_alike(self, profile: WindowProfile) -> bool:
        return all(
            getattr(column, "binning", None) in (None, self.binnings.get(name))
            for name, column in profile.columns.items()
        )


def versions_of(profiles: Iterable[WindowProfile]) -> frozenset[str]:
    """The versions that answered anything, by a window's profiles."""
    return frozenset(part.version for part in profiles if part.version is not None and part.rows)


def _week(moment: datetime) -> datetime:
    """The start of the Monday, in UTC, of the week that a moment lies in."""
    return moment - (moment - _MONDAY) % _WEEK


def _starts(profile: WindowProfile) -> datetime:
    if profile.window is None:
        raise AssertionError("what is remembered are the profiles of windows")
    return profile.window.start


def _alarms(verdicts: Iterable[Verdict]) -> tuple[Verdict, ...]:
    return tuple(verdict for verdict in verdicts if verdict.status is Status.ALERT)
