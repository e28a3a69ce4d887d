"""The journal of changes: read, and added to by people and programs."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from watchkeeper.catalog.changes import Changes
from watchkeeper.domain.change import Change
from watchkeeper.errors import InvalidInput
from watchkeeper.server.models import Models
from watchkeeper.server.views.asked import Range
from watchkeeper.server.wire.changes import JournalDraft, JournalEntry

__all__ = ["ChangesView"]


@dataclass(frozen=True, slots=True)
class ChangesView:
    """Reads and notes changes. ``time_of`` is a model's clock, ``now`` the wall's."""

    changes: Changes
    models: Models
    time_of: Callable[[str], datetime]
    now: Callable[[], datetime]

    def page(
        self, model: str | None, asked: Range, *, cursor: str | None, limit: int
    ) -> tuple[list[JournalEntry], str | None]:
        """A page of changes, the latest first, and the cursor of the next; those that a model may
        feel, or all.
        """
        found = self.changes.page(
            model=model, start=asked.start, end=asked.end, cursor=cursor, limit=limit
        )
        return [_wire(change) for change in found.items], found.next_cursor

    def add(self, draft: JournalDraft, *, by: str) -> JournalEntry:
        """Note a change; the same key again gives what was noted first."""
        if draft.model is not None:
            self.models.get(draft.model)
        change = Change(
            key=f"noted|{draft.key or uuid.uuid4().hex}",
            at=self._at(draft),
            kind=draft.kind,
            title=draft.title,
            model=draft.model,
            by=by,
            detail=draft.detail,
            link=draft.link,
        )
        self.changes.add([change])
        return _wire(self.changes.get(change.key) or change)

    def _at(self, draft: JournalDraft) -> datetime:
        if draft.at is None:
            return self.now() if draft.model is None else self.time_of(draft.model)
        if draft.at.tzinfo is None:
            raise InvalidInput(
                f"at must carry a time zone, got {draft.at.isoformat()!r}: write for example "
                "2024-03-01T09:30:00Z"
            )
        return draft.at


def _wire(change: Change) -> JournalEntry:
    return JournalEntry(
        key=change.key,
        at=change.at,
        kind=change.kind,
        title=change.title,
        model=change.model,
        by=change.by,
        detail=change.detail,
        link=change.link,
    )
