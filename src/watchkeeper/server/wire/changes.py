"""The journal of changes on the wire."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from watchkeeper.domain.change import ChangeKind
from watchkeeper.server.wire.envelope import Wire

__all__ = ["CandidateWire", "JournalDraft", "JournalEntry"]


class JournalEntry(Wire):
    """One change. ``model`` is null where every model may feel it."""

    key: str
    at: datetime
    kind: ChangeKind
    title: str
    model: str | None
    by: str
    detail: str
    link: str | None


class JournalDraft(Wire):
    """A change to be noted. Without ``at`` it happened now; without ``model`` every model may feel
    it; the same ``key`` again (a commit, a build) notes nothing twice.
    """

    title: str = Field(min_length=1, max_length=300)
    kind: ChangeKind = ChangeKind.NOTE
    model: str | None = None
    at: datetime | None = None
    detail: str = Field(default="", max_length=10_000)
    link: str | None = Field(default=None, max_length=2_000, pattern=r"^https?://[^\s/?#]+[^\s]*$")
    key: str | None = Field(default=None, min_length=1, max_length=150)


class CandidateWire(Wire):
    """A change shortly before an incident; ``when`` says in words how long before."""

    at: datetime
    kind: ChangeKind
    title: str
    by: str
    link: str | None
    when: str
