"""Matchers: what a label must be, in the words of Prometheus and Alertmanager."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["MatchOp", "Matcher"]


class MatchOp(StrEnum):
    """How a label is compared; patterns are RE2 and must fit the whole value."""

    EQUAL = "="
    NOT_EQUAL = "!="
    LIKE = "=~"
    NOT_LIKE = "!~"


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition. A label that is not there is the empty text, so ``team=""`` finds what has
    no team.

    >>> str(Matcher("severity", MatchOp.EQUAL, "critical"))
    'severity="critical"'
    """

    name: str
    op: MatchOp
    value: str

    def __str__(self) -> str:
        return f"{self.name}{self.op}{json.dumps(self.value, ensure_ascii=False)}"
