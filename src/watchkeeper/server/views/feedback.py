"""What people say of incidents, and how often each rule was worth it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from watchkeeper.catalog.alerts import Alerts
from watchkeeper.catalog.feedback import FeedbackStore
from watchkeeper.domain.alert import Incident
from watchkeeper.domain.feedback import Feedback, Worth
from watchkeeper.server.alerting.feedback import Grant, verify
from watchkeeper.server.wire.feedback import FeedbackDraft, FeedbackWire, RulePrecision
from watchkeeper.stats.interval.wilson import wilson

__all__ = ["FeedbackView", "precision"]


@dataclass(frozen=True, slots=True)
class FeedbackView:
    """Records feedback, and counts it by rule. ``now`` is the wall's clock."""

    alerts: Alerts
    store: FeedbackStore
    secret: Callable[[], bytes]
    now: Callable[[], datetime]

    def give(self, incident_id: str, draft: FeedbackDraft, *, by: str) -> list[FeedbackWire]:
        """Record what somebody says, and return all that was said; NotFound without the incident."""
        incident = self.alerts.incident(incident_id)
        self.store.record(Feedback(incident.id, by, draft.worth, self.now(), draft.note))
        return self.of(incident_id)

    def of(self, incident_id: str) -> list[FeedbackWire]:
        """What was said of an incident, oldest first."""
        return [
            FeedbackWire(by=said.by, worth=said.worth, at=said.at, note=said.note)
            for said in self.store.of(incident_id)
        ]

    def granted(self, token: str) -> tuple[Grant, Incident]:
        """What a link allows; Forbidden where it is no good, NotFound where the incident is gone."""
        grant = verify(token, self.secret(), now=self.now())
        return grant, self.alerts.incident(grant.incident)

    def precision(self, model: str | None, since: datetime | None) -> list[RulePrecision]:
        """How often each rule was worth it, over the incidents that opened at ``since`` or later."""
        return precision(
            self.alerts.rules(model=model, since=since),
            {
                incident: said.worth
                for incident, said in self.store.latest(model=model, since=since).items()
            },
        )


def precision(
    fired: Iterable[tuple[str, str, str]], rated: Mapping[str, Worth]
) -> list[RulePrecision]:
    """The report, by model and rule, the least worthy first and what nobody rated last.

    Parameters
    ----------
    fired
        Model, monitor and incident, of every alert that was told. An incident counts once for each
        rule that had a part in it.
    rated
        The last word on each incident that has one.

    Notes
    -----
    The interval is Wilson's. It speaks of incidents like those that were rated: who rates only what
    annoys makes a rule look worse than it is, and ``incidents`` beside ``rated`` shows how many
    nobody spoke of.
    """
    incidents: dict[tuple[str, str], set[str]] = defaultdict(set)
    for model, monitor, incident in fired:
        incidents[model, monitor].add(incident)
    rows = [_row(rule, found, rated) for rule, found in incidents.items()]
    return sorted(
        rows,
        key=lambda row: (row.precision is None, row.precision or 0.0, row.model, row.monitor),
    )


def _row(
    rule: tuple[str, str], incidents: Iterable[str], rated: Mapping[str, Worth]
) -> RulePrecision:
    model, monitor = rule
    found = list(incidents)
    said = [rated[incident] for incident in found if incident in rated]
    useful = said.count(Worth.USEFUL)
    low, high = wilson(useful, len(said)) if said else (None, None)
    return RulePrecision(
        model=model,
        monitor=monitor,
        incidents=len(found),
        rated=len(said),
        useful=useful,
        noise=len(said) - useful,
        precision=useful / len(said) if said else None,
        low=low,
        high=high,
    )
