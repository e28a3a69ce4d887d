"""Performance on the wire: each metric's series with bands and maturity."""

from __future__ import annotations

from typing import Literal

from watchkeeper.domain.verdict import Status
from watchkeeper.server.wire.envelope import WindowWire, Wire

__all__ = ["MetricSeries", "MetricWire", "Performance", "PerformancePoint"]


class MetricWire(Wire):
    """A metric: which way is better, and its unit (empty for a plain ratio)."""

    name: str
    better: Literal["higher", "lower", "zero"]
    unit: str


class PerformancePoint(Wire):
    """One window's figure with its 95 % interval.

    ``baseline`` is the same figure in the reference; ``control`` that of the best constant
    answer and ``no_change`` that of repeating the last label, on the same rows.
    """

    window: WindowWire
    value: float | None
    low: float | None
    high: float | None
    n: int
    maturity: float | None
    baseline: float | None
    control: float | None
    no_change: float | None
    status: Status
    verdict_id: str


class MetricSeries(Wire):
    """One metric over the windows, oldest first."""

    metric: str
    points: list[PerformancePoint]


class Performance(Wire):
    """Every metric that was judged; ``series`` holds those asked for."""

    metrics: list[MetricWire]
    series: list[MetricSeries]
