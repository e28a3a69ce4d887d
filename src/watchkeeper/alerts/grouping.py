"""Which incident an opening alert belongs to: one incident per cause, not per feature.

Two families never mix: *creep* (the data wanders away from the reference over weeks: one ongoing
incident per model until the baseline is accepted anew) and *change* (something happened). A
change alert joins an open incident where it is of a column that the incident knows already, or
where it began within two windows of the incident's beginning: what starts together has, until
shown otherwise, one cause. Else it opens an incident of its own.

What joins an incident later than that, and is of a kind that it has not shown so far, is a fault of
its own within it: people are told that it has come, rather than that it hides there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from watchkeeper.domain.alert import Alert, AlertState, Incident

__all__ = ["CHANGE", "CREEP", "HELD_BACK", "Members", "family_of", "fault_of", "find_incident"]

CHANGE, CREEP = "change", "creep"
HELD_BACK = "|held back"  # ends the faults of what was held back when it opened
_TOGETHER_WINDOWS = 2


def family_of(alert: Alert) -> str:
    """``creep`` for a slow departure from the reference, else ``change``."""
    return CREEP if alert.what == "creep" else CHANGE


@dataclass(slots=True)
class Members:
    """What an incident's alerts are, so that ten thousand of them are not looked through for each."""

    keys: set[str] = field(default_factory=set)
    columns: set[str] = field(default_factory=set)
    faults: dict[tuple[str, str, bool], str] = field(default_factory=dict)

    def add(self, alert: Alert) -> None:
        """Note one of them."""
        self.keys.add(alert.key)
        if alert.column is not None:
            self.columns.add(alert.column)
        if alert.fault:
            self.faults.setdefault(_kind(alert), alert.fault)


def _kind(alert: Alert) -> tuple[str, str, bool]:
    return (alert.monitor, alert.what, bool(alert.held_back))


def find_incident(
    alert: Alert,
    incidents: Sequence[Incident],
    members: Mapping[str, Members],
    *,
    window_length: timedelta,
) -> Incident | None:
    """The incident that ``alert`` belongs to, the youngest first; None where it is a new one.

    A resolved incident is reopened only by the very series' own column (or, for creep, by creep).

    Parameters
    ----------
    alert
        An alert that opens now.
    incidents
        The model's open incidents, and those resolved a short while ago.
    members
        What the alerts of each incident are, by the incident's id.
    window_length
        The model's granularity.
    """
    family = family_of(alert)
    for incident in sorted(incidents, key=lambda found: found.opened_at, reverse=True):
        if incident.facts.get("family") != family:
            continue
        if family == CREEP or _same_cause(alert, incident, members[incident.id], window_length):
            return incident
    return None


def fault_of(
    alert: Alert, incident: Incident, members: Members, *, window_length: timedelta
) -> str:
    """What is news about an alert that joins an incident: nothing beside what the incident is
    already, where it began with it or is of a kind that was there before; else itself.

    Parameters
    ----------
    alert
        An alert that opens now.
    incident
        The incident that it joins, or opens.
    members
        What the alerts are that the incident had before.
    window_length
        The model's granularity.
    """
    known = members.faults.get(_kind(alert))
    if known is not None:
        return known
    together = abs(alert.opened_at - incident.opened_at) <= _TOGETHER_WINDOWS * window_length
    # What is held back is news of its own when it is let go.
    if together and not alert.held_back:
        return incident.id
    held = HELD_BACK if alert.held_back else ""
    return f"{incident.id}|{alert.monitor}|{alert.what}{held}"


def _same_cause(
    alert: Alert, incident: Incident, members: Members, window_length: timedelta
) -> bool:
    if alert.key in members.keys or alert.column in members.columns:
        return True
    if incident.state is AlertState.RESOLVED:
        return False
    return abs(alert.opened_at - incident.opened_at) <= _TOGETHER_WINDOWS * window_length
