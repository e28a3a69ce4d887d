"""Silences and who is on call, on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, Field

from watchkeeper.domain.silence import SilenceState
from watchkeeper.server.wire.envelope import Wire

__all__ = [
    "MutedAlert",
    "Muting",
    "OnCallWire",
    "ShiftWire",
    "SilenceAsked",
    "SilencePreview",
    "SilenceWire",
]

Matchers = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=1_000)]],
    Field(
        min_length=1, max_length=100, description='such as `model="flights"`, `column=~"wind.*"`'
    ),
]


class SilenceWire(Wire):
    """A silence; ``muted`` counts the firing alerts that it mutes, or will; ``definition`` is its
    document (`kind: Silence`).
    """

    id: str
    matchers: list[str]
    starts_at: datetime
    ends_at: datetime
    owner: str
    comment: str
    state: SilenceState
    updated_at: datetime
    muted: int
    definition: dict[str, object]


class SilenceAsked(Wire):
    """A silence that is to be made. Without ``starts_at`` it begins now, without ``owner`` it is
    the caller's.
    """

    matchers: Matchers
    starts_at: AwareDatetime | None = None
    ends_at: AwareDatetime
    comment: str = Field(min_length=1, max_length=2_000)
    owner: str | None = Field(default=None, max_length=200)


class Muting(Wire):
    """What a silence would match."""

    matchers: Matchers


class MutedAlert(Wire):
    """A firing alert that a silence would mute."""

    id: str
    incident: str
    title: str
    labels: dict[str, str]


class SilencePreview(Wire):
    """What would be muted now: how many alerts of how many incidents, and the first of them."""

    total: int
    incidents: int
    alerts: list[MutedAlert]


class ShiftWire(Wire):
    """Who is on call from when until when; null where nobody is."""

    person: str | None
    start: datetime
    end: datetime


class OnCallWire(Wire):
    """Who is on call of a rota, and who is afterwards."""

    rota: str
    timezone: str
    person: str | None
    shifts: list[ShiftWire]
