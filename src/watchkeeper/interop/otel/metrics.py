"""Figures as OTLP metrics, made of the very families that `/metrics` shows: both outputs agree.

Counters become monotonic sums, histograms keep their buckets, all else is a gauge. For receivers
that want deltas, what was told last of each series is remembered until it is told no more.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from watchkeeper.interop.otel.names import ATTRIBUTES, name_of

if TYPE_CHECKING:
    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
        ExportMetricsServiceRequest,
    )
    from opentelemetry.proto.common.v1.common_pb2 import KeyValue
    from opentelemetry.proto.metrics.v1.metrics_pb2 import (
        HistogramDataPoint,
        Metric,
        NumberDataPoint,
    )
    from prometheus_client.metrics_core import Metric as Figures

__all__ = ["Deltas", "encode_metrics", "points_of"]

_Labels: TypeAlias = tuple[tuple[str, str], ...]
_LONGEST_DESCRIPTION = 1_000
_SCOPE = "watchkeeper"


@dataclass(slots=True)
class _Last:
    """What was told last of a series: values, and when that was."""

    values: tuple[float, ...]
    at: int


@dataclass(slots=True)
class Deltas:
    """From all since the start to what was added since the last time.

    A series that is seen for the first time counts from ``started``; one that fell below what it
    was began anew, and counts from zero. What was not taken is told again with the next: nothing
    is kept until `keep` is called.
    """

    started: int
    _last: dict[tuple[str, _Labels], _Last] = field(default_factory=dict)
    _next: dict[tuple[str, _Labels], _Last] = field(default_factory=dict)
    _seen: set[tuple[str, _Labels]] = field(default_factory=set)

    def since(
        self, series: tuple[str, _Labels], values: tuple[float, ...], now: int
    ) -> tuple[tuple[float, ...], int]:
        """What was added, and since when."""
        before = self._last.get(series)
        self._next[series] = _Last(values, now)
        self._seen.add(series)
        if before is None:
            return values, self.started
        fell = any(new < old for new, old in zip(values, before.values, strict=False))
        if fell or len(values) != len(before.values):
            return values, before.at
        return tuple(n - o for n, o in zip(values, before.values, strict=True)), before.at

    def keep(self, *, told: bool) -> None:
        """What was asked since the last `keep` was ``told``, and counts from now; or it was not."""
        if told:
            self._last |= self._next
        self._next = {}

    def forget(self) -> None:
        """Forget series that were not asked for since the last time."""
        self._last = {series: held for series, held in self._last.items() if series in self._seen}
        self._seen = set()


@dataclass(frozen=True, slots=True)
class _Moment:
    now: int
    started: int
    deltas: Deltas | None


def points_of(
    families: Iterable[Figures], *, now: int, started: int, deltas: Deltas | None
) -> list[Metric]:
    """The families as metrics of OTLP, those without a sample left out.

    Parameters
    ----------
    now, started
        When the figures were read, and since when this program counts: nanoseconds since 1970.
    deltas
        Where it is given sums are told as deltas, else as they are.
    """
    moment = _Moment(now, started, deltas)
    made = (_metric(family, moment) for family in families)
    return [metric for metric in made if metric is not None]


def encode_metrics(
    metrics: Sequence[Metric], resource: Mapping[str, str], version: str
) -> ExportMetricsServiceRequest:
    """A request with metrics."""
    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
        ExportMetricsServiceRequest,
    )
    from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope
    from opentelemetry.proto.metrics.v1.metrics_pb2 import ResourceMetrics, ScopeMetrics
    from opentelemetry.proto.resource.v1.resource_pb2 import Resource

    from watchkeeper.interop.otel.messages import attributes

    scope = ScopeMetrics(scope=InstrumentationScope(name=_SCOPE, version=version), metrics=metrics)
    of_what = Resource(attributes=attributes(resource, 4_095))
    return ExportMetricsServiceRequest(
        resource_metrics=[ResourceMetrics(resource=of_what, scope_metrics=[scope])]
    )


def _metric(family: Figures, moment: _Moment) -> Metric | None:
    from opentelemetry.proto.metrics.v1.metrics_pb2 import (
        AggregationTemporality,
        Gauge,
        Histogram,
        Metric,
        Sum,
    )

    delta = moment.deltas is not None
    temporality = (
        AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA
        if delta
        else AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
    )
    named = name_of(family.name)
    about = family.documentation[:_LONGEST_DESCRIPTION]
    metric = Metric(name=named.name, unit=named.unit, description=about)
    if family.type == "histogram":
        held = _histograms(family, moment)
        metric.histogram.CopyFrom(Histogram(data_points=held, aggregation_temporality=temporality))
        return metric if held else None
    counts = family.type == "counter"
    points = [
        point
        for sample in family.samples
        if not sample.name.endswith("_created")
        and (point := _number(family.name, sample.labels, sample.value, moment, counts=counts))
    ]
    if not points:
        return None
    if counts:
        metric.sum.CopyFrom(
            Sum(data_points=points, aggregation_temporality=temporality, is_monotonic=True)
        )
    else:
        metric.gauge.CopyFrom(Gauge(data_points=points))
    return metric


def _number(
    name: str, labels: Mapping[str, str], value: float, moment: _Moment, *, counts: bool
) -> NumberDataPoint | None:
    """A point; None for what is not a number, which is missing, not zero."""
    from opentelemetry.proto.metrics.v1.metrics_pb2 import NumberDataPoint

    if math.isnan(value):
        return None
    point = NumberDataPoint(time_unix_nano=moment.now, attributes=_attributes(labels))
    if counts:
        point.start_time_unix_nano = moment.started
        if moment.deltas is not None:
            series = (name, _key(labels))
            (value,), point.start_time_unix_nano = moment.deltas.since(series, (value,), moment.now)
    if counts and float(value).is_integer() and abs(value) < 2**53:
        point.as_int = int(value)
    else:
        point.as_double = value
    return point


def _histograms(family: Figures, moment: _Moment) -> list[HistogramDataPoint]:
    """One point for each set of labels, of the samples of its buckets, count and sum."""
    buckets: dict[_Labels, list[tuple[float, float]]] = {}
    sums: dict[_Labels, float] = {}
    for sample in family.samples:
        labels = {name: value for name, value in sample.labels.items() if name != "le"}
        if sample.name.endswith("_bucket"):
            bound = float(sample.labels["le"])
            buckets.setdefault(_key(labels), []).append((bound, sample.value))
        elif sample.name.endswith("_sum"):
            sums[_key(labels)] = sample.value
    return [
        _histogram((family.name, key), sorted(found), sums.get(key, 0.0), moment)
        for key, found in buckets.items()
    ]


def _histogram(
    series: tuple[str, _Labels],
    buckets: Sequence[tuple[float, float]],
    total: float,
    moment: _Moment,
) -> HistogramDataPoint:
    from opentelemetry.proto.metrics.v1.metrics_pb2 import HistogramDataPoint

    below = [count for _, count in buckets]
    counts = tuple(now - before for now, before in zip(below, [0.0, *below], strict=False))
    values, since = (*counts, total), moment.started
    if moment.deltas is not None:
        values, since = moment.deltas.since(series, values, moment.now)
    return HistogramDataPoint(
        start_time_unix_nano=since,
        time_unix_nano=moment.now,
        count=int(sum(values[:-1])),
        sum=values[-1],
        bucket_counts=[int(value) for value in values[:-1]],
        explicit_bounds=[bound for bound, _ in buckets if not math.isinf(bound)],
        attributes=_attributes(dict(series[1])),
    )


def _key(labels: Mapping[str, str]) -> _Labels:
    return tuple(sorted(labels.items()))


def _attributes(labels: Mapping[str, str]) -> list[KeyValue]:
    from watchkeeper.interop.otel.messages import attributes

    named: dict[str, object] = {ATTRIBUTES.get(name, name): text for name, text in labels.items()}
    code = named.get("http.response.status_code")
    if isinstance(code, str) and code.isdecimal():
        named["http.response.status_code"] = int(code)
    return attributes(named, 4_095)
