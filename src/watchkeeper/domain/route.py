"""Alert routes: which incidents go to whom, and how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from watchkeeper.domain.model import Tier
from watchkeeper.domain.verdict import Severity

__all__ = ["AlertRoute", "Match", "Secret", "SinkSpec"]

_RANK = {Severity.INFO: 0, Severity.WARNING: 1, Severity.CRITICAL: 2}


@dataclass(frozen=True, slots=True)
class Secret:
    """A reference to a secret: an environment variable or a file; never the secret itself."""

    env: str | None = None
    file: str | None = None


@dataclass(frozen=True, slots=True)
class SinkSpec:
    """One way to tell: ``type`` (log, email, webhook) with the options of that type."""

    type: str
    options: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Match:
    """Which incidents a route takes. ``model`` and ``owner`` are shell-style patterns; an empty
    ``tiers`` takes every tier; ``severity`` is the least severity taken.
    """

    model: str = "*"
    owner: str = "*"
    tiers: tuple[Tier, ...] = ()
    severity: Severity = Severity.WARNING

    def takes(self, *, model: str, owner: str, tier: Tier, severity: Severity) -> bool:
        """Whether an incident of that model and severity goes this way."""
        return (
            fnmatchcase(model, self.model)
            and fnmatchcase(owner, self.owner)
            and (not self.tiers or tier in self.tiers)
            and _RANK[severity] >= _RANK[self.severity]
        )


@dataclass(frozen=True, slots=True)
class AlertRoute:
    """A named route: what it takes and the sinks that it tells, all of them."""

    name: str
    sinks: tuple[SinkSpec, ...]
    match: Match = field(default_factory=Match)
