"""Figures as OTLP metrics: names, units, kinds, and sums as they are or as deltas."""

from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import Metric

from otlp import Refusal, attributes
from watchkeeper.interop.otel.metrics import Deltas, points_of
from watchkeeper.interop.otel.names import name_of
from watchkeeper.interop.otel.periodic import MetricsExport
from watchkeeper.interop.otel.target import Signal, Temporality
from watchkeeper.interop.otel.transport import open_transport
from watchkeeper.interop.prometheus.families import FAMILIES

CUMULATIVE, DELTA = 2, 1


@pytest.fixture
def figures():
    """A counter, a gauge and a histogram."""
    registry = CollectorRegistry()
    rows = Counter("watchkeeper_rows_total", "Rows.", ("model", "fate"), registry=registry)
    Gauge("watchkeeper_home_free_bytes", "Free.", registry=registry).set(5)
    took = Histogram("watchkeeper_request_duration_seconds", "Took.", ("route", "status"), buckets=(0.1, 1), registry=registry)  # fmt: skip
    rows.labels("m", "accepted").inc(3)
    took.labels("/x", "200").observe(0.5)
    took.labels("/x", "200").observe(5)
    return registry, rows, took


def by_name(families, deltas=None, now=20):
    """Metrics by their names."""
    found = points_of(families, now=now, started=10, deltas=deltas)
    return {metric.name: metric for metric in found}


def test_sums_gauges_and_histograms(figures):
    """Each family has its kind, unit, attributes and times."""
    found = by_name(figures[0].collect())
    rows, free, took = (found[n] for n in ("watchkeeper.ingest.rows", "watchkeeper.home.free", "http.server.request.duration"))  # fmt: skip
    (point,) = took.histogram.data_points

    assert (rows.unit, rows.sum.is_monotonic, rows.sum.aggregation_temporality) == ("{row}", True, CUMULATIVE)  # fmt: skip
    assert (rows.sum.data_points[0].as_int, rows.sum.data_points[0].start_time_unix_nano) == (3, 10)
    assert attributes(rows.sum.data_points[0].attributes) == {"watchkeeper.model.name": "m", "watchkeeper.fate": "accepted"}  # fmt: skip
    assert (free.unit, free.gauge.data_points[0].as_double) == ("By", 5.0)
    assert (point.count, point.sum, list(point.bucket_counts), list(point.explicit_bounds)) == (2, 5.5, [0, 1, 1], [0.1, 1.0])  # fmt: skip
    assert attributes(point.attributes)["http.response.status_code"] == 200


def test_deltas_are_what_was_added(figures):
    """The second telling holds what came since the first, from its time on."""
    registry, rows, took = figures
    deltas = Deltas(started=10)
    by_name(registry.collect(), deltas)
    deltas.keep(told=True)
    rows.labels("m", "accepted").inc(4)
    took.labels("/x", "200").observe(0.05)

    found = by_name(registry.collect(), deltas, now=30)
    point, histogram = found["watchkeeper.ingest.rows"].sum.data_points[0], found["http.server.request.duration"].histogram  # fmt: skip

    assert (point.as_int, point.start_time_unix_nano, point.time_unix_nano) == (4, 20, 30)
    assert histogram.aggregation_temporality == DELTA
    assert list(histogram.data_points[0].bucket_counts) == [1, 0, 0]


def test_what_was_not_told_is_told_with_the_next(figures):
    """A telling that failed loses nothing, and doubles nothing."""
    registry, rows, _ = figures
    deltas = Deltas(started=10)
    for added, told in ((0, True), (2, False), (3, True), (0, True)):
        rows.labels("m", "accepted").inc(added)
        point = by_name(registry.collect(), deltas)["watchkeeper.ingest.rows"].sum.data_points[0]
        deltas.keep(told=told)
        if added == 3:
            assert point.as_int == 5
    assert point.as_int == 0


def test_a_count_that_fell_began_anew():
    """After a process began anew its count is what was added."""
    deltas = Deltas(started=10)
    for count in (7, 2):
        family = Metric("watchkeeper_rows", "Rows.", "counter")
        family.add_sample("watchkeeper_rows_total", {}, count)
        found = by_name([family], deltas)
        deltas.keep(told=True)

    assert found["watchkeeper.ingest.rows"].sum.data_points[0].as_int == 2


def test_what_is_no_number_is_left_out():
    """Missing is not zero: a figure without a value has no point, a family without points no metric."""
    family = Metric("watchkeeper_monitor_value", "Value.", "gauge")
    family.add_sample("watchkeeper_monitor_value", {"monitor": "a"}, float("nan"))

    assert by_name([family]) == {}


def test_every_family_has_a_name_of_its_own():
    """No two families of the page of families become the same metric."""
    names = [name_of(name.removesuffix("_total")).name for name in FAMILIES]

    assert len(set(names)) == len(names)


def test_a_telling_arrives_in_parts(receiver, export):
    """Many series go in several requests, each once, and what was recorded before is no delta."""
    family = Metric("watchkeeper_model_rows", "Rows.", "counter")
    for number in range(5_000):
        family.add_sample("watchkeeper_model_rows_total", {"model": str(number)}, 1_000.0)
    wanted = export(temporality=Temporality.DELTA)
    told = MetricsExport(wanted, open_transport(wanted.target(Signal.METRICS)), lambda: [family], "1")  # fmt: skip

    told.begin()
    told.tell()
    told.stop()
    points = [p for metric in receiver.metrics() for p in metric.sum.data_points]

    assert len(receiver.got) == 3
    assert (len(points), {point.as_int for point in points}) == (5_000, {0})
    assert (told.fates().taken, told.fates().failed) == (5_000, 0)


def test_a_refused_telling_is_counted(receiver, export):
    """Points that are not taken are told as such."""
    receiver.refuse = lambda _: Refusal(401, message="no")
    family = Metric("watchkeeper_models", "Models.", "gauge")
    family.add_sample("watchkeeper_models", {"health": "ok"}, 1.0)
    wanted = export()
    told = MetricsExport(wanted, open_transport(wanted.target(Signal.METRICS)), lambda: [family], "1")  # fmt: skip

    told.tell()
    told.stop()

    assert (told.fates().taken, told.fates().failed) == (0, 1)
