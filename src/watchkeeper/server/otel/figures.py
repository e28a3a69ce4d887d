"""What came of telemetry, out and in, as figures of `/metrics`."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import Counter
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from watchkeeper.interop.otel.outgoing import Fates
from watchkeeper.interop.otel.target import Signal
from watchkeeper.interop.prometheus.families import FAMILIES, PREFIX
from watchkeeper.server.metrics import Telemetry
from watchkeeper.server.otel.door import OtlpTaken
from watchkeeper.server.otel.observing import Observing

__all__ = ["ExportFigures", "ReceivedFigures"]

_EXPORTED, _WAITING = (FAMILIES[PREFIX + name] for name in ("otlp_exported_total", "otlp_waiting"))
_FATES = ("taken", "rejected", "failed", "dropped")


class ExportFigures(Collector):
    """Items by signal and fate, as the queues count them."""

    def __init__(self, observing: Observing) -> None:
        self._observing = observing

    def collect(self) -> Iterator[Metric]:
        """The figures now; none where nothing is exported."""
        fates: dict[str, Fates] = {str(s): f for s, f in self._observing.exports.fates().items()}
        if self._observing.inference is not None:
            fates["new_relic_events"] = self._observing.inference.fates()
        if not fates:
            return
        name = _EXPORTED.name.removesuffix("_total")
        exported = CounterMetricFamily(name, _EXPORTED.about, labels=_EXPORTED.labels)
        waiting = GaugeMetricFamily(_WAITING.name, _WAITING.about, labels=_WAITING.labels)
        for signal, held in fates.items():
            for fate in _FATES:
                exported.add_metric((signal, fate), getattr(held, fate))
            waiting.add_metric((signal,), held.waiting)
        yield exported
        yield waiting


class ReceivedFigures:
    """Counts what came over OTLP."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._items: Counter = telemetry.counter("otlp_received_total")

    def told(self, signal: Signal, taken: OtlpTaken) -> None:
        """Count one request's items by what became of them."""
        for fate in ("kept", "ignored", "rejected"):
            self._items.labels(str(signal), fate).inc(getattr(taken, fate))
