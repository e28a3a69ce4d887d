"""Feedback: what people say an incident was worth."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

__all__ = ["Feedback", "Worth"]


class Worth(StrEnum):
    """Whether it was good to be told."""

    USEFUL = "useful"
    NOISE = "noise"


@dataclass(frozen=True, slots=True)
class Feedback:
    """What one person says of one incident; who says something else later means that."""

    incident: str
    by: str
    worth: Worth
    at: datetime
    note: str = ""
