"""Rotas and escalations: who is on call when, and who is told next when nobody answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from watchkeeper.domain.hours import Times
from watchkeeper.domain.route import SinkSpec

__all__ = ["Escalation", "EscalationStep", "Layer", "Override", "Rota"]


@dataclass(frozen=True, slots=True)
class Layer:
    """People who take turns: ``every`` days, at a minute of the day of the rota's place, from the
    day ``starts`` on. Outside ``hours`` (where there are any) the layer has nobody.
    """

    people: tuple[str, ...]
    starts: date
    every: int = 7
    at: int = 9 * 60
    hours: tuple[Times, ...] = ()


@dataclass(frozen=True, slots=True)
class Override:
    """Somebody stands in for whoever it would be, in ``[starts_at, ends_at)``."""

    person: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Rota:
    """Who is on call. A later layer takes precedence over those before it wherever it has
    somebody, an override over all, and a later override over an earlier one. ``people`` says how
    each is told.
    """

    name: str
    people: Mapping[str, tuple[SinkSpec, ...]]
    layers: tuple[Layer, ...]
    timezone: str = "UTC"
    overrides: tuple[Override, ...] = ()


@dataclass(frozen=True, slots=True)
class EscalationStep:
    """Whom to tell (whoever is on call of ``rotas``, and the ``people`` as ``rota/person``), and
    how long to wait for an acknowledgement before the next step.
    """

    wait: timedelta
    rotas: tuple[str, ...] = ()
    people: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Escalation:
    """A chain of steps, begun when a group is told first and ended by an acknowledgement or its
    end; begun anew ``repeats`` times where nobody answered.
    """

    name: str
    steps: tuple[EscalationStep, ...] = field(default_factory=tuple)
    repeats: int = 0
