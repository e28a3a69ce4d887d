"""`/metrics`: the figures of this process, of the worker, and of the records, within the cap."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from prometheus_client.core import Metric

from watchkeeper.errors import WatchkeeperError
from watchkeeper.interop.prometheus.exposition import expose, named
from watchkeeper.interop.prometheus.families import DEFAULT_MOST_SERIES, FAMILIES
from watchkeeper.interop.prometheus.fleet import Fleet
from watchkeeper.interop.prometheus.series import Filled, Series, fill
from watchkeeper.server.telemetry.processes import Itself, of_processes

__all__ = ["Exposing"]

_log = logging.getLogger(__name__)
_OF_ITSELF = len(FAMILIES) + 4
_FRESH_SECONDS = 0.5  # of two scrapers that ask at once, the second gets what the first did


@dataclass(frozen=True, slots=True)
class _Held:
    """What the records said at a moment, and how many seconds asking them took."""

    at: float
    series: Series
    took: float


@dataclass(slots=True)
class Exposing:
    """Collects when it is asked. Safe to use from many threads: they wait for each other.

    ``roles`` are those of other processes whose figures are told here too.
    """

    fleet: Fleet
    itself: Itself
    most: int = DEFAULT_MOST_SERIES
    roles: frozenset[str] = frozenset({"worker"})
    seconds: Callable[[], float] = time.monotonic
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _held: _Held | None = None

    def exposition(
        self, accept: str | None = None, names: Collection[str] = (), model: str | None = None
    ) -> tuple[bytes, str]:
        """The figures now, and their media type; with ``names`` only those, with ``model`` only
        that model's.
        """
        metrics = self.collect() if model is None else self._of_model(model)
        return expose(named(metrics, names) if names else metrics, accept)

    def _of_model(self, model: str) -> list[Metric]:
        with self._lock:
            return list(fill(self._fresh().series.of("model", model), most=self.most).metrics)

    def warm(self, stopping: threading.Event) -> None:
        """Read what the first scrape would else have to wait for."""
        while not stopping.is_set():
            try:
                self.collect()
            except WatchkeeperError:
                _log.warning("figures cannot be read yet, the first scrape will be slower")
                return
            if not self.fleet.behind:
                return
            stopping.wait(_FRESH_SECONDS)

    def collect(self) -> list[Metric]:
        """The figures now."""
        with self._lock:
            held = self._fresh()
            own = of_processes(self.itself, roles=self.roles)
            counted = sum(len(metric.samples) for metric in own)
            # What is told of the scrape itself comes last, and has its room set aside.
            filled = fill(held.series, most=self.most - counted - _OF_ITSELF)
            told = _told(filled, counted, held.took)
            return [*own, *filled.metrics, *fill(told, most=0).metrics]

    def _fresh(self) -> _Held:
        began = self.seconds()
        if self._held is None or began - self._held.at > _FRESH_SECONDS:
            series = self.fleet.series()
            self._held = _Held(began, series, self.seconds() - began)
        return self._held


def _told(filled: Filled, counted: int, seconds: float) -> Series:
    told = Series()
    for family, number in filled.left_out.items():
        told.add("watchkeeper_metrics_series_left_out", number, family)
    if not filled.left_out:
        told.add("watchkeeper_metrics_series_left_out", 0, "")
    told.add("watchkeeper_metrics_series", counted + filled.number)
    told.add("watchkeeper_metrics_duration_seconds", seconds)
    return told
