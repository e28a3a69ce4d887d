"""Where one kind of telemetry is sent, and how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

__all__ = ["Export", "Protocol", "Signal", "Target", "Temporality"]


class Signal(StrEnum):
    """The kinds of telemetry."""

    TRACES = "traces"
    METRICS = "metrics"
    LOGS = "logs"


class Protocol(StrEnum):
    """The ways to send it."""

    HTTP = "http/protobuf"
    GRPC = "grpc"


class Temporality(StrEnum):
    """How sums are told: all since the start, or what was added since the last time."""

    CUMULATIVE = "cumulative"
    DELTA = "delta"
    LOW_MEMORY = "lowmemory"  # for sums that are counted as they come the same as delta

    @property
    def is_delta(self) -> bool:
        """Whether what was added is told."""
        return self is not Temporality.CUMULATIVE


@dataclass(frozen=True, slots=True)
class Target:
    """Where one signal goes. ``endpoint`` is the whole URL for HTTP, and scheme, host and port for
    gRPC; certificates are paths of files.
    """

    signal: Signal
    protocol: Protocol
    endpoint: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    gzip: bool = True
    timeout_seconds: float = 10.0
    ca_file: str | None = None
    client_certificate: str | None = None
    client_key: str | None = None


@dataclass(frozen=True, slots=True)
class Export:
    """Everything that is sent: the targets, what is said of this program, and in which form.

    ``longest_value`` and ``most_bytes`` are what the receiver takes: characters of an attribute's
    value, bytes of a request as it is sent.
    """

    targets: tuple[Target, ...]
    resource: Mapping[str, str]
    temporality: Temporality = Temporality.CUMULATIVE
    interval_seconds: float = 60.0
    longest_value: int = 4_095
    most_bytes: int = 900_000

    def target(self, signal: Signal) -> Target | None:
        """Where a signal goes; None: nowhere."""
        return next((target for target in self.targets if target.signal is signal), None)
