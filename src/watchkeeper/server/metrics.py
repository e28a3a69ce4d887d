"""What a process counts of itself, in a registry of its own: requests, loops, what waits cost."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.core import Metric
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.registry import Collector

from watchkeeper.interop.prometheus.families import FAMILIES, PREFIX

__all__ = ["Telemetry"]

_M = TypeVar("_M", bound=MetricWrapperBase)
# Few, because a histogram is a series for each: from what nobody notices to what everybody does.
_SECONDS = (0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_LONG_SECONDS = (0.01, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0)
_SHORT_SECONDS = (0.001, 0.005, 0.025, 0.1, 0.5, 2.5)
# Their names are literals of the code that asks: nobody from outside can make one.
_FATES = ("accepted", "duplicate", "rejected")
_KINDS = ("predictions", "labels")


class Telemetry:
    """The figures of this process. Safe to use from many threads."""

    def __init__(
        self, version: str = "unknown", *, seconds: Callable[[], float] = time.monotonic
    ) -> None:
        self.seconds = seconds
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        build = self._made(Gauge, "build_info")
        build.labels(version, platform.python_version()).set(1)
        self._requests = self._made(Counter, "requests_total")
        self._latency = self._histogram("request_duration_seconds", _SECONDS)
        self._rows = self._made(Counter, "ingested_rows_total")
        self._loops = self._histogram("loop_duration_seconds", _LONG_SECONDS)
        self._failures = self._made(Counter, "loop_failures_total")
        self._successes = self._made(Gauge, "loop_last_success_timestamp_seconds")
        self._transactions = self._histogram("catalog_transaction_duration_seconds", _SHORT_SECONDS)
        self._lake = self._histogram("lake_operation_duration_seconds", _SECONDS)
        self.written = self._made(Counter, "remote_write_samples_total")
        self.waiting_to_write = self._made(Gauge, "remote_write_waiting")
        self.written_at = self._made(Gauge, "remote_write_sent_timestamp_seconds")
        # A series that begins with its first event hides that event from rate().
        for kind in _KINDS:
            for fate in _FATES:
                self._rows.labels(kind, fate)

    def counter(self, name: str) -> Counter:
        """A counter of the page of families that another part counts with."""
        return self._made(Counter, name)

    def also(self, collector: Collector) -> None:
        """Tell the figures of another part, too."""
        self._registry.register(collector)

    def _made(self, make: type[_M], name: str) -> _M:
        family = FAMILIES[PREFIX + name]
        return make(family.name, family.about, family.labels, registry=self._registry)

    def _histogram(self, name: str, buckets: tuple[float, ...]) -> Histogram:
        family = FAMILIES[PREFIX + name]
        return Histogram(
            family.name, family.about, family.labels, buckets=buckets, registry=self._registry
        )

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request under its route's pattern."""
        self._requests.labels(method, route, str(status)).inc()
        self._latency.labels(method, route).observe(seconds)

    def received(self, model: str, kind: str, **fates: int) -> None:  # noqa: ARG002  see below
        """Count the rows of a batch by what became of them.

        Not by model: every model's rows are in the accounts, which all processes share.
        """
        for fate, rows in fates.items():
            self._rows.labels(kind, fate).inc(rows)

    @contextmanager
    def round(self, loop: str) -> Iterator[None]:
        """Time one round of a loop, and note whether it ended well."""
        failures, began = self._failures.labels(loop), self.seconds()
        try:
            yield
        except Exception:
            failures.inc()
            raise
        else:
            self._successes.labels(loop).set_to_current_time()
        finally:
            self._loops.labels(loop).observe(self.seconds() - began)

    def transaction(self, database: str, mode: str, seconds: float) -> None:
        """Count a transaction."""
        self._transactions.labels(database, mode).observe(seconds)

    def lake(self, operation: str, seconds: float) -> None:
        """Count an operation on the lake."""
        self._lake.labels(operation).observe(seconds)

    def collect(self) -> Iterable[Metric]:
        """The figures now."""
        return self._registry.collect()
