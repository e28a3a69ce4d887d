"""What an upstream failure explains is not told beside it: it is held back, and said to be.

A fault of the data (a broken column, a gap, a source that fails) or a want of resources makes
features drift and models look worse; telling of each is how people learn to look away. While the
fault lasts, what it explains is held back. An alert is explained by a fault where

- the fault concerns what the alert reads: its column, or, for the model's answers, errors and
  performance, any column or the rows as such; and a segment holds back nothing of another segment;
- the alert began with the fault or after it, never before;
- the alert has not fired after the fault's last window. What stays when the fault is over was not
  its consequence alone, and is told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from watchkeeper.domain.alert import Alert, AlertState
from watchkeeper.domain.model import Model
from watchkeeper.domain.verdict import Severity

__all__ = ["Explaining", "Upstream", "faults_of", "in_sentences", "shifted"]

_TOGETHER_WINDOWS = 2
_QUALITY, _RESOURCES = "quality", "resources"
_CONSEQUENCES: Mapping[str, frozenset[str]] = {
    _QUALITY: frozenset({"drift", "performance"}),
    _RESOURCES: frozenset({"drift", "performance", "service"}),
}
# Slow by nature: a week that wanders away has no one window in which it began.
_SLOW = "creep"
# A disk that will be full is no want yet, and another level is none at all.
_WANTS = frozenset({"limit"})
# More or fewer rows than usual break nothing; none at all do.
_VOLUME = "volume"


@dataclass(frozen=True, slots=True)
class Upstream:
    """A failure that lasts, or lasted until ``until``: the end of its last bad window.

    ``kind`` is ``quality`` or ``resources``; ``column`` and ``segment`` are where it is, None:
    everywhere. ``key`` is the series of the alert that tells of it, None where that is another
    model's.
    """

    kind: str
    since: datetime
    until: datetime
    why: str
    column: str | None = None
    segment: str | None = None
    key: str | None = None


def faults_of(alerts: Iterable[Alert], model: Model) -> list[Upstream]:
    """The failures among the alerts of a model that are open, the oldest first."""
    kinds = {spec.name: spec.kind for spec in model.monitors}
    length = model.granularity.length
    found = [
        Upstream(
            kind=kinds.get(alert.monitor, alert.monitor),
            since=alert.opened_at,
            until=_last_fired(alert) + length,
            why=alert.message,
            column=alert.column if kinds.get(alert.monitor, alert.monitor) == _QUALITY else None,
            segment=alert.segment,
            key=alert.key,
        )
        for alert in alerts
        if _is_open(alert) and _is_fault(alert, kinds.get(alert.monitor, alert.monitor))
    ]
    return sorted(found, key=lambda fault: (fault.since, fault.column or "", fault.why))


@dataclass(frozen=True, slots=True)
class Explaining:
    """Looks up what explains an alert among the failures, by column; thousands are no trouble."""

    faults: tuple[Upstream, ...]
    kinds: Mapping[str, str]
    length: timedelta  # of the model's windows
    by_column: Mapping[str | None, tuple[Upstream, ...]]

    @classmethod
    def of(cls, faults: Sequence[Upstream], model: Model) -> Explaining:
        """By these failures, for the alerts of a model."""
        columns: dict[str | None, list[Upstream]] = {}
        for fault in faults:
            columns.setdefault(fault.column, []).append(fault)
        return cls(
            tuple(faults),
            {spec.name: spec.kind for spec in model.monitors},
            model.granularity.length,
            {column: tuple(found) for column, found in columns.items()},
        )

    def fault_of(self, alert: Alert) -> Upstream | None:
        """The first failure that explains an alert; None where none does."""
        kind = self.kinds.get(alert.monitor, alert.monitor)
        if not self.faults or alert.what == _SLOW:
            return None
        for fault in self._candidates(alert):
            if (
                kind in _CONSEQUENCES[fault.kind]
                and fault.segment in (None, alert.segment)
                and alert.opened_at >= fault.since - _TOGETHER_WINDOWS * self.length
                and _last_fired(alert) < fault.until
            ):
                return fault
        return None

    def hold_back(self, alert: Alert) -> Alert:
        """The alert as it is to be kept: held back with the reason, or let go."""
        if alert.state is AlertState.RESOLVED:
            return alert
        fault = self.fault_of(alert)
        why = "" if fault is None else fault.why
        return alert if alert.held_back == why else replace(alert, held_back=why)

    def _candidates(self, alert: Alert) -> tuple[Upstream, ...]:
        """Failures of what the alert reads: its column, or all that the answers are made of."""
        effect = alert.facts.get("effect")
        answers = isinstance(effect, Mapping) and effect.get("role") == "output"
        if alert.column is None or answers:
            return self.faults
        return (*self.by_column.get(alert.column, ()), *self.by_column.get(None, ()))


def in_sentences(alerts: Sequence[Alert]) -> str:
    """What is held back of an incident and why, or "".

    >>> in_sentences([])
    ''
    """
    held = [alert for alert in alerts if alert.held_back and _is_open(alert)]
    if not held:
        return ""
    counted = Counter(alert.monitor for alert in held)
    parts = [f"{number} {name}" for name, number in sorted(counted.items())]
    plural = "alert is" if len(held) == 1 else "alerts are"
    reasons = list(dict.fromkeys(alert.held_back for alert in held))
    more = f" (and {len(reasons) - 1} more faults)" if len(reasons) > 1 else ""
    return f"{' and '.join(parts)} {plural} held back because {reasons[0]}{more}"


def _is_fault(alert: Alert, kind: str) -> bool:
    if kind == _RESOURCES:
        return alert.what in _WANTS
    if kind != _QUALITY:
        return False
    return alert.what != _VOLUME or alert.severity is Severity.CRITICAL


def _is_open(alert: Alert) -> bool:
    return alert.state in (AlertState.OPEN, AlertState.ACKNOWLEDGED)


def _last_fired(alert: Alert) -> datetime:
    return max((tick.start for tick in alert.recent if tick.fired), default=alert.opened_at)


def shifted(fault: Upstream, by: timedelta) -> Upstream:
    """The failure with a later end: of another model, whose windows may be judged later."""
    return replace(fault, until=fault.until + by)
