"""The metrics of one process in the hands of another: as text, and several processes as one.

The worker listens nowhere. What it counts of itself is told where the door's own figures are, each
sample with the labels ``process`` and ``host``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping

from prometheus_client.core import Metric

__all__ = ["read_metrics", "together", "write_metrics"]


def write_metrics(metrics: Iterable[Metric]) -> str:
    """The metrics as text."""
    return json.dumps(
        [
            [m.name, m.documentation, m.type, [[s.name, s.labels, s.value] for s in m.samples]]
            for m in metrics
        ],
        separators=(",", ":"),
    )


def read_metrics(text: str) -> list[Metric]:
    """What `write_metrics` wrote."""
    found = []
    for name, about, kind, samples in json.loads(text):
        metric = Metric(name, about, kind)
        for sample, labels, value in samples:
            metric.add_sample(sample, labels, value)
        found.append(metric)
    return found


def together(parts: Iterable[tuple[Mapping[str, str], Iterable[Metric]]]) -> list[Metric]:
    """One metric for each name, the samples of each part with its labels.

    What is no number is left out, and so is when a counter was made: it would be a series more for
    each counter.
    """
    found: dict[str, Metric] = {}
    for labels, metrics in parts:
        for metric in metrics:
            made = found.setdefault(
                metric.name, Metric(metric.name, metric.documentation, metric.type)
            )
            for sample in metric.samples:
                if not sample.name.endswith("_created") and not math.isnan(sample.value):
                    made.add_sample(sample.name, {**sample.labels, **labels}, sample.value)
    return list(found.values())
