"""Service on the wire: traffic, errors and latency of each window."""

from __future__ import annotations

from watchkeeper.server.wire.envelope import WindowWire, Wire

__all__ = ["Service", "ServicePoint"]


class ServicePoint(Wire):
    """One window. Quantiles are in milliseconds, null where no latency was logged."""

    window: WindowWire
    requests: int
    errors: int
    p50: float | None
    p95: float | None
    p99: float | None


class Service(Wire):
    """The windows, oldest first."""

    points: list[ServicePoint]
