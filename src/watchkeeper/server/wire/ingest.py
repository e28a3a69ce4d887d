"""Rows on their way in, and what became of them."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from watchkeeper.server.wire.envelope import Wire

__all__ = ["Acknowledged", "ReferenceStored", "Rejection", "RowsIn"]


class RowsIn(Wire):
    """Rows as JSON. Predictions: ``id``, ``time``, ``version``, ``arm``, ``latency_ms``,
    ``error`` and the model's own columns; labels: ``id``, ``label``, ``time``.
    """

    rows: list[dict[str, object]] = Field(max_length=100_000)
    known_at: datetime | None = None


class Rejection(Wire):
    """Why a row was not accepted; ``row`` counts from 0."""

    row: int
    reason: str
    detail: str


class Acknowledged(Wire):
    """The batch is durable. ``rejections`` holds the first 20; all are kept in quarantine.
    ``repeated`` says that the batch had been acknowledged before and was not taken again.
    Rows whose id repeats an earlier row are found out later, and counted in their window.
    """

    batch: str
    received: int
    accepted: int
    rejected: int
    rejections: list[Rejection]
    repeated: bool


class ReferenceStored(Wire):
    """The reference was stored and profiled."""

    rows: int
    windows: int
    timed: bool
