"""The seams: what one part asks of another without knowing it. `server/wiring.py` fills them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from watchkeeper.domain.alert import Alert, Incident, Notice
from watchkeeper.domain.group import Group, Signal
from watchkeeper.domain.model import Model
from watchkeeper.domain.outbox import Claim, Settled
from watchkeeper.domain.verdict import Verdict

__all__ = [
    "AlertStore",
    "DefinitionStore",
    "GroupStore",
    "NoticeContext",
    "Outbox",
    "VerdictListener",
]


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
        notices: Sequence[Notice] = (),
    ) -> None:
        """Save, forget and put into the outbox, all in one transaction."""
        ...

    def amend(self, incident_id: str, change: Callable[[Incident], Incident]) -> Incident:
        """Change an incident as it stands, in one transaction; NotFound where there is none."""
        ...

    def incidents_of(self, identities: Sequence[str]) -> Sequence[Incident]:
        """The incidents of these ids, in their order."""
        ...

    def alerts_of_all(self, identities: Sequence[str], *, most: int) -> Sequence[Alert]:
        """The alerts of several incidents, resolved ones too, at most so many."""
        ...


class GroupStore(Protocol):
    """Where it is kept what was told of which group."""

    def standing(self) -> tuple[Sequence[Signal], Sequence[Group]]:
        """All that fires, and all groups, as of one moment."""
        ...

    def record(
        self, *, groups: Sequence[Group], ended: Sequence[Group], notices: Sequence[Notice]
    ) -> bool:
        """Save, forget and put into the outbox, all in one transaction; or nothing of it, and
        False, where one of the groups was changed since it was read.
        """
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

    def due(
        self, now: datetime, *, limit: int, without: Collection[tuple[str, int]] = ()
    ) -> Sequence[Notice]:
        """Notices that may be sent now, but for those of the sinks (route, place) in ``without``."""
        ...

    def claim(self, key: str, now: datetime, *, until: datetime) -> Claim | None:
        """Take one, for nobody else to send it before ``until``; None where somebody has."""
        ...

    def prolong(self, claim: Claim, *, until: datetime) -> None:
        """Keep a claim until then."""
        ...

    def sent(self, claim: Claim, settled: Settled) -> None:
        """The receiver accepted it."""
        ...

    def delayed(self, claim: Claim, *, reason: str, next_attempt_at: datetime) -> None:
        """The attempt failed; try again then."""
        ...

    def refused(self, claim: Claim, *, reason: str, at: datetime) -> None:
        """It will never be taken; keep it with the reason."""
        ...

    def to_refresh(self, now: datetime, *, until: datetime) -> Sequence[tuple[Notice, Claim]]:
        """Sent notices of which the receiver is to be told again now."""
        ...

    def refreshed(self, claim: Claim, settled: Settled) -> None:
        """It was told again."""
        ...


class DefinitionStore(Protocol):
    """Where definition documents are kept, by kind (``Model``, ``AlertRoute``) and name."""

    def get(self, kind: str, name: str) -> Mapping[str, object] | None:
        """The stored document as plain values; None where there is none."""
        ...

    def put(self, kind: str, name: str, document: Mapping[str, object]) -> None:
        """Store the document, in place of what was there."""
        ...
