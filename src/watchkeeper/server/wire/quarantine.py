"""Rejected rows on the wire."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import Field

from watchkeeper.server.wire.envelope import Wire

__all__ = [
    "FixRequest",
    "QuarantineReason",
    "QuarantinedRow",
    "ReplayDone",
    "ReplayExample",
    "ReplayRequest",
]


class QuarantinedRow(Wire):
    """A row that was not accepted: ``reason`` is a stable code, ``detail`` a sentence, ``row``
    the row as JSON text. ``id`` names it here, null until it is in the lake; ``replayed_at`` says
    when it was taken after all.
    """

    id: str | None
    model: str
    batch: str
    known_at: datetime
    kind: Literal["predictions", "labels"]
    reason: str
    detail: str
    row: str
    replayed_at: datetime | None


class QuarantineReason(Wire):
    """Why rows of a kind were not accepted, how many, and on which days (UTC) they came."""

    kind: Literal["predictions", "labels"]
    reason: str
    rows: int
    first_day: date
    last_day: date


class FixRequest(Wire):
    """How rows are changed, in this order: columns renamed, values replaced (by their text), values
    cast, constants set, columns dropped.
    """

    rename: dict[str, str] = Field(default_factory=dict)
    values: dict[str, dict[str, object]] = Field(default_factory=dict)
    cast: dict[str, Literal["numeric", "categorical", "text", "boolean", "timestamp"]] = Field(
        default_factory=dict
    )
    constant: dict[str, object] = Field(default_factory=dict)
    drop: list[str] = Field(default_factory=list)


class ReplayRequest(Wire):
    """Which rejected rows to send again (all conditions hold together), and fixed how.

    ``plan`` only says what it would do.
    """

    model: str
    reason: str | None = None
    kind: Literal["predictions", "labels"] | None = None
    batch: str | None = None
    ids: list[str] | None = None
    fix: FixRequest = Field(default_factory=FixRequest)
    plan: bool = False


class ReplayExample(Wire):
    """What becomes of one row: how it looks after the fix, and why it is not taken (null: it is)."""

    id: str
    row: dict[str, object] | None
    problem: str | None


class ReplayDone(Wire):
    """``rows = ready + held``: rows that can be taken now, and rows that stay where they are. Of
    the ready ones ``accepted`` were taken, ``duplicate`` were there already, ``rejected`` were
    rejected anew. Rows that were replayed before do not count.
    """

    rows: int
    ready: int
    held: int
    accepted: int
    duplicate: int
    rejected: int
    examples: list[ReplayExample]
