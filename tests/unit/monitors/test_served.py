"""What a model's own server counts is judged; what it did not count is never taken for zero."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchkeeper.domain.model import Model, MonitorSpec, Task
from watchkeeper.domain.profile import Elsewhere, ServiceProfile, WindowProfile
from watchkeeper.domain.verdict import Status
from watchkeeper.domain.window import Granularity, Window
from watchkeeper.monitors.evidence import History
from watchkeeper.monitors.service import latency_quantile, service
from watchkeeper.profiles.merge import merge
from watchkeeper.profiles.served import latency_of_buckets, read_service, write_service

MODEL = Model("m", Task.NONE, (), granularity=Granularity.parse("1d"))
SPEC = MonitorSpec("service", "service")
START = datetime(2024, 3, 4, tzinfo=UTC)
DAY = timedelta(days=1)
BUCKETS = [(50.0, 30), (100.0, 60), (250.0, 95), (500.0, 99), (float("inf"), 100)]


def window(number, *, requests=10_000, mean=20.0, coverage=1.0, errors_known=True):
    """A day as a server told of it, with some noise."""
    noise = np.random.default_rng(number).normal(0, 0.02, 2)
    told = Elsewhere("s", coverage, mean * float(np.exp(noise[0])), errors_known)
    found = ServiceProfile(round(requests * float(np.exp(noise[1]))), 10, None, told)
    span = Window(START + number * DAY, START + (number + 1) * DAY)
    return WindowProfile("m", span, 0, {}, service=found)


def judged(current, *, history=range(28)):
    """The evidence of a window, by what it is about."""
    recent = tuple(window(number) for number in history)
    found = service(SPEC, MODEL, [current], History((), timed=True, recent=recent))
    return {evidence.series.what: evidence for evidence in found}


@pytest.mark.parametrize(
    ("changed", "what"),
    [({"mean": 60.0}, "latency_mean"), ({"requests": 2_000}, "throughput")],
)
def test_a_change_of_what_the_server_counts_stands_out(changed, what):
    """Three times as slow, or a fifth of the traffic, is material and unlikely."""
    usual, found = judged(window(28)), judged(window(28, **changed))

    assert (found[what].material, usual[what].material) == (True, False)
    assert found[what].p_value < 1e-6 < usual[what].p_value


def test_too_little_of_a_window_is_not_judged():
    """It says so, and says nothing of errors, latency or traffic."""
    found = judged(window(28, coverage=0.5))

    assert {what: e.status for what, e in found.items()} == {"throughput": Status.INSUFFICIENT_DATA}
    assert "50 % of this window" in found["throughput"].message


def test_without_earlier_windows_it_is_told_and_not_judged():
    """Four windows are needed to know what is normal."""
    found = judged(window(28), history=range(2))

    told = {found[what].status for what in ("latency_mean", "throughput")}
    assert told == {Status.INSUFFICIENT_DATA}
    assert found["latency_mean"].value == pytest.approx(20, rel=0.1)


def test_failures_that_nobody_counts_are_not_none():
    """A server that does not tell failures has no error rate, rather than one of 0."""
    assert "error_rate" in judged(window(28))
    assert "error_rate" not in judged(window(28, errors_known=False), history=())


def test_rows_are_not_judged_twice():
    """Throughput is the volume check's where the requests were counted from rows."""
    rows = replace(window(28), service=ServiceProfile(100, 1))

    found = service(SPEC, MODEL, [rows], History((), timed=True))

    assert {evidence.series.what for evidence in found} == {"error_rate"}


def test_quantiles_of_buckets_are_those_of_prometheus():
    """Within a bucket evenly, above the last finite edge at it."""
    scaled = [(edge, 100 * count) for edge, count in BUCKETS]
    latency = latency_of_buckets(scaled)

    assert latency.n == 10_000
    for share, expected in ((0.25, 41.7), (0.5, 83.3), (0.95, 250.0), (0.995, 500.0)):
        assert latency_quantile(latency, share)[0] == pytest.approx(expected, rel=0.015)


@pytest.mark.parametrize("buckets", [[], [(float("inf"), 5)], [(50.0, 0), (float("inf"), 0)]])
def test_no_answers_have_no_latency(buckets):
    """Nothing counted is no profile."""
    assert latency_of_buckets(buckets) is None


@given(st.lists(st.integers(0, 10_000), min_size=5, max_size=5).filter(any))
def test_every_answer_of_a_histogram_is_counted_once(counts):
    """However they lie, as many are in the profile as the histogram holds."""
    reached = np.cumsum(counts)
    edges = [edge for edge, _ in BUCKETS]

    latency = latency_of_buckets(list(zip(edges, reached.tolist(), strict=True)))

    assert latency.n == latency.counts.sum() == reached[-1]
    assert (latency.counts > 0).all()
    assert (np.diff(latency.cells) > 0).all()


def test_what_is_written_is_what_is_read():
    """The figures as text, and back."""
    latency = latency_of_buckets([(edge, 100 * count) for edge, count in BUCKETS])
    told = ServiceProfile(10_000, 3, latency, Elsewhere("s", 0.97, None, errors_known=False))

    found = read_service(write_service(told))

    assert (found.requests, found.errors, found.elsewhere) == (10_000, 3, told.elsewhere)
    assert found.latency.cells.tolist() == latency.cells.tolist()
    assert found.latency.sums.tolist() == latency.sums.tolist()


def test_windows_that_are_added_up_are_as_well_covered_as_the_least():
    """Means by their requests; what one does not tell the sum does not."""
    first, second = (window(n, coverage=c) for n, c in ((0, 1.0), (1, 0.9)))
    second = replace(second, window=first.window)

    told = merge([first, second]).service.elsewhere

    assert told.coverage == 0.9
    assert 19 < told.mean_ms < 21
