"""Which firing alerts are not told for now, and why: silenced, or inhibited by another one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from watchkeeper.definitions.matchers import fits
from watchkeeper.domain.group import Signal
from watchkeeper.domain.route import InhibitRule
from watchkeeper.domain.silence import Silence, SilenceState

__all__ = ["Muting", "silenced_by"]


def silenced_by(
    silences: Sequence[Silence], labels: Mapping[str, str], now: datetime
) -> tuple[str, ...]:
    """The ids of the silences that are active and fit the labels."""
    return tuple(
        silence.id
        for silence in silences
        if silence.state(now) is SilenceState.ACTIVE and fits(silence.matchers, labels)
    )


@dataclass(slots=True)
class Muting:
    """Looks alerts up among active silences and rules; sources are indexed once.

    An alert that nobody is told of inhibits all the same, as in Alertmanager.
    """

    silences: Sequence[Silence]
    rules: Sequence[InhibitRule]
    signals: Sequence[Signal]
    now: datetime
    _sources: list[_Sources] = field(init=False)

    def __post_init__(self) -> None:
        self.silences = [
            each for each in self.silences if each.state(self.now) is SilenceState.ACTIVE
        ]
        self._sources = [_sources(rule, self.signals) for rule in self.rules]

    def is_muted(self, signal: Signal) -> bool:
        """Whether anything keeps it from being told: an upstream failure that explains it, a
        silence, or a rule.
        """
        if "held_back" in signal.labels:
            return True
        return bool(silenced_by(self.silences, signal.labels, self.now)) or any(
            self._inhibiting(signal)
        )

    def inhibited_by(self, signal: Signal) -> tuple[str, ...]:
        """The names of the rules that hold it back."""
        return tuple(self._inhibiting(signal))

    def _inhibiting(self, signal: Signal) -> Iterator[str]:
        for rule, sources in zip(self.rules, self._sources, strict=True):
            place = _place(rule, signal)
            pure, both = place in sources.pure, place in sources.both
            # What matches both sides is held back only by a source that is no target itself.
            if (pure or (both and not fits(rule.source, signal.labels))) and fits(
                rule.target, signal.labels
            ):
                yield rule.name


@dataclass(frozen=True, slots=True)
class _Sources:
    """The values of a rule's equal labels for which a source fires: one that is no target of the
    rule, and one that is.
    """

    pure: frozenset[tuple[str, ...]]
    both: frozenset[tuple[str, ...]]


def _sources(rule: InhibitRule, signals: Sequence[Signal]) -> _Sources:
    pure: set[tuple[str, ...]] = set()
    both: set[tuple[str, ...]] = set()
    for signal in signals:
        if fits(rule.source, signal.labels):
            (both if fits(rule.target, signal.labels) else pure).add(_place(rule, signal))
    return _Sources(frozenset(pure), frozenset(both))


def _place(rule: InhibitRule, signal: Signal) -> tuple[str, ...]:
    return tuple(signal.labels.get(name, "") for name in rule.equal)
