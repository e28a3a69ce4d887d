"""Backtesting: a rule is replayed over what was stored, as it was known then, and nothing written.

Every look that the worker ever had at a window left a revision of the window's profile. The replay
goes through them in the order in which they came to be known, judges each with the wanted
definition against what lay before, and follows alerts and incidents by the same pure functions as
the server does. What would have been told follows from that alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from watchkeeper.alerts.engine import COOLDOWN_WINDOWS, Live, step
from watchkeeper.catalog.catalog import Catalog
from watchkeeper.catalog.verdicts import VerdictFilter
from watchkeeper.domain.alert import Alert, AlertState, Incident
from watchkeeper.domain.model import Model
from watchkeeper.domain.profile import WindowProfile
from watchkeeper.domain.verdict import Status, Verdict
from watchkeeper.domain.window import Window
from watchkeeper.errors import InvalidInput
from watchkeeper.lake.lake import Lake
from watchkeeper.lake.profile_rows import ProfilePart
from watchkeeper.monitors.custom import measure
from watchkeeper.monitors.judge import judge
from watchkeeper.profiles.codec import decode
from watchkeeper.server.looking import is_whole
from watchkeeper.server.memory import Memory
from watchkeeper.server.references import References
from watchkeeper.server.views.asked import Range
from watchkeeper.server.views.stored import stored_windows

__all__ = ["Backtest", "Replay", "Replayed", "check_replayable"]


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a rule would have said: every alert that opened, and the incidents that they formed.

    ``looks`` at ``windows`` were judged; ``skipped`` looks were not, because they were counted by
    the grid of another baseline.
    """

    alerts: tuple[Alert, ...]
    incidents: tuple[Incident, ...]
    windows: int
    looks: int
    skipped: int

    def members(self, incident: Incident) -> tuple[Alert, ...]:
        """The alerts of one of its incidents."""
        return tuple(alert for alert in self.alerts if alert.incident == incident.id)


@dataclass(slots=True)
class Replay:
    """Alerts and incidents of one model, kept in memory."""

    model: Model
    alerts: dict[str, Alert] = field(default_factory=dict)
    incidents: dict[str, Incident] = field(default_factory=dict)

    def follow(self, verdicts: Sequence[Verdict], now: datetime) -> None:
        """Take in the verdicts of one window."""
        since = now - COOLDOWN_WINDOWS * self.model.granularity.length
        recent = tuple(
            incident
            for incident in self.incidents.values()
            if incident.resolved_at is None or incident.resolved_at > since
        )
        names = {incident.id for incident in recent}
        live = [a for a in self.alerts.values() if a.state is not AlertState.RESOLVED]
        resolved = [
            alert
            for alert in self.alerts.values()
            if alert.state is AlertState.RESOLVED and alert.incident in names
        ]
        change = step(self.model, Live(tuple(live), recent, tuple(resolved)), verdicts, now)
        for forgotten in change.forgotten:
            self.alerts.pop(forgotten, None)
        self.alerts |= {alert.id: alert for alert in change.alerts}
        self.incidents |= {incident.id: incident for incident in change.incidents}

    def opened(self) -> tuple[Alert, ...]:
        """Every alert that was more than a passing one, in the order of their onsets."""
        found = [alert for alert in self.alerts.values() if alert.incident is not None]
        return tuple(sorted(found, key=lambda alert: (alert.opened_at, alert.key)))


@dataclass(frozen=True, slots=True)
class Backtest:
    """Replays definitions over the history of an installation; reads, and never writes."""

    catalog: Catalog
    lake: Lake
    references: References

    def run(
        self,
        present: Model,
        wanted: Model,
        asked: Range,
        *,
        progress: Callable[[int, int], None] = lambda *_: None,
    ) -> Replayed:
        """What ``wanted`` would have said of the windows that start in the range.

        Parameters
        ----------
        present
            The definition in force, which the stored profiles were counted by.
        wanted
            The same with other monitors, budget or materiality; `check_replayable` says what else.
        asked
            The windows; open ends take all that are stored.
        progress
            Called with the looks that are done and their number.
        """
        check_replayable(present, wanted)
        windows = stored_windows(self.catalog, present.name, asked)
        if not windows:
            raise InvalidInput(
                f"there must be windows of model {present.name!r} in the range, got none: "
                "choose an earlier --from"
            )
        span = (windows[0].window.start, windows[-1].window.end)
        parts = [
            part
            for part in self.lake.profile_revisions(present.name, *span)
            if part.window is not None and span[0] <= part.window.start < span[1]
        ]
        memory = self._memory(wanted, span[0])
        remeasure = _own_metrics(wanted) - _own_metrics(present)
        replay, seen, skipped = Replay(wanted), set[Window](), 0
        for number, part in enumerate(parts, start=1):
            profiles = self._profiles(part, wanted, remeasure=bool(remeasure))
            if memory.counts_alike(profiles):
                self._judge(memory, replay, part, profiles)
                seen.add(_window(part))
            else:
                skipped += 1
            progress(number, len(parts))
        return Replayed(
            replay.opened(),
            tuple(sorted(replay.incidents.values(), key=lambda found: (found.opened_at, found.id))),
            windows=len(seen),
            looks=len(parts) - skipped,
            skipped=skipped,
        )

    def _judge(
        self, memory: Memory, replay: Replay, part: ProfilePart, profiles: Sequence[WindowProfile]
    ) -> None:
        window = _window(part)
        verdicts = judge(memory.model, profiles, memory.histories(window), known_at=part.known_at)
        replay.follow(verdicts, part.known_at)
        memory.keep(window, profiles, verdicts)

    def _memory(self, wanted: Model, start: datetime) -> Memory:
        """What the first window is compared with: what lay before it, as it stands in the lake."""
        memory = Memory(wanted, 0, self.references.current(wanted))
        oldest = memory.oldest(Window(start, start + wanted.granularity.length))
        before = stored_windows(self.catalog, wanted.name, Range(oldest, start))
        alarms = VerdictFilter(wanted.name, statuses=(Status.ALERT,), start=oldest, end=start)
        memory.load(self.lake, before, self.catalog.verdicts.series(alarms))
        return memory

    def _profiles(
        self, part: ProfilePart, wanted: Model, *, remeasure: bool
    ) -> tuple[WindowProfile, ...]:
        profiles = tuple(decode(part.rows))
        if not remeasure:
            return profiles
        figures = measure(wanted, self.lake.joined(wanted, _window(part), known_at=part.known_at))
        return tuple(replace(p, figures=figures) if is_whole(p) else p for p in profiles)


def check_replayable(present: Model, wanted: Model) -> None:
    """Refuse a definition for which rows would have to be counted anew.

    Raises
    ------
    InvalidInput
        The two differ in more than monitors, budget, materiality, bounds and what people read.
    """
    for name in ("name", "task", "granularity", "timezone", "positive_class", "classes"):
        if getattr(present, name) != getattr(wanted, name):
            raise InvalidInput(
                f"a backtest must keep the model's {name}, {getattr(present, name)}, got "
                f"{getattr(wanted, name)}: rows would have to be counted anew"
            )
    before, after = ({c.name: (c.type, c.role) for c in m.columns} for m in (present, wanted))
    changed = sorted(
        name for name in before.keys() | after.keys() if before.get(name) != after.get(name)
    )
    if changed:
        raise InvalidInput(
            f"a backtest must keep the model's columns, their types and roles; {changed[:10]} "
            "differ: rows would have to be counted anew"
        )


def _own_metrics(model: Model) -> set[tuple[str, str]]:
    return {
        (spec.name, str(spec.options.get("sql")))
        for spec in model.monitors
        if spec.kind == "custom" and spec.enabled
    }


def _window(part: ProfilePart) -> Window:
    if part.window is None:
        raise AssertionError("what is replayed are the profiles of windows")
    return part.window
