"""When an alert opens and when it resolves: a pure function of its last windows.

An alert opens at once where the evidence is overwhelming or stands outside the alarm budget (a
static threshold, a broken schema), else when two of the last three judged windows fired. It
resolves after three judged windows in a row that did not fire. A window without a verdict (no
data, too few labels, a failed monitor) neither opens nor resolves: silence is no proof of health.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime

from watchkeeper.domain.alert import Alert, AlertState, Tick
from watchkeeper.domain.verdict import Severity, Status, Verdict

__all__ = ["advance", "series_key", "started_at"]

WINDOWS_KEPT = 3
FIRED_TO_OPEN = 2
OVERWHELMING_P_VALUE = 1e-6

_RANK = {Severity.INFO: 0, Severity.WARNING: 1, Severity.CRITICAL: 2}
# Data without a time column is judged once: its one window stands at this moment.
_UNTIMED = datetime(1970, 1, 1, tzinfo=UTC)


def series_key(verdict: Verdict) -> str:
    """The identity of what is followed: the same for every window of one series."""
    parts = (
        verdict.model,
        verdict.monitor,
        verdict.what,
        verdict.column,
        verdict.segment,
        verdict.version,
        verdict.arm,
    )
    return "|".join("" if part is None else part for part in parts)


def advance(alert: Alert | None, verdict: Verdict, now: datetime) -> Alert | None:
    """The alert of a series after one more verdict; None where there is none to keep.

    Parameters
    ----------
    alert
        The series' live alert (not resolved), or None.
    verdict
        A verdict of that series; a restated window replaces what was known of it.
    now
        When the verdict was made.
    """
    if verdict.status not in (Status.OK, Status.ALERT):
        return alert
    fired = verdict.status is Status.ALERT
    if alert is None:
        return _first(verdict, now) if fired else None
    recent = _with_tick(alert.recent, Tick(started_at(verdict), fired))
    moved = replace(alert, recent=recent, updated_at=now)
    if fired and recent[-1].start == started_at(verdict):
        moved = _with_facts(moved, verdict)
    return _transition(moved, verdict, now)


def _transition(alert: Alert, verdict: Verdict, now: datetime) -> Alert | None:
    fired = [tick.fired for tick in alert.recent]
    if alert.state is AlertState.PENDING:
        if sum(fired) >= FIRED_TO_OPEN or (fired[-1] and _is_certain(verdict)):
            return replace(alert, state=AlertState.OPEN, confirmed_at=now)
        return alert if any(fired) else None
    if len(fired) == WINDOWS_KEPT and not any(fired):
        return replace(alert, state=AlertState.RESOLVED, resolved_at=now)
    return alert


def _first(verdict: Verdict, now: datetime) -> Alert:
    start = started_at(verdict)
    key = series_key(verdict)
    certain = _is_certain(verdict)
    alert = Alert(
        id=hashlib.sha256(f"{key}|{start.isoformat()}".encode()).hexdigest()[:20],
        key=key,
        model=verdict.model,
        monitor=verdict.monitor,
        state=AlertState.OPEN if certain else AlertState.PENDING,
        severity=verdict.severity,
        what=verdict.what,
        message=verdict.message,
        opened_at=start,
        updated_at=now,
        confirmed_at=now if certain else None,
        column=verdict.column,
        segment=verdict.segment,
        version=verdict.version,
        arm=verdict.arm,
        recent=(Tick(start, fired=True),),
    )
    return _with_facts(alert, verdict)


def _with_facts(alert: Alert, verdict: Verdict) -> Alert:
    worse = _RANK[verdict.severity] > _RANK[alert.severity]
    return replace(
        alert,
        severity=verdict.severity if worse else alert.severity,
        message=verdict.message,
        verdicts=(*alert.verdicts, verdict.id)[-20:],
        facts={
            "value": verdict.value,
            "low": verdict.low,
            "high": verdict.high,
            "n": verdict.n,
            "maturity": verdict.maturity,
            "p_value": verdict.effect.get("p_value"),
            "effect": dict(verdict.effect),
            "window_start": started_at(verdict).isoformat(),
        },
    )


def _with_tick(recent: tuple[Tick, ...], tick: Tick) -> tuple[Tick, ...]:
    others = [known for known in recent if known.start != tick.start]
    return tuple(sorted([*others, tick], key=lambda known: known.start)[-WINDOWS_KEPT:])


def _is_certain(verdict: Verdict) -> bool:
    """Whether one window is enough: what lasts has been seen in several windows already."""
    if "since" in verdict.effect:
        return True
    p_value = verdict.effect.get("p_value")
    return not isinstance(p_value, float) or p_value < OVERWHELMING_P_VALUE


def started_at(verdict: Verdict) -> datetime:
    """The start of the verdict's window; 1970 where the data has no time."""
    return _UNTIMED if verdict.window is None else verdict.window.start
