"""What a replayed rule is held against: the incidents that there were, and what people said of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from watchkeeper.alerts.routing import Routing
from watchkeeper.catalog.catalog import Catalog
from watchkeeper.domain.alert import Alert, Incident
from watchkeeper.domain.feedback import Worth
from watchkeeper.domain.route import AlertRoute
from watchkeeper.server.alerting.backtest import Replayed
from watchkeeper.server.views.asked import Range

__all__ = ["Hindsight", "Known", "Outcome", "hindsight", "known_incidents"]


@dataclass(frozen=True, slots=True)
class Known:
    """An incident that there was, its alerts, and the last word on it."""

    incident: Incident
    alerts: tuple[Alert, ...]
    worth: Worth | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a known incident: the replayed one that tells of it, None where none does, and
    how much later (negative: sooner) that begins.
    """

    known: Known
    told_by: Incident | None
    later: timedelta | None


@dataclass(frozen=True, slots=True)
class Hindsight:
    """A replayed rule in numbers. ``told`` counts, by route, the incidents that it would tell of;
    ``outcomes`` are of every known incident of the range, the oldest first; ``new`` are the
    replayed incidents that no known one has anything to do with.
    """

    replayed: Replayed
    told: Mapping[str, int]
    outcomes: tuple[Outcome, ...]
    new: tuple[Incident, ...]

    def of(self, worth: Worth | None) -> tuple[Outcome, ...]:
        """The outcomes of the incidents that were rated so."""
        return tuple(outcome for outcome in self.outcomes if outcome.known.worth is worth)


def known_incidents(catalog: Catalog, model: str, asked: Range) -> tuple[Known, ...]:
    """The incidents of a model that opened in the range, the oldest first."""
    rated = catalog.feedback.latest(model=model)
    found: list[Known] = []
    cursor = None
    while True:
        page = catalog.alerts.page(model=model, cursor=cursor, limit=1_000)
        for incident in page.items:
            early = asked.start is not None and incident.opened_at < asked.start
            late = asked.end is not None and incident.opened_at >= asked.end
            if not early and not late:
                said = rated.get(incident.id)
                alerts = tuple(catalog.alerts.alerts_of(incident.id))
                found.append(Known(incident, alerts, None if said is None else said.worth))
        cursor = page.next_cursor
        if cursor is None:
            return tuple(sorted(found, key=lambda known: known.incident.opened_at))


def hindsight(
    replayed: Replayed,
    known: Sequence[Known],
    routes: Iterable[AlertRoute],
    *,
    window_length: timedelta,
) -> Hindsight:
    """Hold a replay against what there was.

    A replayed incident tells of a known one where both go on at the same time (a window apart at
    most) and have a column, or a figure without one, in common.
    """
    replays = [(incident, replayed.members(incident)) for incident in replayed.incidents]
    outcomes = []
    for each in known:
        telling = [
            incident
            for incident, members in replays
            if _meet(each.incident, incident, window_length)
            and _about(each.alerts) & _about(members)
        ]
        same = [incident for incident in telling if incident.id == each.incident.id]
        first = min(same or telling, key=lambda found: found.opened_at, default=None)
        later = None if first is None else first.opened_at - each.incident.opened_at
        outcomes.append(Outcome(each, first, later))
    news = tuple(
        incident
        for incident, members in replays
        if not any(
            _meet(each.incident, incident, window_length) and _about(each.alerts) & _about(members)
            for each in known
        )
    )
    return Hindsight(replayed, _told(replayed, routes), tuple(outcomes), news)


def _meet(one: Incident, other: Incident, slack: timedelta) -> bool:
    return one.opened_at - slack <= _ends(other) and other.opened_at - slack <= _ends(one)


def _ends(incident: Incident) -> datetime:
    return max(incident.opened_at, incident.resolved_at or incident.updated_at)


def _about(alerts: Iterable[Alert]) -> set[str]:
    """What alerts are about: their columns, else their figures."""
    return {alert.column or f"({alert.what})" for alert in alerts}


def _told(replayed: Replayed, routes: Iterable[AlertRoute]) -> dict[str, int]:
    routing = Routing.of(tuple(routes))
    pairs = {
        (leaf.path, alert.incident)
        for alert in replayed.alerts
        if not alert.held_back
        for leaf in routing.leaves({**alert.labels, "incident": alert.incident or ""})
    }
    counted = Counter(path for path, _ in pairs)
    return {tree.leaf.path: 0 for tree in routing.trees} | dict(sorted(counted.items()))
