"""PagerDuty: Events API v2; trigger, acknowledge and resolve, under one key for the whole incident.

The deduplication key is that of the thread, so that a repeat changes nothing, and the resolve
closes what the first notice opened. A digest pages nobody: it is sent as a change event. A test
triggers and resolves at once.

References
----------
PagerDuty, Events API v2: summaries of at most 1,024 characters, keys of 255, events of 512 KB.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from watchkeeper.alerts.message import Line, Link, Message
from watchkeeper.alerts.sinks.sink import Delivery, Receipt
from watchkeeper.alerts.transport.cutting import cut, fitting, plain
from watchkeeper.alerts.transport.http import (
    Answer,
    Post,
    Reach,
    check_url,
    host_of,
    post,
    require_accepted,
)
from watchkeeper.domain.alert import Notice, NoticeKind

__all__ = ["PagerDutySink"]

_MOST_BYTES = 500_000
_SUMMARY, _KEY, _FACT = 1_024, 255, 2_000
_SEVERITIES = {"critical": "critical", "warning": "warning", "info": "info"}


@dataclass(frozen=True, slots=True)
class PagerDutySink:
    """Sends to the service whose integration has `routing_key` (32 characters).

    `severities` says which of PagerDuty's (critical, error, warning, info) ours become.
    """

    routing_key: str = field(repr=False)
    severities: Mapping[str, str] = field(default_factory=lambda: dict(_SEVERITIES))
    base_url: str = "https://events.pagerduty.com"
    allow_private: bool = False
    ca_file: str | None = None

    def __post_init__(self) -> None:
        check_url(self.base_url, what="PagerDuty")

    @property
    def target(self) -> str:
        """The host of the API."""
        return host_of(self.base_url)

    def send(self, delivery: Delivery) -> Receipt:
        """Enqueue an event; 202 is acceptance."""
        notice = delivery.notice
        if notice.kind is NoticeKind.DIGEST:
            body = json.dumps(self._change(delivery)).encode()
            return Receipt(self._enqueue("/v2/change/enqueue", body).said())
        said = [self._enqueue("/v2/enqueue", self._event(delivery, _action(notice))).said()]
        if notice.kind is NoticeKind.TEST:
            over = self._event(delivery, "resolve")
            said.append(self._enqueue("/v2/enqueue", over).said())
        return Receipt("; then ".join(said))

    def _enqueue(self, path: str, body: bytes) -> Answer:
        reach = Reach(allow_private=self.allow_private, ca_file=self.ca_file)
        what = Post(self.base_url.rstrip("/") + path, body, {"Content-Type": "application/json"})
        return require_accepted(post(what, reach), where="PagerDuty")

    def _event(self, delivery: Delivery, action: str) -> bytes:
        notice, message = delivery.notice, delivery.message
        event: dict[str, object] = {
            "routing_key": self.routing_key,
            "event_action": action,
            "dedup_key": cut(notice.thread or notice.incident.id, _KEY),
        }
        if action != "trigger":
            return json.dumps(event).encode()
        severity = str(message.severity)
        event["client"], event["links"] = "Watchkeeper", _links(message)
        if message.link:
            event["client_url"] = message.link
        payload = {
            "summary": cut(plain(f"[{severity}] {message.title}"), _SUMMARY),
            "source": cut(notice.incident.model, 255),
            "severity": self.severities.get(severity, _SEVERITIES[severity]),
            "timestamp": notice.incident.opened_at.isoformat(),
            "component": cut(notice.incident.model, 255),
            "group": cut(notice.route, 255),
            "class": cut(notice.alerts[0].what if notice.alerts else str(notice.kind), 255),
        }

        def build(shown: Sequence[Line], left: int) -> bytes:
            details = _details(message, shown, left)
            return json.dumps({**event, "payload": {**payload, "custom_details": details}}).encode()

        return fitting(message.series, build, _MOST_BYTES)

    def _change(self, delivery: Delivery) -> dict[str, object]:
        message = delivery.message
        details = _details(message, message.series, 0)
        return {
            "routing_key": self.routing_key,
            "payload": {
                "summary": cut(plain(f"Digest: {message.title}"), _SUMMARY),
                "source": "watchkeeper",
                "timestamp": delivery.notice.created_at.isoformat(),
                "custom_details": details,
            },
            "links": _links(message),
        }


def _action(notice: Notice) -> str:
    if notice.kind is NoticeKind.RESOLVED:
        return "resolve"
    return "acknowledge" if notice.kind is NoticeKind.ACKNOWLEDGED else "trigger"


def _details(message: Message, shown: Sequence[Line], left: int) -> dict[str, object]:
    details: dict[str, object] = {"status": message.status}
    details |= {name: cut(sentence, _FACT) for name, sentence in message.facts}
    if shown:
        details[message.heading.lower()] = [cut(each.text, 300) for each in shown]
    if message.omitted + left:
        details["left out"] = f"and {message.omitted + left} more"
    return details


def _links(message: Message) -> list[dict[str, str]]:
    first = (Link("Open the incident", message.link),) if message.link else ()
    return [
        {"href": link.url, "text": cut(plain(link.name), 100)}
        for link in (*first, *message.links)
        if link.url.startswith(("http://", "https://"))
    ]
