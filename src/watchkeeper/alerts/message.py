"""What people read: what, how big, since when, how sure, likely why, what to do, where to look.

Composed once, whatever it is sent by: the senders only lay it out. Every sentence comes from
recorded figures. Lists are cut, and say how much more there is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from watchkeeper.alerts.figures import big, length, moment, series
from watchkeeper.alerts.transport.cutting import plain
from watchkeeper.domain.alert import Alert, AlertState, Incident, Notice, NoticeKind
from watchkeeper.domain.verdict import Severity

__all__ = ["Line", "Link", "Message", "compose", "lead_of"]

_SERIES_SHOWN = 10
_CHANGES_SHOWN = 5
_INCIDENTS_SHOWN = 20
_MORE = re.compile(r" \(and (\d+) more\)\Z")
_OWN_NAMES = re.compile(r"\A(quality|performance|service|resources): ")
_ORDER = ("quality", "resources", "drift", "service", "performance")
_SEVERITIES = {Severity.CRITICAL: 0, Severity.WARNING: 1, Severity.INFO: 2}


@dataclass(frozen=True, slots=True)
class Link:
    """A place to go to: what it is called, and its address."""

    name: str
    url: str


@dataclass(frozen=True, slots=True)
class Line:
    """An entry of a list, and where it leads to, if anywhere."""

    text: str
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """A notice in words.

    ``title`` says model, what and how big, and stays as it is for a thread; ``status`` what has
    happened now ("New", "Resolved after 2 h"). ``facts`` are (name, sentence) pairs, ``series``
    a line for each series that fires (in a digest: for each incident), of which ``omitted`` more
    are left out. ``link`` leads to the incident, ``links`` further.
    """

    title: str
    status: str
    severity: Severity
    facts: tuple[tuple[str, str], ...]
    series: tuple[Line, ...] = ()
    omitted: int = 0
    link: str | None = None
    links: tuple[Link, ...] = ()
    resolved: bool = False

    @property
    def subject(self) -> str:
        """One line: severity, model, what, how big, and what has happened."""
        happened = "" if self.tag == self.status.lower() else f" ({_lower_first(self.status)})"
        return f"[{self.tag}] {self.title}{happened}"

    @property
    def tag(self) -> str:
        """What stands in brackets before the title: the severity, or that it is no incident."""
        return self.status.lower() if self.status in ("Digest", "Test") else str(self.severity)

    def text(self, picture: str = "") -> str:
        """The message as plain text; ``picture`` is one made of letters."""
        parts = [
            f"{self.status}: {self.title}",
            "\n".join(f"{name}: {sentence}" for name, sentence in self.facts),
            picture,
            "\n".join([f"{self.heading}:", *(f"- {_with_url(each)}" for each in self.listed())])
            if self.series
            else "",
            "\n".join(
                f"{link.name}: {link.url}"
                for link in (*([Link("The incident", self.link)] if self.link else []), *self.links)
            ),
        ]
        return "\n\n".join(part for part in parts if part) + "\n"

    @property
    def heading(self) -> str:
        """What stands over the series."""
        if self.status == "Digest":
            return "Incidents"
        return "What fired" if self.resolved else "All that fires"

    def listed(self) -> tuple[Line, ...]:
        """The series, and how many more there are."""
        return (*self.series, Line(f"and {self.omitted} more")) if self.omitted else self.series


def compose(notice: Notice) -> Message:
    """The message of a notice."""
    return _plain(_digest(notice) if notice.kind is NoticeKind.DIGEST else _told(notice))


def _plain(message: Message) -> Message:
    """Each text in one line: names come from data, and must not steer what shows them."""
    return replace(
        message,
        title=plain(message.title),
        status=plain(message.status),
        facts=tuple((name, plain(sentence)) for name, sentence in message.facts),
        series=tuple(replace(line, text=plain(line.text)) for line in message.series),
        links=tuple(replace(link, name=plain(link.name)) for link in message.links),
    )


def _told(notice: Notice) -> Message:
    firing = sorted(notice.alerts, key=_first_things)
    shown = firing[:_SERIES_SHOWN] if len(firing) > 1 else []
    over = notice.kind is NoticeKind.RESOLVED
    return Message(
        title=_title(notice),
        status=_status(notice),
        severity=notice.incident.severity,
        facts=tuple(pair for pair in _facts(notice, firing) if pair[1]),
        series=tuple(_in_short(alert, over=over) for alert in shown),
        omitted=notice.omitted + (len(firing) - len(shown) if shown else 0),
        link=notice.link,
        links=tuple(_links(notice, firing)),
        resolved=over,
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
    return f"{incident.model}: {what}{': ' + size if size else ''}{others}{besides}"


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
    yield "Why now", notice.note
    yield "What", _what(notice)
    yield "Since", _since(notice)
    yield "How sure", _how_sure(notice)
    yield "Likely why", _why(notice)
    yield "Held back", str(incident.facts.get("held_back") or incident.facts.get("let_go") or "")
    yield "Changed before", "; ".join(_changes(incident))
    yield "What to do", _what_to_do(notice, firing)
    yield "Looked after by", incident.assignee or incident.acknowledged_by or ""


def _what(notice: Notice) -> str:
    lead = lead_of(notice)
    return notice.incident.title if lead is None else lead.message


def _since(notice: Notice) -> str:
    incident = notice.incident
    start, end = incident.opened_at, incident.resolved_at
    until = f" until {moment(end)}" if end else ""
    return f"{moment(start)}{until}, for {length((end or _known_until(notice)) - start)}"


def _why(notice: Notice) -> str:
    """The cause, without what stands under "What" already."""
    lead = lead_of(notice)
    told = "" if lead is None else f": {lead.message}"
    return notice.incident.cause.replace(told, "", 1) if told else notice.incident.cause


def _how_sure(notice: Notice) -> str:
    lead = lead_of(notice)
    if lead is None:
        return ""
    facts, sentences = lead.facts, []
    p_value = facts.get("p_value")
    if isinstance(p_value, float):
        sentences.append(f"{_one_in(p_value)} would look like this by chance")
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


def _one_in(p_value: float) -> str:
    """A probability as people count: of how many windows one."""
    for number, name in ((1e9, "a billion"), (1e6, "a million"), (1e3, "a thousand")):
        if p_value * number < 1.0:
            return f"less than one window in {name}"
    return f"one window in {1.0 / p_value:,.0f}"


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
        ack = f"`watchkeeper alerts ack {notice.incident.id}`"
        steps.append(f"say that you look after it, on the page or by {ack}")
    return "; ".join(steps)


def _links(notice: Notice, firing: Sequence[Alert]) -> Iterator[Link]:
    runbooks = {alert.runbook: alert.monitor for alert in firing if alert.runbook}
    for runbook, monitor in list(runbooks.items())[:3]:
        yield Link(f"Runbook ({monitor})", runbook)
    for incident in notice.incidents[1:_INCIDENTS_SHOWN]:
        url = _url_of(incident, notice)
        if url is not None and incident.id != notice.incident.id:
            yield Link(f"{incident.model}: {incident.title}", url)
    for worth, url in notice.feedback.items():
        yield Link(f"This was {worth}", url)


def _digest(notice: Notice) -> Message:
    told = sorted(notice.incidents or (notice.incident,), key=_open_and_severe)
    models = len({incident.model for incident in told})
    over = [incident for incident in told if incident.state is AlertState.RESOLVED]
    counts = [
        f"{number} {severity}"
        for severity in _SEVERITIES
        if (number := sum(i.severity is severity and i not in over for i in told))
    ]
    counts += [f"{len(over)} resolved"] if over else []
    many = f"{len(told)} incident{'s' if len(told) > 1 else ''}"
    of = f"{models} model{'s' if models > 1 else ''}"
    shown = tuple(_line(incident, notice) for incident in told[:_INCIDENTS_SHOWN])
    return Message(
        title=f"{many} of {of}: {', '.join(counts)}",
        status="Digest",
        severity=told[0].severity,
        facts=(("Why now", notice.note),) if notice.note else (),
        series=shown,
        omitted=notice.omitted + len(told) - len(shown),
        link=None if any(line.url for line in shown) else notice.link,
        resolved=len(over) == len(told),
    )


def _line(incident: Incident, notice: Notice) -> Line:
    state = "resolved" if incident.state is AlertState.RESOLVED else str(incident.severity)
    cause = incident.cause.partition(": ")[0]
    why = "cause unknown" if cause == "unknown" else cause
    what = _OWN_NAMES.sub("", incident.title)
    text = f"{state}: {incident.model}: {what}, since {moment(incident.opened_at)}; {why}"
    return Line(text, _url_of(incident, notice))


def _url_of(incident: Incident, notice: Notice) -> str | None:
    """The place of another incident, beside that which the notice leads to."""
    before, found, after = (notice.link or "").partition(notice.incident.id)
    return f"{before}{incident.id}{after}" if found else None


def _open_and_severe(incident: Incident) -> tuple[bool, int, datetime]:
    over = incident.state is AlertState.RESOLVED
    return over, _SEVERITIES[incident.severity], incident.opened_at


def _with_url(line: Line) -> str:
    return f"{line.text}\n  {line.url}" if line.url else line.text


def _in_short(alert: Alert, *, over: bool) -> Line:
    size = big(alert)
    ended = " (over)" if alert.state is AlertState.RESOLVED and not over else ""
    return Line(f"{series(alert)}{': ' + size if size else ''}{ended}")


def _first_things(alert: Alert) -> tuple[bool, int, int, bool, float]:
    """What still fires before what is over; what stands at the beginning of a chain of effects
    before what follows from it; severe before mild; all rows before a segment.
    """
    p_value = alert.facts.get("p_value")
    kind = alert.monitor.split(".")[0]
    return (
        alert.state is AlertState.RESOLVED,
        _ORDER.index(kind) if kind in _ORDER else len(_ORDER),
        _SEVERITIES[alert.severity],
        alert.segment is not None,
        p_value if isinstance(p_value, float) else 0.0,
    )


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]
