"""The seams: what one part asks of another without knowing it. `server/wiring.py` fills them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from watchkeeper.domain.alert import Alert, Incident, Notice
from watchkeeper.domain.model import Model
from watchkeeper.domain.verdict import Verdict

__all__ = ["AlertStore", "DefinitionStore", "NoticeContext", "Outbox", "VerdictListener"]


class VerdictListener(Protocol):
    """Told of every batch of verdicts of one model, in the order of windows."""

    def on_verdicts(
        self, model: Model, verdicts: Sequence[Verdict], now: datetime
    ) -> tuple[Incident, ...]:
        """Act on them; returns the incidents that changed."""
        ...


class AlertStore(Protocol):
    """Where alerts, incidents and the notices about them are kept."""

    def live_alerts(self, model: str) -> Sequence[Alert]:
        """The alerts of the model that are pending, open or acknowledged."""
        ...

    def incidents_since(self, model: str, moment: datetime) -> Sequence[Incident]:
        """The model's incidents that are not resolved, or were resolved after ``moment``."""
        ...

    def resolved_alerts_since(self, model: str, moment: datetime) -> Sequence[Alert]:
        """The resolved alerts of those incidents."""
        ...

    def incident(self, incident_id: str) -> Incident:
        """One incident; NotFound where there is none."""
        ...

    def alerts_of(self, incident_id: str) -> Sequence[Alert]:
        """The alerts of one incident, resolved ones too."""
        ...

    def record(
        self,
        *,
        alerts: Sequence[Alert],
        forgotten: Sequence[str],
        incidents: Sequence[Incident],
        notices: Sequence[Notice],
    ) -> None:
        """Save, forget and put into the outbox, all in one transaction."""
        ...


class NoticeContext(Protocol):
    """What is known beside the verdicts, and put into what is told."""

    def complete(self, notice: Notice) -> Notice:
        """The notice with its alerts' runbooks, what was changed shortly before (among the facts of
        its incidents) and the links for feedback.
        """
        ...


class Outbox(Protocol):
    """Notices that wait for their receiver."""

    def due(self, now: datetime, *, limit: int) -> Sequence[tuple[Notice, int]]:
        """The oldest notices whose next attempt is due, each with its attempts so far."""
        ...

    def sent(self, key: str, *, at: datetime) -> None:
        """The receiver accepted it."""
        ...

    def delayed(self, key: str, *, reason: str, next_attempt_at: datetime) -> None:
        """The attempt failed; count it and try again then."""
        ...

    def refused(self, key: str, *, reason: str, at: datetime) -> None:
        """It will never be taken; kept with the reason."""
        ...


class DefinitionStore(Protocol):
    """Where definition documents are kept, by kind (``Model``, ``AlertRoute``) and name."""

    def get(self, kind: str, name: str) -> Mapping[str, object] | None:
        """The stored document as plain values; None where there is none."""
        ...

    def put(self, kind: str, name: str, document: Mapping[str, object]) -> None:
        """Store the document, in place of what was there."""
        ...
