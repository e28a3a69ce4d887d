"""Silences: what is not to be told for a while, by whose decision and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from watchkeeper.domain.matcher import Matcher

__all__ = ["Silence", "SilenceState"]


class SilenceState(StrEnum):
    """Where a silence stands."""

    PENDING = "pending"
    ACTIVE = "active"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Silence:
    """Alerts that all ``matchers`` match are not told from ``starts_at`` until ``ends_at``.

    ``created_by`` is its owner; ``comment`` says why.
    """

    id: str
    matchers: tuple[Matcher, ...]
    starts_at: datetime
    ends_at: datetime
    created_by: str
    comment: str
    updated_at: datetime

    @property
    def name(self) -> str:
        """Its id, as documents call it."""
        return self.id

    def state(self, now: datetime) -> SilenceState:
        """Where it stands at a moment: active in ``[starts_at, ends_at)``."""
        if now < self.starts_at:
            return SilenceState.PENDING
        return SilenceState.ACTIVE if now < self.ends_at else SilenceState.EXPIRED
