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

__all__ = ["Upstream", "explained_by", "faults_of", "hold_back", "in_sentences", "shifted"]

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
    everywhere. ``incident`` is the one that tells of it, None where that is another model's.
    """

    kind: str
    since: datetime
    until: datetime
    why: str
    column: str | None = None
    segment: str | None = None
    incident: str | None = None


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
            incident=alert.incident,
        )
        for alert in alerts
        if _is_open(alert) and _is_fault(alert, kinds.get(alert.monitor, alert.monitor))
    ]
    return sorted(found, key=lambda fault: (fault.since, fault.column or "", fault.why))


def hold_back(alert: Alert, faults: Sequence[Upstream], model: Model) -> Alert:
    """The alert as it is to be kept: held back with the reason, or let go."""
    if not _is_open(alert) and alert.state is not AlertState.PENDING:
        return alert
    fault = explained_by(alert, faults, model)
    why = "" if fault is None else fault.why
    return alert if alert.held_back == why else replace(alert, held_back=why)


def explained_by(alert: Alert, faults: Sequence[Upstream], model: Model) -> Upstream | None:
    """The failure that explains an alert; None where none does."""
    kinds = {spec.name: spec.kind for spec in model.monitors}
    kind, slack = kinds.get(alert.monitor, alert.monitor), model.granularity.length
    for fault in faults:
        if (
            kind in _CONSEQUENCES[fault.kind]
            and alert.what != _SLOW
            and fault.segment in (None, alert.segment)
            and _reads(alert, fault)
            and alert.opened_at >= fault.since - _TOGETHER_WINDOWS * slack
            and _last_fired(alert) < fault.until
        ):
            return fault
    return None


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


def _reads(alert: Alert, fault: Upstream) -> bool:
    """Whether what the alert is about is made of what is broken."""
    if fault.column is None or alert.column is None or alert.column == fault.column:
        return True
    effect = alert.facts.get("effect")
    return isinstance(effect, Mapping) and effect.get("role") == "output"


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
