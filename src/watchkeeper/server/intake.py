"""The door for rows: batches and references."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from watchkeeper.server.access import Principal

__all__ = ["Arrival", "Limits", "RowKind"]

RowKind = Literal["predictions", "labels"]


@dataclass(frozen=True, slots=True)
class Limits:
    """The most bytes of a body, unzipped."""

    batch_bytes: int = 32 * 2**20
    reference_bytes: int = 1024 * 2**20


@dataclass(frozen=True, slots=True)
class Arrival:
    """A batch at the door: for which model, of what, under which id, known when, from whom."""

    model: str
    kind: RowKind
    batch: str | None
    known_at: datetime | None
    caller: Principal
