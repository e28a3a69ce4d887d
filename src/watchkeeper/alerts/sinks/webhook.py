"""A webhook: the incident as JSON by POST, signed as Standard Webhooks say.

`format: watchkeeper` (default) posts the message, the incident and its alerts; `alertmanager` posts
what a webhook of Alertmanager posts (version 4), so that what was made for that works with this.

`Idempotency-Key` and `webhook-id` carry the notice's key, the same for every repeat. With a
`secret` (`whsec_…`) each attempt is signed. Redirects are not followed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from watchkeeper.alerts.prometheus_form import group_of, prom_alerts
from watchkeeper.alerts.sinks.sink import Delivery, Receipt
from watchkeeper.alerts.transport.cutting import fitting
from watchkeeper.alerts.transport.http import (
    Post,
    Reach,
    check_url,
    host_of,
    post,
    require_accepted,
)
from watchkeeper.alerts.transport.signing import check_secret, signed
from watchkeeper.domain.alert import Alert, to_dict
from watchkeeper.errors import InvalidInput

__all__ = ["WebhookSink"]

_MOST_BYTES = 1_000_000
_FORMATS = ("watchkeeper", "alertmanager")


@dataclass(frozen=True, slots=True)
class WebhookSink:
    """Posts to `url`; any 2xx answer is acceptance.

    `allow_private` permits loopback and private addresses, which are refused else; link-local ones
    (cloud metadata services) are refused always. `ca_file` names a bundle of own authorities. A
    body has at most a megabyte: alerts that do not fit are left out and counted.
    """

    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    secret: str | None = field(default=None, repr=False)
    format: str = "watchkeeper"
    allow_private: bool = False
    ca_file: str | None = None

    def __post_init__(self) -> None:
        check_url(self.url, what="a webhook")
        if self.format not in _FORMATS:
            raise InvalidInput(f"a webhook's format must be one of {_FORMATS}, got {self.format!r}")
        if self.secret is not None:
            check_secret(self.secret)

    @property
    def target(self) -> str:
        """Host and port."""
        return host_of(self.url)

    def send(self, delivery: Delivery) -> Receipt:
        """Post once; 5xx, 408, 425, 429 and network failures may pass later, others never."""
        body = _document(delivery) if self.format == "watchkeeper" else _group(delivery)
        key = delivery.notice.key
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": key,
            **self.headers,
            **signed(key, body, datetime.now(UTC), self.secret),
        }
        reach = Reach(allow_private=self.allow_private, ca_file=self.ca_file)
        answer = post(Post(self.url, body, headers), reach)
        return Receipt(require_accepted(answer, where=f"the webhook {self.target}").said())


def _document(delivery: Delivery) -> bytes:
    notice, message = delivery.notice, delivery.message

    def build(alerts: Sequence[Alert], omitted: int) -> bytes:
        document: dict[str, object] = {
            "version": 1,
            "key": notice.key,
            "thread": notice.thread,
            "kind": str(notice.kind),
            "subject": message.subject,
            "text": message.text(),
            "link": notice.link,
            "incident": to_dict(notice.incident),
            "incidents": [to_dict(incident) for incident in notice.incidents],
            "alerts": [to_dict(alert) for alert in alerts],
            "omitted": notice.omitted + omitted,
        }
        return json.dumps(document, allow_nan=False).encode()

    return fitting(notice.alerts, build, _MOST_BYTES)


def _group(delivery: Delivery) -> bytes:
    return fitting(
        prom_alerts(delivery.notice),
        lambda shown, left: json.dumps(group_of(delivery.notice, shown, left)).encode(),
        _MOST_BYTES,
    )
