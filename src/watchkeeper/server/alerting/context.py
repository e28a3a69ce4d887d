"""What is known beside the verdicts, put into every notice."""

from __future__ import annotations

from dataclasses import dataclass, replace

from watchkeeper.domain.alert import Alert, Incident, Notice
from watchkeeper.domain.model import Model
from watchkeeper.errors import NotFound
from watchkeeper.server.alerting.feedback import FeedbackLinks
from watchkeeper.server.alerting.journal import Journal
from watchkeeper.server.alerting.runbooks import RunbookLinks
from watchkeeper.server.models import Models

__all__ = ["Context"]


@dataclass(frozen=True, slots=True)
class Context:
    """A `NoticeContext` of `domain.ports`."""

    models: Models
    journal: Journal
    runbooks: RunbookLinks
    feedback: FeedbackLinks

    def complete(self, notice: Notice) -> Notice:
        """The notice with runbooks, what was changed shortly before, and links for feedback."""
        return replace(
            notice,
            incident=self._explained(notice.incident),
            incidents=tuple(self._explained(incident) for incident in notice.incidents),
            alerts=tuple(self.guided(alert) for alert in notice.alerts),
            feedback=self.feedback.of(notice),
        )

    def changes(self, incident: Incident) -> list[dict[str, object]]:
        """What was changed shortly before an incident, the nearest first."""
        model = self._model(incident.model)
        return [] if model is None else self.journal.before(model, incident)

    def guided(self, alert: Alert) -> Alert:
        """The alert with the address of its runbook."""
        model = self._model(alert.model)
        return alert if model is None else replace(alert, runbook=self.runbooks.of(model, alert))

    def _explained(self, incident: Incident) -> Incident:
        return replace(incident, facts={**incident.facts, "changes": self.changes(incident)})

    def _model(self, name: str) -> Model | None:
        """The model; None for what is told of no model, such as a test."""
        try:
            return self.models.get(name).model
        except NotFound:
            return None
