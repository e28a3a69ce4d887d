"""The likely cause of an incident, in words, and its title: from its alerts alone.

A broken input outranks statistics: where a data-quality alert belongs to the incident, it is the
cause and everything else its consequence; likewise a resource that runs out. Else the feature is named whose other mix contributes
most, and surely, to the change of the model's errors or answers; else the largest drift of a
feature. Where no mix explains the change and cells of the data changed themselves, it is the
relation between data and outcome that is another. Else the cause is "unknown", and said to be.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from watchkeeper.alerts.grouping import CREEP, family_of
from watchkeeper.domain.alert import Alert
from watchkeeper.domain.verdict import Severity

__all__ = ["UNKNOWN", "certainty_of", "likely_cause", "title"]

UNKNOWN = "unknown"
_FAULT = "a data fault: "
_RESOURCE = "a resource runs out: "
_MIX = "another mix of the data: "
_OUTPUTS = "answer"  # the figure of a change of scores or predictions
_ANSWERED = "rows alike are answered otherwise"
_RELATION = "the relation between data and outcome has changed"
_SEVERITY = {Severity.CRITICAL: 0, Severity.WARNING: 1, Severity.INFO: 2}
_FIGURES = {
    "signed": "the calibration or bias",
    "squared": "the squared error",
    "absolute": "the absolute error",
    "wrong": "the share of wrong answers",
    "answer": "the model's answers",
}
# What most probably stands at the beginning of a chain of effects comes first.
_ORDER = ("quality", "resources", "drift", "service", "performance")
_SHORT = frozenset({"limit", "hours_until_full"})  # what is used otherwise is no want of it


def likely_cause(alerts: Sequence[Alert]) -> str:
    """One or two sentences, or "unknown"."""
    faults = _of(alerts, "quality")
    if faults:
        return f"{_FAULT}{_worst(faults).message}"
    short = [alert for alert in _of(alerts, "resources") if alert.what in _SHORT]
    if short:  # of one host rather than of all together
        return f"{_RESOURCE}{_worst([a for a in short if a.segment] or short).message}"
    traced = [alert for alert in sorted(alerts, key=_rank) if _traced(alert)]
    mixes = [_MIX + found + _at(alert) for alert in traced if (found := _mix(_traced(alert)))]
    if mixes:
        return mixes[0]
    drifted = [alert for alert in _of(alerts, "drift") if alert.column is not None]
    features = [alert for alert in drifted if _effect(alert).get("role") != "output"]
    if not features:
        changed = [found + _at(alert) for alert in traced if (found := _within(_traced(alert)))]
        return changed[0] if changed else UNKNOWN
    if family_of(features[0]) == CREEP:
        return f"the data moves away from the reference slowly: {_largest(features).message}"
    return f"a change of {_largest(features).column}: {_largest(features).message}"


def certainty_of(cause: str) -> int:
    """How much a cause explains: 0 unknown, 1 a change of the data or of the relation, 2 a mix of
    which it is known how much it contributes, 3 a fault of the data or a resource that runs out.
    """
    if cause == UNKNOWN:
        return 0
    if cause.startswith((_FAULT, _RESOURCE)):
        return 3
    return 2 if cause.startswith(_MIX) else 1


def _mix(traced: Mapping[str, object]) -> str | None:
    """The largest contribution, where it is sure."""
    told = traced.get("contributions")
    found = [each for each in told if isinstance(each, Mapping)] if isinstance(told, list) else []
    if not found or not found[0].get("sure"):
        return None
    first, *others = found
    share, low, high = (_percent(first.get(f"share{end}")) for end in ("", "_low", "_high"))
    text = f"{_rows(first)} explain {share} % ({low} to {high} %) of the change of "
    text += _figure(traced) + "".join(_alike(first, other) for other in others)
    rest = _rest(traced)
    return f"{text}; the rest: {rest}" if rest else text


def _rows(told: Mapping[str, object]) -> str:
    return f"{'more' if told.get('more') else 'fewer'} rows with {told.get('cells')}"


def _alike(first: Mapping[str, object], other: Mapping[str, object]) -> str:
    """Another contribution that may be as large: features that go together share what they do."""
    least = _number(first.get("share_low"), otherwise=0.0)
    if not other.get("sure") or _number(other.get("share_high"), otherwise=0.0) < least:
        return ""
    return f", or {_rows(other)} {_percent(other.get('share'))} %"


def _percent(value: object) -> str:
    return f"{100.0 * _number(value, otherwise=0.0):.0f}"


def _within(traced: Mapping[str, object]) -> str | None:
    """That the relation changed, and where most."""
    rest = _rest(traced)
    return rest and f"no other mix of the data explains it: {rest}"


def _rest(traced: Mapping[str, object]) -> str | None:
    within = traced.get("within")
    if not isinstance(within, Mapping) or not within.get("sure"):
        return None
    answers = traced.get("figure") == _OUTPUTS
    what = _ANSWERED if answers else _RELATION
    where = within.get("where")
    if not isinstance(where, Mapping):
        return what
    value, usual = (_number(where.get(name), otherwise=0.0) for name in ("value", "usual"))
    return f"{what}, most with {where.get('cells')} ({value:.3g}, usually {usual:.3g})"


def _at(alert: Alert) -> str:
    return f" (at {alert.segment})" if alert.segment else ""


def _figure(traced: Mapping[str, object]) -> str:
    return _FIGURES.get(str(traced.get("figure")), "the errors")


def _traced(alert: Alert) -> Mapping[str, object]:
    """What `monitors.causes` said of the alert's change; empty where it said nothing."""
    found = _effect(alert).get("cause")
    return found if isinstance(found, Mapping) else {}


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
    return min(alerts, key=_rank)


def _rank(alert: Alert) -> tuple[int, bool, float]:
    p_value = _number(alert.facts.get("p_value"), otherwise=0.0)
    return (_SEVERITY[alert.severity], alert.segment is not None, p_value)


def _largest(alerts: Sequence[Alert]) -> Alert:
    return max(alerts, key=lambda alert: abs(_number(alert.facts.get("value"), otherwise=0.0)))


def _effect(alert: Alert) -> dict[str, object]:
    effect = alert.facts.get("effect")
    return effect if isinstance(effect, dict) else {}


def _number(value: object, *, otherwise: float) -> float:
    return float(value) if isinstance(value, int | float) else otherwise
