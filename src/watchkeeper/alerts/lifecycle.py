"""When an alert opens and when it resolves: a pure function of its last windows.

An alert opens at once where the evidence is overwhelming or stands outside the alarm budget (a
static threshold, a broken schema), else when two of the last three judged windows fired. It
resolves after three judged windows in a row that did not fire. A window without a verdict (no
data, too few labels, a failed monitor) neither opens nor resolves: silence is no proof of health.

A monitor may say otherwise (`Pace`), as rules of Prometheus do: ``for`` how long its windows must
have fired without a break before an alert opens, and for how long it is kept firing after them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import takewhile

from watchkeeper.domain.alert import Alert, AlertState, Tick
from watchkeeper.domain.verdict import Severity, Status, Verdict

__all__ = ["Pace", "advance", "series_key", "started_at"]

WINDOWS_KEPT = 3
FIRED_TO_OPEN = 2
OVERWHELMING_P_VALUE = 1e-6

_MOST_WINDOWS = 2_000
_RANK = {Severity.INFO: 0, Severity.WARNING: 1, Severity.CRITICAL: 2}
# Data without a time column is judged once: its one window stands at this moment.
_UNTIMED = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Pace:
    """When the alerts of a monitor open and resolve; None: as it is decided by default."""

    opens_after: timedelta | None = None
    keeps_for: timedelta | None = None

    def windows(self, length: timedelta) -> int:
        """How many windows of that length must be remembered."""
        longest = max(self.opens_after or timedelta(), self.keeps_for or timedelta())
        needed = -(-longest // length) + 1 if length else 0
        return min(max(WINDOWS_KEPT, needed), _MOST_WINDOWS)


_DEFAULT = Pace()


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


def advance(
    alert: Alert | None, verdict: Verdict, now: datetime, pace: Pace = _DEFAULT
) -> Alert | None:
    """The alert of a series after one more verdict; None where there is none to keep.

    Parameters
    ----------
    alert
        The series' live alert (not resolved), or None.
    verdict
        A verdict of that series; a restated window replaces what was known of it.
    now
        When the verdict was made.
    pace
        What the monitor says about opening and resolving.
    """
    if verdict.status not in (Status.OK, Status.ALERT):
        return alert
    fired = verdict.status is Status.ALERT
    if alert is None:
        return _first(verdict, now, pace) if fired else None
    length = verdict.window.length if verdict.window is not None else timedelta()
    kept = pace.windows(length)
    recent = _with_tick(alert.recent, Tick(started_at(verdict), fired), kept)
    moved = replace(alert, recent=recent, updated_at=now)
    if fired and recent[-1].start == started_at(verdict):
        moved = _with_facts(moved, verdict)
    return _transition(moved, verdict, now, pace)


def _transition(alert: Alert, verdict: Verdict, now: datetime, pace: Pace) -> Alert | None:
    if alert.state is AlertState.PENDING:
        if _opens(alert.recent, verdict, pace):
            return replace(alert, state=AlertState.OPEN, confirmed_at=now)
        waits = alert.recent if pace.opens_after is None else alert.recent[-1:]
        return alert if any(tick.fired for tick in waits) else None
    if _is_over(alert.recent, pace):
        return replace(alert, state=AlertState.RESOLVED, resolved_at=now)
    return alert


def _opens(recent: Sequence[Tick], verdict: Verdict, pace: Pace) -> bool:
    if pace.opens_after is not None:
        lasted = _lasted(recent, fired=True)
        return lasted is not None and lasted >= pace.opens_after
    last = recent[-WINDOWS_KEPT:]
    many = sum(tick.fired for tick in last) >= FIRED_TO_OPEN
    return many or (last[-1].fired and _is_certain(verdict))


def _is_over(recent: Sequence[Tick], pace: Pace) -> bool:
    if pace.keeps_for is not None:
        lasted = _lasted(recent, fired=False)
        return lasted is not None and lasted >= pace.keeps_for
    last = recent[-WINDOWS_KEPT:]
    return len(last) == WINDOWS_KEPT and not any(tick.fired for tick in last)


def _lasted(recent: Sequence[Tick], *, fired: bool) -> timedelta | None:
    """From the first to the last of the latest windows that agree; None where the last does not."""
    run = list(takewhile(lambda tick: tick.fired is fired, reversed(recent)))
    return run[0].start - run[-1].start if run else None


def _first(verdict: Verdict, now: datetime, pace: Pace) -> Alert:
    start = started_at(verdict)
    key = series_key(verdict)
    certain = _is_certain(verdict) if pace.opens_after is None else not pace.opens_after
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


def _with_tick(recent: tuple[Tick, ...], tick: Tick, kept: int) -> tuple[Tick, ...]:
    others = [known for known in recent if known.start != tick.start]
    return tuple(sorted([*others, tick], key=lambda known: known.start)[-kept:])


def _is_certain(verdict: Verdict) -> bool:
    """Whether one window is enough: what lasts has been seen in several windows already."""
    if "since" in verdict.effect:
        return True
    p_value = verdict.effect.get("p_value")
    return not isinstance(p_value, float) or p_value < OVERWHELMING_P_VALUE


def started_at(verdict: Verdict) -> datetime:
    """The start of the verdict's window; 1970 where the data has no time."""
    return _UNTIMED if verdict.window is None else verdict.window.start
