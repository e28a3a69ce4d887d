"""The rolling baseline: what of a judged window may serve to judge later ones.

Only what alarmed is left out. A window whose column ``fare`` went wrong still says what is normal
of every other column; left out whole, one lasting fault would starve all baselines. And what
alarms in more than one window of five is no exception any more but how the model lives now: it
stays in, so that the rolling baseline learns it; how far that is from the reference, slow drift
("creep") goes on to say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum, auto

from watchkeeper.domain.profile import WindowProfile
from watchkeeper.domain.verdict import Status, Verdict
from watchkeeper.domain.window import Window
from watchkeeper.monitors.slices import TOTAL, SliceKey
from watchkeeper.stats.performance.catalogue import CLASSIFICATION, REGRESSION

__all__ = ["without_alarms"]

_RARE = 0.2  # share of the windows in which something may alarm and still be left out
_FEW_WINDOWS = 28  # in so many or fewer it may alarm as often as in these
_CREEP = "creep"  # of the last week, not of this window: what rolls along follows it
_CUSTOM = "custom:"
_LATENCY = "latency_"


class _Kind(Enum):
    """What of a profile a figure was taken of."""

    COLUMN = auto()
    PERFORMANCE = auto()
    SERVICE = auto()
    ROWS = auto()  # how many there are, not what they hold
    FIGURE = auto()  # a metric of the model's own
    ALL = auto()


_FIGURES = {
    "volume": _Kind.ROWS,
    "rows": _Kind.ROWS,
    "missing_rows": _Kind.ROWS,
    "error_rate": _Kind.SERVICE,
    "requests": _Kind.SERVICE,
    "throughput": _Kind.SERVICE,
    "label_rate": _Kind.PERFORMANCE,
    "duplicate_rate": _Kind.ALL,
    "duplicate_row_rate": _Kind.ALL,
}


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of a profile; ``name`` of the column or of the model's own metric."""

    kind: _Kind
    name: str = ""


Alarms = dict[Window | None, set[tuple[SliceKey, _Part]]]


def without_alarms(
    profiles: Sequence[WindowProfile], verdicts: Sequence[Verdict]
) -> tuple[WindowProfile, ...]:
    """The profiles without what alarmed in them.

    Parameters
    ----------
    profiles
        Of one window or several, any slices.
    verdicts
        What was said of them; verdicts of other windows, and those that are no alarm, count for
        nothing.

    Returns
    -------
    tuple of WindowProfile
        In the order given. A column that alarmed is missing from ``columns``; alarms of
        performance and service leave None there, one of the model's own metrics leaves it out of
        ``figures``, one of volume makes the window count as incomplete. Where rows came twice
        the whole profile is left out: every count in it is wrong.

        All rows hold the rows of every slice: what alarmed in a slice is taken from all rows too,
        and what alarmed in all rows from every slice. Slow creep takes nothing away, nor does
        what alarmed in more than a fifth of the windows given. An alarm of a fault that lasts speaks
        of all windows since it began.
    """
    windows = {profile.window for profile in profiles}
    alarms = _exceptional(_alarms(verdicts, windows), windows)
    kept = []
    for profile in profiles:
        parts = _parts_of(profile, alarms)
        if _Part(_Kind.ALL) not in parts:
            kept.append(_without(profile, parts) if parts else profile)
    return tuple(kept)


def _alarms(verdicts: Sequence[Verdict], windows: set[Window | None]) -> Alarms:
    found: Alarms = {}
    for verdict in verdicts:
        part = _part(verdict) if verdict.status is Status.ALERT else None
        if part is not None:
            key = SliceKey(verdict.version, verdict.arm, verdict.segment)
            for window in _told_of(verdict, windows):
                found.setdefault(window, set()).add((key, part))
    return found


def _told_of(verdict: Verdict, windows: set[Window | None]) -> set[Window | None]:
    """The window of a verdict; where it is of a fault that lasts, the windows since it began."""
    since = verdict.effect.get("since")
    if not isinstance(since, str) or verdict.window is None:
        return {verdict.window}
    began, now = datetime.fromisoformat(since), verdict.window.start
    return {window for window in windows if window is not None and began <= window.start <= now}


def _exceptional(alarms: Alarms, windows: set[Window | None]) -> Alarms:
    """The alarms of the windows, without what is no exception among them."""
    often = Counter(
        part
        for window, there in alarms.items()
        if window in windows
        for part in {part for _, part in there}
    )
    most = _RARE * max(len(windows), _FEW_WINDOWS)
    return {
        window: {(key, part) for key, part in there if often[part] <= most}
        for window, there in alarms.items()
    }


def _parts_of(profile: WindowProfile, alarms: Alarms) -> set[_Part]:
    own = SliceKey(profile.version, profile.arm, profile.segment)
    there = alarms.get(profile.window, set())
    return {part for key, part in there if own == TOTAL or key in (own, TOTAL)}


def _part(verdict: Verdict) -> _Part | None:
    """The part of the profile that the verdict speaks of; None for what is no baseline."""
    if verdict.what == _CREEP:
        return None
    if verdict.column is not None:
        return _Part(_Kind.COLUMN, verdict.column)
    if verdict.what.startswith(_CUSTOM):
        return _Part(_Kind.FIGURE, verdict.what.removeprefix(_CUSTOM))
    kind = _kind(verdict.what)
    return None if kind is None else _Part(kind)


def _kind(what: str) -> _Kind | None:
    """What a figure of the window itself was taken of."""
    if what in _FIGURES:
        return _FIGURES[what]
    if what.startswith(_LATENCY):
        return _Kind.SERVICE
    metric = what.partition(":")[0]
    return _Kind.PERFORMANCE if metric in CLASSIFICATION or metric in REGRESSION else None


def _without(profile: WindowProfile, parts: set[_Part]) -> WindowProfile:
    columns = {part.name for part in parts if part.kind is _Kind.COLUMN}
    figures = {part.name for part in parts if part.kind is _Kind.FIGURE}
    kinds = {part.kind for part in parts}
    return replace(
        profile,
        columns={name: held for name, held in profile.columns.items() if name not in columns},
        figures={name: held for name, held in profile.figures.items() if name not in figures},
        performance=None if _Kind.PERFORMANCE in kinds else profile.performance,
        service=None if _Kind.SERVICE in kinds else profile.service,
        complete=profile.complete and _Kind.ROWS not in kinds,
    )
