"""What people read: what, how big, since when, how sure, likely why, what to do, where to look.

Composed once, whatever it is sent by: the senders only lay it out. Every sentence comes from
recorded figures. Lists are cut, and say how much more there is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from watchkeeper.alerts.figures import big, length, moment, series
from watchkeeper.domain.alert import Alert, AlertState, Incident, Notice, NoticeKind
from watchkeeper.domain.verdict import Severity

__all__ = ["Link", "Message", "compose", "lead_of"]

_SERIES_SHOWN = 10
_CHANGES_SHOWN = 5
_INCIDENTS_SHOWN = 20
_MORE = re.compile(r" \(and (\d+) more\)\Z")
_OWN_NAMES = re.compile(r"\A(quality|performance|service|resources): ")
_SEVERITIES = {Severity.CRITICAL: 0, Severity.WARNING: 1, Severity.INFO: 2}


@dataclass(frozen=True, slots=True)
class Link:
    """A place to go to: what it is called, and its address."""

    name: str
    url: str


@dataclass(frozen=True, slots=True)
class Message:
    """A notice in words.

    ``title`` says model, what and how big, and stays as it is for a thread; ``status`` what has
    happened now ("New", "Resolved after 2 h"). ``facts`` are (name, sentence) pairs, ``series``
    a sentence for each series that fires, of which ``omitted`` more are left out. ``link`` leads
    to the incident, ``links`` further.
    """

    title: str
    status: str
    severity: Severity
    facts: tuple[tuple[str, str], ...]
    series: tuple[str, ...] = ()
    omitted: int = 0
    link: str | None = None
    links: tuple[Link, ...] = ()
    resolved: bool = False

    @property
    def subject(self) -> str:
        """One line: severity, model, what, how big, and what has happened."""
        return f"[{self.severity}] {self.title} ({_lower_first(self.status)})"

    def text(self) -> str:
        """The message as plain text, a fact to a paragraph."""
        parts = [f"{self.status}: {self.title}"]
        parts += [f"{name}: {sentence}" for name, sentence in self.facts]
        if self.series:
            parts.append("\n".join(["All that fires:", *(f"- {each}" for each in self.listed())]))
        if self.link:
            parts.append(f"Look here: {self.link}")
        parts += [f"{link.name}: {link.url}" for link in self.links]
        return "\n\n".join(parts) + "\n"

    def listed(self) -> tuple[str, ...]:
        """The series, and how many more there are."""
        return (*self.series, f"and {self.omitted} more") if self.omitted else self.series


def compose(notice: Notice) -> Message:
    """The message of a notice."""
    if notice.kind is NoticeKind.DIGEST:
        return _digest(notice)
    firing = sorted(notice.alerts, key=_first_things)
    shown = firing[:_SERIES_SHOWN] if len(firing) > 1 else []
    return Message(
        title=_title(notice),
        status=_status(notice),
        severity=notice.incident.severity,
        facts=tuple(pair for pair in _facts(notice, firing) if pair[1]),
        series=tuple(f"{alert.message}{_over(alert)}" for alert in shown),
        omitted=notice.omitted + (len(firing) - len(shown) if shown else 0),
        link=notice.link,
        links=tuple(_links(notice, firing)),
        resolved=notice.kind is NoticeKind.RESOLVED,
    )


def lead_of(notice: Notice) -> Alert | None:
    """The alert that the incident's title names, or the first that matters; None without any."""
    firing = sorted(notice.alerts, key=_first_things)
    named = [alert for alert in firing if series(alert) in notice.incident.title]
    return next(iter(named or firing), None)


def _title(notice: Notice) -> str:
    incident = notice.incident
    if notice.kind is NoticeKind.TEST:
        return incident.title
    more = _MORE.search(incident.title)
    what = _OWN_NAMES.sub("", _MORE.sub("", incident.title))
    lead = lead_of(notice)
    size = big(lead) if lead is not None else ""
    others = f" (and {more[1]} more)" if more else ""
    also = len(notice.incidents) - 1
    besides = f"; and {also} more incident{'s' if also > 1 else ''}" if also > 0 else ""
    return f"{incident.model}: {what}{', ' + size if size else ''}{others}{besides}"


def _status(notice: Notice) -> str:
    incident = notice.incident
    ended = incident.resolved_at or notice.created_at
    words = {
        NoticeKind.OPENED: "New",
        NoticeKind.UPDATED: "Update",
        NoticeKind.ACKNOWLEDGED: f"Acknowledged by {incident.acknowledged_by or 'somebody'}",
        NoticeKind.REMINDED: f"Still open after {length(_known_until(notice) - incident.opened_at)}",
        NoticeKind.ESCALATED: "Escalated",
        NoticeKind.RESOLVED: f"Resolved after {length(ended - incident.opened_at)}",
        NoticeKind.DIGEST: "Digest",
        NoticeKind.TEST: "Test",
    }
    return words[notice.kind]


def _known_until(notice: Notice) -> datetime:
    """By the model's own clock, which may not be ours."""
    incident = notice.incident
    return max([incident.updated_at, *(alert.updated_at for alert in notice.alerts)])


def _facts(notice: Notice, firing: Sequence[Alert]) -> Iterator[tuple[str, str]]:
    incident = notice.incident
    yield "Told because", notice.note
    yield "What", _what(notice)
    yield "Since", _since(incident)
    yield "How sure", _how_sure(notice)
    yield "Likely why", incident.cause
    yield "Changed before", "; ".join(_changes(incident))
    yield "What to do", _what_to_do(notice, firing)
    yield "Looked after by", incident.assignee or incident.acknowledged_by or ""


def _what(notice: Notice) -> str:
    lead = lead_of(notice)
    return notice.incident.title if lead is None else lead.message


def _since(incident: Incident) -> str:
    until = f", until {moment(incident.resolved_at)}" if incident.resolved_at else ""
    return f"{moment(incident.opened_at)}{until}"


def _how_sure(notice: Notice) -> str:
    lead = lead_of(notice)
    if lead is None:
        return ""
    facts, sentences = lead.facts, []
    p_value = facts.get("p_value")
    if isinstance(p_value, float):
        sentences.append(f"by chance alone {p_value:.2g} of windows would look like this")
    elif facts.get("low") != facts.get("high"):
        sentences.append("its 95 % interval lies beyond what is allowed")
    else:
        sentences.append("certain: a stated bound or schema is broken, no statistics involved")
    rows = facts.get("n")
    if isinstance(rows, int):
        sentences.append(f"seen in {rows:,} rows")
    maturity = facts.get("maturity")
    if isinstance(maturity, float):
        sentences.append(f"{maturity:.0%} of the expected labels have arrived")
    return "; ".join(sentences)


def _changes(incident: Incident) -> Iterator[str]:
    told = incident.facts.get("changes")
    found = [each for each in told if isinstance(each, Mapping)] if isinstance(told, list) else []
    for change in found[:_CHANGES_SHOWN]:
        by = f" by {change['by']}" if change.get("by") else ""
        yield f"{change.get('title')}{by}, {change.get('when')}"
    if len(found) > _CHANGES_SHOWN:
        yield f"and {len(found) - _CHANGES_SHOWN} more"


def _what_to_do(notice: Notice, firing: Sequence[Alert]) -> str:
    if notice.kind in (NoticeKind.RESOLVED, NoticeKind.TEST):
        return ""
    steps = ["follow the runbook"] if any(alert.runbook for alert in firing) else []
    if notice.incident.state is not AlertState.ACKNOWLEDGED:
        steps.append(f"say that you look after it: `watchkeeper alerts ack {notice.incident.id}`")
    return "; ".join(steps)


def _links(notice: Notice, firing: Sequence[Alert]) -> Iterator[Link]:
    runbooks = dict.fromkeys(alert.runbook for alert in firing if alert.runbook)
    for runbook in list(runbooks)[:3]:
        yield Link("Runbook", runbook)
    for incident in notice.incidents[1:_INCIDENTS_SHOWN]:
        if notice.link and incident.id != notice.incident.id:
            url = notice.link.replace(notice.incident.id, incident.id)
            yield Link(f"{incident.model}: {incident.title}", url)
    for worth, url in notice.feedback.items():
        yield Link(f"This was {worth}", url)


def _digest(notice: Notice) -> Message:
    told = notice.incidents or (notice.incident,)
    models = len({incident.model for incident in told})
    counts = [
        f"{number} {severity}"
        for severity in _SEVERITIES
        if (number := sum(incident.severity is severity for incident in told))
    ]
    many = f"{len(told)} incident{'s' if len(told) > 1 else ''}"
    of = f"{models} model{'s' if models > 1 else ''}"
    shown = told[:_INCIDENTS_SHOWN]
    return Message(
        title=f"{many} of {of}: {', '.join(counts)}",
        status="Digest",
        severity=min((each.severity for each in told), key=_SEVERITIES.__getitem__),
        facts=(("Told because", notice.note),) if notice.note else (),
        series=tuple(_line(incident) for incident in shown),
        omitted=notice.omitted + len(told) - len(shown),
        link=notice.link,
        resolved=all(incident.state is AlertState.RESOLVED for incident in told),
    )


def _line(incident: Incident) -> str:
    state = "resolved" if incident.state is AlertState.RESOLVED else str(incident.severity)
    since = moment(incident.opened_at)
    return f"[{state}] {incident.model}: {incident.title}, since {since}: {incident.cause}"


def _over(alert: Alert) -> str:
    return " (over)" if alert.state is AlertState.RESOLVED else ""


def _first_things(alert: Alert) -> tuple[bool, int, bool, float]:
    """What still fires before what is over, severe before mild, all rows before a segment."""
    p_value = alert.facts.get("p_value")
    return (
        alert.state is AlertState.RESOLVED,
        _SEVERITIES[alert.severity],
        alert.segment is not None,
        p_value if isinstance(p_value, float) else 0.0,
    )


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]
