"""What people read: what, how big, since when, how sure, likely why, and where to look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from watchkeeper.domain.alert import Alert, Notice, NoticeKind

__all__ = ["Message", "compose"]

_VERB = {
    NoticeKind.OPENED: "opened",
    NoticeKind.UPDATED: "updated",
    NoticeKind.RESOLVED: "resolved",
    NoticeKind.TEST: "test",
}
_ALERTS_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Message:
    """A subject, the facts as (name, sentence) pairs, and a link to the page (or None)."""

    subject: str
    facts: tuple[tuple[str, str], ...]
    link: str | None = None

    def text(self) -> str:
        """The message as plain text, a fact to a paragraph."""
        parts = [self.subject, *(f"{name}: {sentence}" for name, sentence in self.facts)]
        if self.link:
            parts.append(f"Look here: {self.link}")
        return "\n\n".join(parts) + "\n"


def compose(notice: Notice) -> Message:
    """The message of a notice; every sentence comes from recorded figures."""
    incident = notice.incident
    firing = sorted(notice.alerts, key=_by_certainty)
    facts = [
        ("Model", incident.model),
        ("What", _what(firing) or incident.title),
        ("How big", _how_big(firing)),
        ("Since", _since(incident.opened_at, incident.resolved_at)),
        ("How sure", _how_sure(firing)),
        ("Likely why", incident.cause),
    ]
    return Message(
        subject=f"[{incident.severity}] {incident.model}: {incident.title} ({_VERB[notice.kind]})",
        facts=tuple((name, sentence) for name, sentence in facts if sentence),
        link=notice.link,
    )


def _what(alerts: Sequence[Alert]) -> str:
    shown = [alert.message for alert in alerts[:_ALERTS_SHOWN]]
    more = len(alerts) - len(shown)
    return "; ".join(shown) + (f"; and {more} more" if more > 0 else "")


def _how_big(alerts: Sequence[Alert]) -> str:
    sized = [
        f"{_series(alert)} {_number(alert.facts.get('value'))}{_interval(alert)}"
        for alert in alerts[:_ALERTS_SHOWN]
        if alert.facts.get("value") is not None
    ]
    return "; ".join(sized)


def _how_sure(alerts: Sequence[Alert]) -> str:
    sentences = []
    for alert in alerts[:1]:
        p_value = alert.facts.get("p_value")
        if isinstance(p_value, float):
            sentences.append(f"by chance alone {p_value:.2g} of windows would look like this")
        elif alert.facts.get("low") != alert.facts.get("high"):
            sentences.append("its 95 % interval lies beyond what is allowed")
        else:
            sentences.append("certain: a stated bound or schema is broken, no statistics involved")
        sentences.append(f"n = {_number(alert.facts.get('n'))}")
        maturity = alert.facts.get("maturity")
        if isinstance(maturity, float):
            sentences.append(f"{maturity:.0%} of the expected labels have arrived")
    return "; ".join(sentences)


def _since(opened: datetime, resolved: datetime | None) -> str:
    until = f", resolved {_moment(resolved)}" if resolved else ""
    return f"{_moment(opened)}{until}"


def _moment(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M UTC")


def _series(alert: Alert) -> str:
    name = alert.what.replace("_", " ")
    subject = f"{name} of {alert.column}" if alert.column else name
    return f"{subject} at {alert.segment}" if alert.segment else subject


def _interval(alert: Alert) -> str:
    low, high = alert.facts.get("low"), alert.facts.get("high")
    return "" if low is None or high is None else f" (95 %: {_number(low)} to {_number(high)})"


def _number(value: object) -> str:
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.4g}" if isinstance(value, float) else "unknown"


def _by_certainty(alert: Alert) -> tuple[bool, float]:
    p_value = alert.facts.get("p_value")
    return (alert.segment is not None, p_value if isinstance(p_value, float) else 0.0)
