"""Levels of logs on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from watchkeeper.server.wire.envelope import Wire

__all__ = ["LogLevelWanted", "LogLevelWire", "LogLevelsWire"]

Level = Literal["debug", "info", "warning", "error"]


class LogLevelWire(Wire):
    """The level of one logger and all below it, ``root`` being all; wanted ``by`` whom, and until
    when: null for good.
    """

    logger: str
    level: Level
    until: datetime | None
    by: str
    at: datetime | None


class LogLevelsWire(Wire):
    """The level as ``configured``, and what was wanted otherwise and is not over."""

    configured: Level
    wanted: list[LogLevelWire]


class LogLevelWanted(Wire):
    """A level, and for how many minutes; null: until it is taken back."""

    level: Level
    minutes: Annotated[int, Field(ge=1, le=10_080)] | None = None
