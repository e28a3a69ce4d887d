"""Telling people: what is decided becomes notices in the outbox, saved with the decision."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from watchkeeper.alerts.deciding import Decision, Rules, decide
from watchkeeper.alerts.intent import Intent, key_of, thread_of
from watchkeeper.domain.alert import Alert, Incident, Notice, NoticeKind
from watchkeeper.domain.ports import AlertStore, GroupStore, NoticeContext
from watchkeeper.domain.verdict import Severity

__all__ = ["MOST_ALERTS", "Telling"]

MOST_ALERTS = 100
_MOST_INCIDENTS = 50
_MOST_READ = 2_000
_TRIES = 5
_RANK = {Severity.INFO: 0, Severity.WARNING: 1, Severity.CRITICAL: 2}


@dataclass(slots=True)
class Telling:
    """Looks at all that fires and puts what is to be told into the outbox.

    A look can be taken at any time, by any process, and as often as one likes: what was told is
    saved with the notices about it, in one transaction that only one of two at once can win.

    ``base_url`` is where people reach the page, for the links; None leaves them out.
    """

    alerts: AlertStore
    groups: GroupStore
    rules: Callable[[datetime], Rules]
    base_url: str | None = None
    context: NoticeContext | None = None
    _looking: threading.Lock = field(default_factory=threading.Lock)

    def look(self, now: datetime) -> int:
        """Tell what is due at ``now``; returns how many notices were put into the outbox."""
        with self._looking:
            for _ in range(_TRIES):
                signals, groups = self.groups.standing()
                if not signals and not groups:
                    return 0
                decision = decide(self.rules(now), groups, signals, now)
                if not decision:
                    return 0
                notices = self._notices(decision, now)
                if self.groups.record(
                    groups=decision.groups, ended=decision.ended, notices=notices
                ):
                    return len(notices)
        return 0  # another process is at it: the next look comes soon

    def _notices(self, decision: Decision, now: datetime) -> list[Notice]:
        wanted = [
            each for intent in decision.intents for each in intent.incidents[:_MOST_INCIDENTS]
        ]
        identities = list(dict.fromkeys(wanted))
        incidents = {each.id: each for each in self.alerts.incidents_of(identities)}
        alerts: dict[str, list[Alert]] = defaultdict(list)
        for alert in self.alerts.alerts_of_all(identities, most=_MOST_READ):
            alerts[alert.incident or ""].append(alert)
        found: list[Notice] = []
        for intent in decision.intents:
            own = [
                incidents[each] for each in intent.incidents[:_MOST_INCIDENTS] if each in incidents
            ]
            told = _told(intent, [alert for each in own for alert in alerts[each.id]])
            found += [
                self._complete(self._notice(intent, sink, (own, told), now))
                for sink in range(intent.sinks if own else 0)
            ]
        return found

    def _notice(
        self,
        intent: Intent,
        sink: int,
        what: tuple[Sequence[Incident], Sequence[Alert]],
        now: datetime,
    ) -> Notice:
        incidents, alerts = what
        shown = tuple(alerts[:MOST_ALERTS])
        many = max(len(alerts), 0 if intent.kind is NoticeKind.RESOLVED else len(intent.alerts))
        return Notice(
            key=key_of(intent, sink),
            kind=intent.kind,
            route=intent.receiver,
            sink=sink,
            incident=incidents[0],
            incidents=tuple(incidents),
            alerts=shown,
            created_at=now,
            link=self.base_url and f"{self.base_url.rstrip('/')}/incidents/{incidents[0].id}",
            group=intent.group.key,
            labels=intent.group.labels,
            thread=thread_of(intent, sink),
            omitted=many - len(shown),
            note=intent.note,
        )

    def _complete(self, notice: Notice) -> Notice:
        return notice if self.context is None else self.context.complete(notice)


def _told(intent: Intent, alerts: Sequence[Alert]) -> list[Alert]:
    """Those that fire and may be told, or, of what is over, all; the worst first."""
    if intent.kind is not NoticeKind.RESOLVED:
        firing = set(intent.alerts)
        alerts = [alert for alert in alerts if alert.id in firing]
    return sorted(alerts, key=_by_weight)


def _by_weight(alert: Alert) -> tuple[int, bool, float, str]:
    value: Mapping[str, object] = alert.facts
    p_value = value.get("p_value")
    chance = p_value if isinstance(p_value, float) else 0.0
    return (-_RANK[alert.severity], alert.segment is not None, chance, alert.id)
