"""What every resource shares: the two envelopes, windows and verdicts."""

from __future__ import annotations

from datetime import datetime
from typing import Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from watchkeeper.domain.verdict import Severity, Status, Verdict
from watchkeeper.domain.window import Window

__all__ = [
    "Envelope",
    "ErrorBody",
    "ErrorEnvelope",
    "Health",
    "InputsWire",
    "VerdictWire",
    "WindowWire",
    "Wire",
    "verdict_wire",
    "window_wire",
]

T = TypeVar("T")


class Wire(BaseModel):
    """The base of all that crosses the wire: unknown fields are refused, values are frozen."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_serialization_defaults_required=True
    )


class Envelope(Wire, Generic[T]):
    """The one success shape. ``next_cursor`` is null on the last page."""

    data: T
    next_cursor: str | None = None


class ErrorBody(Wire):
    """``code`` is stable and meant for programs; ``message`` is meant for people."""

    code: str
    message: str
    details: list[dict[str, object]] = Field(default_factory=list)


class ErrorEnvelope(Wire):
    """The one error shape."""

    error: ErrorBody


class WindowWire(Wire):
    """The interval ``[start, end)`` of event time, in UTC."""

    start: datetime
    end: datetime


class InputsWire(Wire):
    """What a verdict was computed from."""

    profiles: list[str]
    config: str
    code: str


class VerdictWire(Wire):
    """What a monitor says of one series in one window."""

    id: str
    revision: int
    monitor: str
    model: str
    version: str | None
    arm: str | None
    column: str | None
    segment: str | None
    window: WindowWire | None
    known_at: datetime | None
    provisional: bool
    status: Status
    severity: Severity
    value: float | None
    low: float | None
    high: float | None
    n: int
    maturity: float | None
    effect: dict[str, object]
    what: str
    message: str
    inputs: InputsWire


Health = Literal["ok", "alert", "insufficient_data", "error"]


def window_wire(window: Window) -> WindowWire:
    """The window on the wire."""
    return WindowWire(start=window.start, end=window.end)


def verdict_wire(verdict: Verdict) -> VerdictWire:
    """The verdict on the wire: the same shape as in reports."""
    return VerdictWire.model_validate(verdict.to_dict())
