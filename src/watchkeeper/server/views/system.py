"""The installation itself, as the page about it shows it: from the very figures of `/metrics`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from prometheus_client.core import Metric

from watchkeeper.catalog.processes import StoredProcess
from watchkeeper.interop.prometheus.carried import read_metrics
from watchkeeper.interop.prometheus.discovery import Place, Target, targets_of
from watchkeeper.server.models import Models
from watchkeeper.server.telemetry.exposing import Exposing
from watchkeeper.server.telemetry.processes import living
from watchkeeper.server.watching import code_version
from watchkeeper.server.wire.system import (
    DiskWire,
    LaggingModel,
    LoopWire,
    ProcessWire,
    QueueWire,
    System,
    Timing,
)

__all__ = ["SystemView"]

_MOST_LAGGING = 5
_PUSHED = "watchkeeper_remote_write_waiting"
_QUEUES = (
    ("batches for the lake", "watchkeeper_inbox_batches"),
    ("notices to be sent", "watchkeeper_notices_waiting"),
    ("notices that failed before", "watchkeeper_notices_failing"),
    ("samples for remote write", _PUSHED),
)
Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SystemView:
    """Reads what processes and records tell."""

    exposing: Exposing
    models: Models

    def system(self) -> System:
        """How everything is now."""
        read = _Read(self.exposing.collect())
        itself = self.exposing.itself
        requests = _all("requests", read.histogram("watchkeeper_request_duration_seconds").values())
        return System(
            now=itself.now(),
            version=code_version(),
            processes=[_process(each) for each in living(itself.processes, itself.now())],
            loops=sorted(_loops(read), key=lambda loop: (loop.process, loop.name)),
            queues=list(_queues(read)),
            requests=requests,
            failed_requests=int(
                sum(
                    value
                    for labels, value in read.of("watchkeeper_requests_total")
                    if labels["status"].startswith("5")
                )
            ),
            catalog=_timings(read, "watchkeeper_catalog_transaction_duration_seconds"),
            lake=_timings(read, "watchkeeper_lake_operation_duration_seconds"),
            disk=DiskWire(
                free_bytes=read.one("watchkeeper_home_free_bytes") or 0.0,
                size_bytes=read.one("watchkeeper_home_size_bytes") or 0.0,
                database_bytes=read.one("watchkeeper_database_bytes"),
            ),
            lagging=_lagging(read),
            series=int(read.one("watchkeeper_metrics_series") or 0),
            most_series=self.exposing.most,
            left_out=int(sum(v for _, v in read.of("watchkeeper_metrics_series_left_out"))),
        )

    def targets(self, reached: str, *, by_model: bool) -> list[Target]:
        """Who can be scraped: the doors that live, else the one that was ``reached``."""
        itself = self.exposing.itself
        places = [
            Place(each.address, each.host, each.version)
            for each in living(itself.processes, itself.now())
            if each.role == "door" and each.address
        ] or [Place(reached, itself.host, code_version())]
        models = [defined.model for defined in self.models.all()] if by_model else None
        return targets_of(places, models)


class _Read:
    """Metrics by the names of their samples."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._samples: dict[str, list[tuple[Labels, float]]] = {}
        for metric in metrics:
            for sample in metric.samples:
                self._samples.setdefault(sample.name, []).append((sample.labels, sample.value))

    def of(self, name: str) -> list[tuple[Labels, float]]:
        """Every sample of that name."""
        return self._samples.get(name, [])

    def one(self, name: str) -> float | None:
        """The largest sample of that name; None where there is none."""
        return max((value for _, value in self.of(name)), default=None)

    def histogram(self, name: str) -> dict[tuple[tuple[str, str], ...], dict[float, float]]:
        """The cumulative buckets of each series of a histogram, by its other labels."""
        found: dict[tuple[tuple[str, str], ...], dict[float, float]] = {}
        for labels, value in self.of(f"{name}_bucket"):
            rest = tuple(sorted((k, v) for k, v in labels.items() if k != "le"))
            buckets = found.setdefault(rest, {})
            edge = float(labels["le"])
            buckets[edge] = buckets.get(edge, 0.0) + value
        return found


def _quantile(buckets: Mapping[float, float], share: float) -> float | None:
    """As Prometheus has it: within a bucket evenly, in the last its lower edge."""
    edges = sorted(buckets)
    number = buckets[edges[-1]] if edges else 0.0
    if not number:
        return None
    below, low = 0.0, 0.0
    for edge in edges:
        if buckets[edge] >= share * number:
            if edge == float("inf"):
                return low
            width = buckets[edge] - below
            return low + (edge - low) * ((share * number - below) / width if width else 1.0)
        below, low = buckets[edge], edge
    return low


def _timing(name: str, buckets: Mapping[float, float]) -> Timing:
    return Timing(
        name=name,
        number=int(max(buckets.values(), default=0.0)),
        p50_seconds=_quantile(buckets, 0.5),
        p99_seconds=_quantile(buckets, 0.99),
    )


def _all(name: str, series: Iterable[Mapping[float, float]]) -> Timing:
    total: dict[float, float] = {}
    for buckets in series:
        for edge, number in buckets.items():
            total[edge] = total.get(edge, 0.0) + number
    return _timing(name, total)


def _timings(read: _Read, name: str) -> list[Timing]:
    """One line for each series, named by its labels but for where it was measured."""
    found = []
    for labels, buckets in read.histogram(name).items():
        own = [value for key, value in labels if key != "host"]
        found.append(_timing(" ".join(own), buckets))
    return sorted(found, key=lambda timing: timing.name)


def _loops(read: _Read) -> Iterator[LoopWire]:
    failures = {
        _loop(labels): value for labels, value in read.of("watchkeeper_loop_failures_total")
    }
    ends = {
        _loop(labels): value
        for labels, value in read.of("watchkeeper_loop_last_success_timestamp_seconds")
    }
    for rest, buckets in read.histogram("watchkeeper_loop_duration_seconds").items():
        key = _loop(dict(rest))
        timing = _timing(key[1], buckets)
        ended = ends.get(key)
        yield LoopWire(
            **timing.model_dump(),
            process=key[0],
            failures=int(failures.get(key, 0)),
            last_success_at=datetime.fromtimestamp(ended, UTC) if ended else None,
        )


def _loop(labels: Labels) -> tuple[str, str]:
    return labels.get("process", ""), labels["loop"]


def _queues(read: _Read) -> Iterator[QueueWire]:
    for name, family in _QUEUES:
        if family == _PUSHED and not read.of("watchkeeper_remote_write_samples_total"):
            continue  # nobody said where to
        detail = None
        if family == "watchkeeper_inbox_batches":
            detail = f"{int(read.one('watchkeeper_inbox_bytes') or 0):,} bytes"
        yield QueueWire(name=name, number=read.one(family), detail=detail)
    dirty = sum(value for _, value in read.of("watchkeeper_model_windows_dirty"))
    yield QueueWire(name="windows to be judged", number=dirty, detail=None)
    for labels, failing in read.of("watchkeeper_source_failing"):
        lags = [v for held, v in read.of("watchkeeper_source_waiting") if held == labels]
        detail = "failing" if failing else None
        yield QueueWire(
            name=f"source {labels['source']}", number=lags[0] if lags else None, detail=detail
        )


def _lagging(read: _Read) -> list[LaggingModel]:
    dirty = {labels["model"]: v for labels, v in read.of("watchkeeper_model_windows_dirty")}
    found = [
        LaggingModel(
            name=labels["model"], lag_seconds=value, dirty=int(dirty.get(labels["model"], 0))
        )
        for labels, value in read.of("watchkeeper_model_lag_seconds")
    ]
    return sorted(found, key=lambda model: -model.lag_seconds)[:_MOST_LAGGING]


def _process(stored: StoredProcess) -> ProcessWire:
    read = _Read(read_metrics(stored.figures))
    return ProcessWire(
        role=stored.role,
        host=stored.host,
        address=stored.address,
        pid=stored.pid,
        version=stored.version,
        started_at=stored.started_at,
        seen_at=stored.seen_at,
        memory_bytes=read.one("process_resident_memory_bytes"),
        processor_seconds=read.one("process_cpu_seconds_total"),
    )
