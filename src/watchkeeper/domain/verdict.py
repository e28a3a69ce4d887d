"""A verdict: what a monitor says of one series in one window, with how sure it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from watchkeeper.domain.window import Window

__all__ = ["Inputs", "Severity", "Status", "Verdict"]


class Status(StrEnum):
    """What a verdict says; too few data and a failed monitor are verdicts of their own."""

    OK = "ok"
    ALERT = "alert"
    INSUFFICIENT_DATA = "insufficient_data"
    ERROR = "error"


class Severity(StrEnum):
    """How much an alarm matters."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a verdict was computed from: enough to compute it again."""

    profiles: tuple[str, ...] = ()
    config: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a monitor says of one series in one window.

    ``value``, ``low`` and ``high`` are the figure and its 95 % interval in the unit that ``what``
    names; ``n`` is the sample size; ``maturity`` the share (0 to 1) of labels that are expected
    and have arrived, None where labels play no part. ``effect`` holds further named figures
    (distances, moments, p-value). ``window`` is None where the data has no time column.
    """

    id: str
    monitor: str
    model: str
    status: Status
    what: str
    message: str
    revision: int = 1
    version: str | None = None
    arm: str | None = None
    column: str | None = None
    segment: str | None = None
    window: Window | None = None
    known_at: datetime | None = None
    provisional: bool = False
    severity: Severity = Severity.INFO
    value: float | None = None
    low: float | None = None
    high: float | None = None
    n: int = 0
    maturity: float | None = None
    effect: Mapping[str, object] = field(default_factory=dict)
    inputs: Inputs = field(default_factory=Inputs)

    def to_dict(self) -> dict[str, object]:
        """The verdict in the wire shape: the same in the API, in `compare --json` and in Python."""
        window = self.window
        return {
            "id": self.id,
            "revision": self.revision,
            "monitor": self.monitor,
            "model": self.model,
            "version": self.version,
            "arm": self.arm,
            "column": self.column,
            "segment": self.segment,
            "window": window and {"start": window.start.isoformat(), "end": window.end.isoformat()},
            "known_at": self.known_at and self.known_at.isoformat(),
            "provisional": self.provisional,
            "status": str(self.status),
            "severity": str(self.severity),
            "value": self.value,
            "low": self.low,
            "high": self.high,
            "n": self.n,
            "maturity": self.maturity,
            "effect": dict(self.effect),
            "what": self.what,
            "message": self.message,
            "inputs": {
                "profiles": list(self.inputs.profiles),
                "config": self.inputs.config,
                "code": self.inputs.code,
            },
        }
