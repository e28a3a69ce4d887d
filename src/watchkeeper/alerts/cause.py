"""The likely cause of an incident, in words, and its title: from its alerts alone.

A broken input outranks statistics: where a data-quality alert belongs to the incident, it is the
cause and everything else its consequence. Else the feature whose drift contributes most to the
change of the model's scores, or else is largest, is named. Else the cause is "unknown", and said
to be.
"""

from __future__ import annotations

from collections.abc import Sequence

from watchkeeper.alerts.grouping import CREEP, family_of
from watchkeeper.domain.alert import Alert
from watchkeeper.domain.verdict import Severity

__all__ = ["UNKNOWN", "certainty_of", "likely_cause", "title"]

UNKNOWN = "unknown"
_FAULT = "a data fault: "
_SEVERITY = {Severity.CRITICAL: 0, Severity.WARNING: 1, Severity.INFO: 2}
# What most probably stands at the beginning of a chain of effects comes first.
_ORDER = ("quality", "drift", "service", "performance")


def likely_cause(alerts: Sequence[Alert]) -> str:
    """One or two sentences, or "unknown"."""
    faults = _of(alerts, "quality")
    if faults:
        return f"{_FAULT}{_worst(faults).message}"
    drifted = [alert for alert in _of(alerts, "drift") if alert.column is not None]
    features = [alert for alert in drifted if alert.facts.get("role") != "output"]
    if not features:
        return UNKNOWN
    if family_of(features[0]) == CREEP:
        return f"the data moves away from the reference slowly: {_largest(features).message}"
    return f"a change of {_largest(features).column}: {_largest(features).message}"


def certainty_of(cause: str) -> int:
    """How much a cause explains: 0 unknown, 1 a change of the data, 2 a fault of the data."""
    if cause == UNKNOWN:
        return 0
    return 2 if cause.startswith(_FAULT) else 1


def title(alerts: Sequence[Alert]) -> str:
    """What happened, in a line: the first link of the chain, and how much else."""
    lead = _lead(alerts)
    what = lead.what.replace("_", " ")
    of = f" of {lead.column}" if lead.column else ""
    where = f" at {lead.segment}" if lead.segment else ""
    others = len({(alert.column, alert.what) for alert in alerts}) - 1
    more = f" (and {others} more)" if others else ""
    if family_of(lead) == CREEP:
        return f"slow change: {lead.column} has moved away from the reference{more}"
    named = what if what == lead.monitor else f"{lead.monitor}: {what}"
    return f"{named}{of}{where}{more}"


def _lead(alerts: Sequence[Alert]) -> Alert:
    for monitor in _ORDER:
        found = _of(alerts, monitor)
        if found:
            return _worst(found)
    return _worst(alerts)


def _of(alerts: Sequence[Alert], monitor: str) -> list[Alert]:
    return [alert for alert in alerts if alert.monitor.split(".")[0] == monitor]


def _worst(alerts: Sequence[Alert]) -> Alert:
    """The most severe; then of all rows before a segment; then the least likely by chance."""
    return min(
        alerts,
        key=lambda alert: (
            _SEVERITY[alert.severity],
            alert.segment is not None,
            _number(alert.facts.get("p_value"), otherwise=0.0),
        ),
    )


def _largest(alerts: Sequence[Alert]) -> Alert:
    return max(
        alerts,
        key=lambda alert: (
            abs(_number(_effect(alert).get("contribution"), otherwise=0.0)),
            abs(_number(alert.facts.get("value"), otherwise=0.0)),
        ),
    )


def _effect(alert: Alert) -> dict[str, object]:
    effect = alert.facts.get("effect")
    return effect if isinstance(effect, dict) else {}


def _number(value: object, *, otherwise: float) -> float:
    return float(value) if isinstance(value, int | float) else otherwise
