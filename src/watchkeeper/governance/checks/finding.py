"""What a check finds, and what it may look at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from watchkeeper.governance.backup import Installation
from watchkeeper.settings import Settings

__all__ = ["Check", "Finding", "Health", "Subject"]


class Health(StrEnum):
    """How bad a finding is; ``warn`` will or may become worse, ``fail`` is wrong now."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found in one place.

    ``repair`` mends it without losing anything, and returns what it did in words; None where that
    cannot be done by a program.
    """

    check: str
    health: Health
    message: str
    advice: str = ""
    repair: Callable[[], str] | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Subject:
    """An installation under examination; ``serving`` says whether its server runs here, ``deep``
    whether every file is to be read, and ``models`` are all that were ever defined.
    """

    settings: Settings
    installation: Installation
    now: datetime
    serving: bool
    deep: bool = False
    models: tuple[str, ...] = ()


Check = Callable[[Subject], Iterator[Finding]]
