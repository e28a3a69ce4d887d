"""Rejected rows on the wire."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from watchkeeper.server.wire.envelope import Wire

__all__ = ["QuarantineReason", "QuarantinedRow"]


class QuarantinedRow(Wire):
    """A row that was not accepted: ``reason`` is a stable code, ``detail`` a sentence, ``row``
    the row as JSON text.
    """

    model: str
    batch: str
    known_at: datetime
    kind: Literal["predictions", "labels"]
    reason: str
    detail: str
    row: str


class QuarantineReason(Wire):
    """Why rows of a kind were not accepted, how many, and on which days (UTC) they came."""

    kind: Literal["predictions", "labels"]
    reason: str
    rows: int
    first_day: date
    last_day: date
