"""The server's own figures, in Prometheus' text format, from a registry of their own."""

from __future__ import annotations

import time
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from watchkeeper.catalog.catalog import Catalog
from watchkeeper.catalog.windows import WindowState

__all__ = ["Telemetry"]

# Fates are few and models are named by their owner: clients are not, so they are no label.
_FATES = ("received", "accepted", "duplicate", "rejected")
_LOST = ("missing", "dropped", "sampled")
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Telemetry:
    """Counts requests as they are answered, and asks the catalog when it is asked itself."""

    def __init__(self, catalog: Catalog, *, seconds: Callable[[], float] = time.monotonic) -> None:
        self.seconds = seconds
        self._catalog = catalog
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "watchkeeper_requests",
            "Requests.",
            ("method", "route", "status"),
            registry=self._registry,
        )
        self._latency = Histogram(
            "watchkeeper_request_seconds",
            "Time to answer.",
            ("method", "route"),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._rows = Counter(
            "watchkeeper_rows", "Rows received.", ("model", "kind", "fate"), registry=self._registry
        )
        self._accounted = self._gauge(
            "rows_accounted",
            "Rows by what became of them, as counted in the catalog.",
            "model",
            "kind",
            "fate",
        )
        self._batches = self._gauge("inbox_batches", "Batches that wait for the lake.")
        self._bytes = self._gauge("inbox_bytes", "Bytes that wait for the lake.")
        self._dirty = self._gauge(
            "windows_dirty", "Windows that changed since they were judged.", "model"
        )
        self._incidents = self._gauge("incidents_open", "Incidents that are not resolved.", "model")
        self._source_rows = self._gauge(
            "source_rows",
            "Rows that ever came from a source, by what became of them.",
            "source",
            "fate",
        )
        self._source_lag = self._gauge(
            "source_lag", "Files or messages that are there and not taken.", "source"
        )
        self._source_failing = self._gauge(
            "source_failing", "1 where a source fails, 0 where it does not.", "source"
        )

    def _gauge(self, name: str, about: str, *labels: str) -> Gauge:
        return Gauge(f"watchkeeper_{name}", about, labels, registry=self._registry)

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request under its route's pattern."""
        self._requests.labels(method, route, str(status)).inc()
        self._latency.labels(method, route).observe(seconds)

    def received(self, model: str, kind: str, **fates: int) -> None:
        """Count the rows of a batch by what became of them."""
        for fate, rows in fates.items():
            self._rows.labels(model, kind, fate).inc(rows)

    def exposition(self) -> tuple[bytes, str]:
        """The figures now, and their media type."""
        batches, size = self._catalog.inbox.waiting()
        self._batches.set(batches)
        self._bytes.set(size)
        self._account()
        self._dirty.clear()
        for model, windows in self._catalog.windows.count(WindowState.DIRTY).items():
            self._dirty.labels(model).set(windows)
        self._incidents.clear()
        for model, number in self._catalog.alerts.open_counts().items():
            self._incidents.labels(model).set(number)
        self._tell_sources()
        return generate_latest(self._registry), CONTENT_TYPE_LATEST

    def _account(self) -> None:
        self._accounted.clear()
        for (model, kind), day in self._catalog.accounts.totals().items():
            for fate in _FATES:
                self._accounted.labels(model, kind, fate).set(getattr(day, fate))
        for (model, kind), told in self._catalog.clients.totals().items():
            for fate, rows in zip(_LOST, told, strict=True):
                self._accounted.labels(model, kind, fate).set(rows)

    def _tell_sources(self) -> None:
        for gauge in (self._source_rows, self._source_lag, self._source_failing):
            gauge.clear()
        for source, totals in self._catalog.ledger.totals().items():
            for fate in ("accepted", "duplicate", "rejected", "unpaired"):
                self._source_rows.labels(source, fate).set(getattr(totals.counts, fate))
        for source, state in self._catalog.source_states.all().items():
            self._source_failing.labels(source).set(state.state == "failing")
            if state.lag is not None:
                self._source_lag.labels(source).set(state.lag)
