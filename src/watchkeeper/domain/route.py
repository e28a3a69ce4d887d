"""Alert routes: which alerts go to whom, how and when; and which alerts mute which."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from fnmatch import fnmatchcase

from watchkeeper.domain.matcher import Matcher
from watchkeeper.domain.model import Tier
from watchkeeper.domain.verdict import Severity

__all__ = [
    "AlertRoute",
    "Digest",
    "Grouping",
    "Hours",
    "InhibitRule",
    "Match",
    "Secret",
    "SinkSpec",
]

_RANK: Mapping[str, int] = {Severity.INFO: 0, Severity.WARNING: 1, Severity.CRITICAL: 2}


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
    """Which alerts a route takes. ``model`` and ``owner`` are shell-style patterns; an empty
    ``tiers`` takes every tier; ``severity`` is the least severity taken.
    """

    model: str = "*"
    owner: str = "*"
    tiers: tuple[Tier, ...] = ()
    severity: Severity = Severity.WARNING

    def takes(self, labels: Mapping[str, str]) -> bool:
        """Whether an alert with these labels goes this way."""
        return (
            _RANK[labels.get("severity", Severity.WARNING)] >= _RANK[self.severity]
            and (self.model == "*" or fnmatchcase(labels.get("model", ""), self.model))
            and (self.owner == "*" or fnmatchcase(labels.get("owner", ""), self.owner))
            and (not self.tiers or labels.get("tier", Tier.STANDARD) in self.tiers)
        )


@dataclass(frozen=True, slots=True)
class Grouping:
    """What is told together, and how often. None: as the route above; at the top `DEFAULT`.

    ``by`` are labels (``...`` alone: all of them, so every series by itself). A new group waits
    ``wait`` for more of it, changes of it are told after ``interval``, and what does not change is
    told again after ``repeat``, or never where that is zero.
    """

    by: tuple[str, ...] | None = None
    wait: timedelta | None = None
    interval: timedelta | None = None
    repeat: timedelta | None = None

    def under(self, above: Grouping) -> Grouping:
        """What holds here, below ``above``."""
        return Grouping(
            above.by if self.by is None else self.by,
            above.wait if self.wait is None else self.wait,
            above.interval if self.interval is None else self.interval,
            above.repeat if self.repeat is None else self.repeat,
        )


@dataclass(frozen=True, slots=True)
class Hours:
    """When a route tells: names of time intervals. It tells within one of ``active`` (where there
    are any) and not within one of ``mute``; what waited is told afterwards. Alerts that all of
    ``break_through`` match (where there are any) are told at any hour.
    """

    active: tuple[str, ...] = ()
    mute: tuple[str, ...] = ()
    break_through: tuple[Matcher, ...] = ()


@dataclass(frozen=True, slots=True)
class Digest:
    """All that a route takes, in one notice at these minutes of the day (on ``weekdays``, from
    Sunday = 0; empty: every day) at a place.
    """

    at: tuple[int, ...]
    weekdays: tuple[int, ...] = ()
    location: str = "UTC"


@dataclass(frozen=True, slots=True)
class AlertRoute:
    """A named route: what it takes and the sinks that it tells, all of them.

    Routes below it take what they match first, so that it tells only what none of them takes; the
    first one ends the search unless it says to ``go_on``. Where they leave something out (sinks,
    grouping, hours, escalation, digest), it is as above them. Documents are tried beside each
    other: everyone's own tree sees every alert.
    """

    name: str
    sinks: tuple[SinkSpec, ...] = ()
    match: Match = field(default_factory=Match)
    matchers: tuple[Matcher, ...] = ()
    go_on: bool = False
    grouping: Grouping = field(default_factory=Grouping)
    hours: Hours | None = None
    escalation: str | None = None
    digest: Digest | None = None
    send_resolved: bool | None = None
    routes: tuple[AlertRoute, ...] = ()


@dataclass(frozen=True, slots=True)
class InhibitRule:
    """While an alert that matches ``source`` fires, those that match ``target`` and have the same
    values of the labels in ``equal`` are not told. What matches both sides mutes nothing that
    does so too.
    """

    name: str
    source: tuple[Matcher, ...]
    target: tuple[Matcher, ...]
    equal: tuple[str, ...] = ()
