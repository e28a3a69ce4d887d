"""Metrics as Prometheus reads them: OpenMetrics for who asks for it, else its own text format."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric
from prometheus_client.exposition import choose_encoder

__all__ = ["expose", "named"]


def expose(metrics: Sequence[Metric], accept: str | None) -> tuple[bytes, str]:
    """The text and its media type, as the header ``Accept`` asks for it."""
    encode, media_type = choose_encoder(accept or "")
    registry = CollectorRegistry()
    registry.register(_Given(metrics))
    return encode(registry), media_type


def named(metrics: Iterable[Metric], names: Collection[str]) -> list[Metric]:
    """The metrics of which a sample, or the family, has one of the names (``?name[]=``)."""
    found = []
    for metric in metrics:
        kept = [s for s in metric.samples if s.name in names or metric.name in names]
        if kept:
            part = Metric(metric.name, metric.documentation, metric.type)
            part.samples = kept
            found.append(part)
    return found


@dataclass(eq=False, slots=True)  # the registry keeps it by what it is, not by what it holds
class _Given:
    metrics: Sequence[Metric]

    def collect(self) -> Iterator[Metric]:
        return iter(self.metrics)
