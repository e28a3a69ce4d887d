"""Changes: what people and programs did that a model may feel, as the journal keeps them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

__all__ = ["Change", "ChangeKind"]


class ChangeKind(StrEnum):
    """What was changed."""

    DEPLOY = "deploy"  # a version of the model, or of the service around it, went live
    DEFINITION = "definition"
    BASELINE = "baseline"
    SCHEMA = "schema"
    DATA = "data"  # where the data comes from, or a fault of it
    RESOURCES = "resources"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of the journal. ``at`` is on the model's clock.

    ``key`` names it for good: noting it again changes nothing. ``model`` is None where every model
    may feel it; ``by`` is who did it, or ``watchkeeper`` where the data told; ``link`` leads to
    more, such as a commit.
    """

    key: str
    at: datetime
    kind: ChangeKind
    title: str
    model: str | None = None
    by: str = ""
    detail: str = ""
    link: str | None = None
