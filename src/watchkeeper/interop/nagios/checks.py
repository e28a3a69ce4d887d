"""The checks: from what the server knows to what a plugin says.

A model is critical or warns where an incident of that severity is not over; what cannot be said
(no window was judged, a monitor failed) is UNKNOWN, never OK.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from watchkeeper.interop.nagios.asking import Data
from watchkeeper.interop.nagios.ranges import Range
from watchkeeper.interop.nagios.result import Perf, Result, State, worst
from watchkeeper.interop.nagios.snapshot import ModelFacts, Snapshot, mapping, moment, text

__all__ = ["Limits", "fleet", "freshness", "health", "model", "monitor"]

_SEVERITIES = {"critical": State.CRITICAL, "warning": State.WARNING}
_RANK = (State.CRITICAL, State.WARNING, State.UNKNOWN, State.OK)
_BEAT_WARN, _BEAT_CRIT = Range.parse("120"), Range.parse("600")
_SILENCE = {"warning": 1, "critical": 3}  # windows without a row


@dataclass(frozen=True, slots=True)
class Limits:
    """The ranges that were asked for; ``acknowledged_ok``: what somebody looks after is no cause."""

    warn: Range | None = None
    crit: Range | None = None
    acknowledged_ok: bool = False

    def judge(self, value: float) -> State:
        """The state of a value by the ranges."""
        if self.crit is not None and self.crit.alerts(value):
            return State.CRITICAL
        if self.warn is not None and self.warn.alerts(value):
            return State.WARNING
        return State.OK

    @property
    def given(self) -> bool:
        """Whether any range was asked for."""
        return self.warn is not None or self.crit is not None

    def or_else(self, warn: Range, crit: Range) -> Limits:
        """These, or the defaults of a check where none was asked for."""
        return self if self.given else Limits(warn, crit, self.acknowledged_ok)


def model(facts: ModelFacts, limits: Limits) -> Result:
    """One model: its incidents that are not over; ranges are of their number."""
    standing = [
        found
        for found in facts.incidents
        if not (limits.acknowledged_ok and text(found, "state") == "acknowledged")
    ]
    perf = (
        Perf("incidents", len(facts.incidents), "", limits.warn, limits.crit, 0),
        Perf("rows", facts.rows, low=0),
    )
    details = [_incident_line(found) for found in facts.incidents]
    by_number = limits.judge(len(standing)) if limits.given else None
    if standing and by_number is not State.OK:
        found = worst(_SEVERITIES.get(text(item, "severity"), State.OK) for item in standing)
        more = f" and {len(standing) - 1} more" if len(standing) > 1 else ""
        return Result(
            found if by_number is None else by_number,
            f"{facts.name}: {text(standing[0], 'title')}{more}",
            perf,
            details,
        )
    if facts.health == "error":
        return Result(State.UNKNOWN, f"{facts.name}: a monitor failed", perf, details)
    if facts.judged_through is None or facts.health == "insufficient_data":
        said = "no window is judged yet" if facts.judged_through is None else "too few data"
        return Result(State.UNKNOWN, f"{facts.name}: {said}", perf, details)
    held = f", {len(facts.incidents)} acknowledged" if facts.incidents else ""
    through = f"{facts.judged_through:%Y-%m-%d %H:%M} UTC"
    return Result(State.OK, f"{facts.name}: judged until {through}{held}", perf, details)


def fleet(snapshot: Snapshot, limits: Limits) -> Result:
    """All models together: the worst of them, and how many are how."""
    found = {name: model(facts, Limits(acknowledged_ok=limits.acknowledged_ok))
             for name, facts in snapshot.models.items()}  # fmt: skip
    if not found:
        return Result(State.UNKNOWN, "no model is defined")
    states = [result.state for result in found.values()]
    counts = {state: states.count(state) for state in _RANK}
    ill = sum(counts[state] for state in (State.CRITICAL, State.WARNING))
    said = [f"{counts[state]} {state.name.lower()}" for state in _RANK if counts[state]]
    perf = [
        Perf("models", len(found), low=0),
        Perf("ill", ill, "", limits.warn, limits.crit, 0, len(found)),
        *(Perf(state.name.lower(), counts[state], low=0) for state in _RANK),
    ]
    ordered = sorted(found.values(), key=lambda item: _RANK.index(item.state))
    details = [f"{item.state.name}: {item.text}" for item in ordered if item.state is not State.OK]
    state = limits.judge(ill) if limits.given else worst(states)
    return Result(state, f"{len(found)} models: {', '.join(said)}", perf, details)


def monitor(name: str, verdicts: Sequence[Data], limits: Limits) -> Result:
    """One monitor's verdicts in its newest window. With ranges, the figures are held against them;
    else it is what the monitor itself said.
    """
    if not verdicts:
        return Result(
            State.UNKNOWN, f"monitor {name!r} has said nothing of this yet: is that its name?"
        )
    judged = sorted(
        ((_judged(item, limits), item) for item in verdicts),
        key=lambda pair: (_RANK.index(pair[0]), text(pair[1], "status") == "insufficient_data"),
    )
    told = [state for state, item in judged if text(item, "status") != "insufficient_data"]
    state = worst(told)
    first = judged[0][1]
    window = moment(mapping(first.get("window")).get("start"))
    when = "" if window is None else f" ({window:%Y-%m-%d %H:%M} UTC)"
    bad = [(found, item) for found, item in judged if found is not State.OK and found in told]
    if not told:
        said = f"{text(first, 'message')}{when}"
    elif bad:
        more = f" and {len(bad) - 1} more" if len(bad) > 1 else ""
        said = f"{text(first, 'message')}{more}{when}"
    else:
        said = f"{name}: {len(told)} of {len(judged)} figures are fine{when}"
    perf = [found for _, item in judged if (found := _figure(item, limits)) is not None]
    details = [f"{found.name}: {text(item, 'message')}" for found, item in bad[1:]]
    return Result(state, said, perf, details)


def freshness(facts: ModelFacts, limits: Limits) -> Result:
    """For how long a model has sent nothing; ranges are in seconds, by default one window and three."""
    silence = facts.silence
    if silence is None or facts.length is None or facts.newest_rows is None:
        return Result(State.UNKNOWN, f"{facts.name}: no rows yet, or none in its last windows")
    length = facts.length.total_seconds()
    limits = limits.or_else(*(Range.parse(f"{length * part:g}") for part in _SILENCE.values()))
    seconds = silence.total_seconds()
    perf = [Perf("silence", seconds, "s", limits.warn, limits.crit, 0)]
    until = f"{facts.newest_rows[1]:%Y-%m-%d %H:%M} UTC"
    said = (
        f"no rows for {_span(silence)}, since {until}" if seconds else "rows in the current window"
    )
    return Result(limits.judge(seconds), f"{facts.name}: {said}", perf)


def health(clock: Data, ready: tuple[int, str], limits: Limits) -> Result:
    """The server itself: whether it takes rows, how far it is, and when its worker was last seen.
    Ranges are of the seconds since then.
    """
    limits = limits.or_else(_BEAT_WARN, _BEAT_CRIT)
    inbox = clock.get("inbox")
    due = [mapping(item).get("due") for item in _list(clock.get("models"))]
    perf = [
        Perf("inbox", inbox if isinstance(inbox, int) else 0, low=0),
        Perf("due", sum(item for item in due if isinstance(item, int)), low=0),
    ]
    status, said = ready
    if status != 200:
        return Result(State.CRITICAL, f"not ready: {said or status}", perf)
    told, seen = moment(clock.get("now")), moment(clock.get("worker_seen_at"))
    if told is None or seen is None:
        return Result(State.UNKNOWN, "takes rows, but its worker was never seen", perf)
    age = max(0.0, (told - seen).total_seconds())
    perf.insert(0, Perf("worker_age", age, "s", limits.warn, limits.crit, 0))
    behind = "" if clock.get("settled") is True else ", and windows are being judged"
    said = f"takes rows; its worker was seen {_span(timedelta(seconds=age))} ago{behind}"
    return Result(limits.judge(age), said, perf)


def _judged(verdict: Data, limits: Limits) -> State:
    value = verdict.get("value")
    if limits.given and isinstance(value, int | float):
        return limits.judge(float(value))
    status = text(verdict, "status")
    if status == "alert":
        return _SEVERITIES.get(text(verdict, "severity"), State.OK)
    return State.OK if status == "ok" else State.UNKNOWN


def _figure(verdict: Data, limits: Limits) -> Perf | None:
    value = verdict.get("value")
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    what = text(verdict, "what")
    label = " ".join(filter(None, (text(verdict, "column"), what, text(verdict, "segment"))))
    share = what.endswith(("_rate", "_share")) or what in {"drift", "creep"}
    unit = "ms" if what.startswith("latency") else ""
    return Perf(
        label,
        float(value),
        unit,
        limits.warn,
        limits.crit,
        low=0 if share or unit else None,
        high=1 if share else None,
    )


def _incident_line(incident: Data) -> str:
    since = moment(incident.get("opened_at"))
    when = "" if since is None else f" since {since:%Y-%m-%d %H:%M} UTC"
    by = text(incident, "acknowledged_by")
    held = f", looked after by {by}" if by else ""
    return f"{text(incident, 'severity')}: {text(incident, 'title')}{when}{held} [{text(incident, 'id')}]"


def _span(length: timedelta) -> str:
    seconds = int(length.total_seconds())
    for size, name in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds // size} {name}"
    return f"{seconds} seconds"


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
