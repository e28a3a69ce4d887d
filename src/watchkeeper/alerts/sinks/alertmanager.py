"""Alertmanager: alerts are pushed to its API (v2), and it tells people by its own routes.

Each series is an alert whose label `incident` says what belongs together: group by it. What fires
is pushed again every minute, to end by itself five minutes after we fell silent; what is over is
pushed with its end. Give every Alertmanager of a cluster, not a load balancer before them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from watchkeeper.alerts.prometheus_form import PromAlert, prom_alerts, rfc3339
from watchkeeper.alerts.sinks.sink import Delivery, Receipt
from watchkeeper.alerts.transport.http import (
    Answer,
    Post,
    Reach,
    check_url,
    host_of,
    post,
    require_accepted,
)
from watchkeeper.domain.alert import NoticeKind
from watchkeeper.errors import InvalidInput, RateLimited, Unavailable

__all__ = ["AlertmanagerSink"]

_PATH = "/api/v2/alerts"
_LASTS = timedelta(minutes=5)  # without being pushed again
_TEST_LASTS = timedelta(minutes=1)
_AGAIN = timedelta(minutes=1)
_AT_ONCE = 200  # alerts in a request


@dataclass(frozen=True, slots=True)
class AlertmanagerSink:
    """Pushes to each of `urls` (such as `http://alertmanager:9093`); one that takes it is enough,
    the others are told at the next push.

    `headers` may hold credentials, by reference. `labels` are added to every alert. Alertmanagers
    mostly stand at private addresses, which `allow_private` permits.
    """

    urls: tuple[str, ...]
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    labels: Mapping[str, str] = field(default_factory=dict)
    allow_private: bool = False
    ca_file: str | None = None

    def __post_init__(self) -> None:
        if not self.urls:
            raise InvalidInput("an alertmanager sink needs at least one of `urls`, got none")
        for url in self.urls:
            check_url(url, what="an Alertmanager")

    @property
    def target(self) -> str:
        """Hosts and ports."""
        return ", ".join(host_of(url) for url in self.urls)

    def send(self, delivery: Delivery) -> Receipt:
        """Push all alerts of the notice; those of another severity before end."""
        now = datetime.now(UTC)
        memory = _Memory.read(delivery.earlier)
        found = [self._labelled(alert) for alert in prom_alerts(delivery.notice)]
        pushed = [*found, *_of_other_severity(found, memory, now)]
        if delivery.notice.kind is NoticeKind.TEST:
            return Receipt(self._push(pushed, now + _TEST_LASTS))
        said = self._push(pushed, now + _LASTS)
        known = _Memory({_incident(each): _severity(each) for each in found}, _over(found, now))
        return Receipt(said, known.write(), _AGAIN)

    def refresh(self, delivery: Delivery) -> Receipt:
        """Push again what fires, and for a while what is over."""
        now = datetime.now(UTC)
        memory = _Memory.read(delivery.earlier)
        found = [
            replace(alert, labels={**alert.labels, "severity": severity})
            for alert in map(self._labelled, prom_alerts(delivery.notice))
            for severity in [memory.severities.get(_incident(alert), _severity(alert))]
        ]
        said = self._push(found, now + _LASTS)
        over = _over(found, now) and (memory.over or now)
        done = over is not None and now - over >= _LASTS
        return Receipt(said, replace(memory, over=over).write(), None if done else _AGAIN)

    def _labelled(self, alert: PromAlert) -> PromAlert:
        return replace(alert, labels={**alert.labels, **self.labels})

    def _push(self, found: Sequence[PromAlert], until: datetime) -> str:
        alerts = [_form(alert, until) for alert in found]
        said: list[str] = []
        failures: list[InvalidInput | RateLimited | Unavailable] = []
        for url in self.urls:
            try:
                said.append(f"{host_of(url)}: {self._push_to(url, alerts).said()}")
            except (InvalidInput, RateLimited, Unavailable) as error:
                failures.append(error)
        if not said:
            passing = [error for error in failures if not isinstance(error, InvalidInput)]
            raise (passing or failures)[0]
        return "; ".join([*said, *(str(error) for error in failures)])

    def _push_to(self, url: str, alerts: Sequence[dict[str, object]]) -> Answer:
        reach = Reach(allow_private=self.allow_private, ca_file=self.ca_file)
        headers = {"Content-Type": "application/json", **self.headers}
        for part in _parts(alerts):
            what = Post(url.rstrip("/") + _PATH, json.dumps(part).encode(), headers)
            answer = require_accepted(post(what, reach), where=f"the Alertmanager {host_of(url)}")
        return answer


def _form(alert: PromAlert, until: datetime) -> dict[str, object]:
    return {
        "labels": dict(alert.labels),
        "annotations": dict(alert.annotations),
        "startsAt": rfc3339(alert.starts_at),
        "endsAt": rfc3339(alert.ends_at or until),
        **({"generatorURL": alert.link} if alert.link else {}),
    }


@dataclass(frozen=True, slots=True)
class _Memory:
    """Under which severity each incident was pushed, and since when all is over."""

    severities: Mapping[str, str] = field(default_factory=dict)
    over: datetime | None = None

    @classmethod
    def read(cls, text: str | None) -> _Memory:
        found = json.loads(text) if text else {}
        over = found.get("over")
        return cls(found.get("severities", {}), datetime.fromisoformat(over) if over else None)

    def write(self) -> str:
        over = None if self.over is None else self.over.isoformat()
        return json.dumps({"severities": dict(self.severities), "over": over})


def _of_other_severity(
    found: Sequence[PromAlert], memory: _Memory, now: datetime
) -> Iterator[PromAlert]:
    """The ends of alerts that were pushed under another severity, which is another alert there."""
    for alert in found:
        before = memory.severities.get(_incident(alert))
        if before not in (None, _severity(alert)):
            labels = {**alert.labels, "severity": str(before)}
            yield replace(alert, labels=labels, ends_at=max(now, alert.starts_at))


def _over(alerts: Sequence[PromAlert], now: datetime) -> datetime | None:
    return None if any(alert.ends_at is None for alert in alerts) else now


def _incident(alert: PromAlert) -> str:
    return alert.labels.get("incident", "")


def _severity(alert: PromAlert) -> str:
    return alert.labels.get("severity", "")


def _parts(alerts: Sequence[dict[str, object]]) -> Iterator[Sequence[dict[str, object]]]:
    for start in range(0, max(1, len(alerts)), _AT_ONCE):
        yield alerts[start : start + _AT_ONCE]
