"""Rows on their way in, and what became of them."""

from __future__ import annotations

from watchkeeper.server.wire.envelope import Wire

__all__ = ["Acknowledged", "ReferenceStored", "Rejection", "RowsIn"]


class RowsIn(Wire):
    """Rows as JSON, where numbers may also be NaN, Infinity and -Infinity.

    Predictions: ``id``, ``time``, ``version``, ``arm``, ``latency_ms``, ``error``, ``prediction``,
    ``score``, and the model's own columns, which may also stand under ``features``; labels:
    ``id``, ``label``, ``time``.
    """

    rows: list[dict[str, object]]


class Rejection(Wire):
    """Why a row was not accepted; ``row`` counts from 0."""

    row: int
    reason: str
    detail: str


class Acknowledged(Wire):
    """The batch is durable. ``rejections`` holds the first 20; all are kept in quarantine.
    ``repeated`` says that the batch had been acknowledged before and was not taken again;
    ``duplicate`` counts rows that were, in another batch.
    """

    batch: str
    received: int
    accepted: int
    rejected: int
    duplicate: int
    rejections: list[Rejection]
    repeated: bool


class ReferenceStored(Wire):
    """The reference was stored and profiled."""

    rows: int
    windows: int
    timed: bool
