"""Series become metrics within a bound, and metrics of several processes become one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from watchkeeper.interop.prometheus.carried import read_metrics, together, write_metrics
from watchkeeper.interop.prometheus.exposition import expose, named
from watchkeeper.interop.prometheus.families import FAMILIES, Kind
from watchkeeper.interop.prometheus.series import Series, fill


def series(**counts):
    """So many series of families."""
    found = Series()
    for name, number in counts.items():
        for at in range(number):
            found.add(f"watchkeeper_{name}", at, f"model-{at}")
    return found


@given(st.integers(0, 60))
def test_no_more_than_may_be_are_told(most):
    """What has no room is counted by family, and all together is all that there was."""
    held = series(model_incidents_open=20, model_lag_seconds=20, model_error_ratio=20)

    filled = fill(held, most=most)

    told = sum(len(metric.samples) for metric in filled.metrics)
    assert told == filled.number == min(most, 60)
    assert sum(filled.left_out.values()) == 60 - told


def test_what_comes_first_on_the_page_of_families_is_told_first():
    """The least of it is left out, whatever was added first."""
    held = series(model_error_ratio=5, model_incidents_open=5)

    filled = fill(held, most=7)

    assert filled.left_out == {"watchkeeper_model_error_ratio": 3}
    assert [len(metric.samples) for metric in filled.metrics] == [5, 2]


def test_one_series_is_told_once():
    """Labels that are cut may meet: Prometheus would refuse the second sample."""
    held = Series()
    for end in "ab":
        held.add("watchkeeper_model_lag_seconds", 1, "x" * 200 + end)

    assert fill(held, most=10).number == 1


def test_no_figure_is_no_sample():
    """None is left out; zero is told."""
    held = Series()
    held.add("watchkeeper_model_lag_seconds", None, "a")
    held.add("watchkeeper_model_lag_seconds", 0, "b")

    assert [s.labels["model"] for m in fill(held, most=10).metrics for s in m.samples] == ["b"]


@pytest.mark.parametrize("name", FAMILIES)
def test_names_follow_the_rules_of_prometheus(name):
    """Counters end in _total, lengths of time are seconds, no unit is other than a base unit."""
    family = FAMILIES[name]

    assert (family.kind is Kind.COUNTER) == name.endswith("_total")
    assert not any(unit in name for unit in ("millis", "_ms", "percent", "_kb", "minutes"))
    assert family.about.endswith(".")
    assert len(set(family.labels)) == len(family.labels) <= 5


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
def test_any_name_of_a_model_can_be_told(name):
    """Whatever it holds, what is written can be read."""
    held = Series()
    held.add("watchkeeper_model_lag_seconds", 1.5, name)
    accept = "application/openmetrics-text;version=1.0.0"

    text, _ = expose(fill(held, most=10).metrics, accept)

    (family,) = text_string_to_metric_families(text.decode())
    assert [sample.value for sample in family.samples] == [1.5]


def metrics():
    """A counter and a histogram."""
    registry = CollectorRegistry()
    Counter("a", "A.", ["x"], registry=registry).labels("1").inc(3)
    Histogram("b", "B.", buckets=(1, 2), registry=registry).observe(1.5)
    return list(registry.collect())


def test_metrics_are_carried_as_they_are():
    """Through text and back, without when they were made."""
    found = together([({}, read_metrics(write_metrics(metrics())))])

    samples = {(s.name, s.labels.get("le")): s.value for m in found for s in m.samples}
    assert samples["a_total", None] == 3
    assert samples["b_bucket", "+Inf"] == samples["b_count", None] == 1
    assert not any(name.endswith("_created") for name, _ in samples)


def test_processes_are_told_apart_in_one_metric():
    """One family for each name, because a second one of that name would be refused."""
    found = together([({"process": "door"}, metrics()), ({"process": "worker"}, metrics())])

    assert [metric.name for metric in found] == ["a", "b"]
    assert {sample.labels["process"] for sample in found[0].samples} == {"door", "worker"}


def test_metrics_can_be_asked_for_by_name():
    """By that of a sample, or of the family."""
    assert [s.name for m in named(metrics(), ["b_count"]) for s in m.samples] == ["b_count"]
    assert len(named(metrics(), ["a"])[0].samples) > 0
