"""All that one process exports, in one piece: opened, started, asked how it fares, and stopped."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from watchkeeper.domain.tracing import NO_TRACING, Tracing
from watchkeeper.interop.otel.outgoing import Fates, Outgoing, Pace
from watchkeeper.interop.otel.periodic import MetricsExport
from watchkeeper.interop.otel.records import Record, encode_records
from watchkeeper.interop.otel.target import Export, Signal
from watchkeeper.interop.otel.transport import open_transport

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric as Figures

__all__ = ["NO_EXPORTS", "Exports", "open_exports"]


@dataclass(slots=True)
class Exports:
    """What a process exports; of a signal that goes nowhere there is nothing."""

    tracing: Tracing = NO_TRACING
    records: Outgoing[Record] | None = None
    spans: Outgoing[object] | None = None
    metrics: MetricsExport | None = None
    _started: list[Signal] = field(default_factory=list)

    def record(self, records: Iterable[Record]) -> None:
        """Let log records be sent; never waits."""
        if self.records is None:
            return
        now = time.time_ns()
        for record in records:
            self.records.put(replace(record, at=record.at or now))

    def start(self) -> None:
        """Begin to send."""
        for part in self._parts().values():
            part.start()

    def stop(self) -> None:
        """Send what waits, as far as that goes quickly, and end. Also where it never began."""
        parts = self._parts().values()
        for part in parts:  # together, so that several that are dead take no longer than one
            part.finish()
        for part in parts:
            part.stop()

    def fates(self) -> Mapping[Signal, Fates]:
        """What became of the items of each signal."""
        return {signal: part.fates() for signal, part in self._parts().items()}

    def _parts(self) -> Mapping[Signal, Outgoing[Record] | Outgoing[object] | MetricsExport]:
        parts = {
            Signal.TRACES: self.spans,
            Signal.LOGS: self.records,
            Signal.METRICS: self.metrics,
        }
        return {signal: part for signal, part in parts.items() if part is not None}


NO_EXPORTS = Exports()


def open_exports(
    export: Export,
    *,
    version: str,
    read: Callable[[], Iterable[Figures]] | None = None,
    pace: Pace | None = None,
) -> Exports:
    """What sends to the targets. Nothing is sent before `Exports.start`.

    ``read`` gives the figures of metrics; None: this process tells none. Raises NotInstalled where
    the extra is missing, InvalidInput where a certificate is.
    """
    pace = replace(pace or Pace(), most_bytes=export.most_bytes)
    found = Exports()
    target = export.target(Signal.TRACES)
    if target is not None:
        transport = open_transport(target)
        from watchkeeper.interop.otel import traces

        spans = Outgoing("traces", transport, traces.encode, pace)
        found.tracing = traces.SdkTracing(spans, export, version)
        found.spans = spans  # type: ignore[assignment]  # what it holds is its own affair
    target = export.target(Signal.LOGS)
    if target is not None:

        def encode(records: Sequence[Record]) -> bytes:
            return encode_records(records, export, version)

        found.records = Outgoing("logs", open_transport(target), encode, pace)
    target = export.target(Signal.METRICS)
    if target is not None and read is not None:
        found.metrics = MetricsExport(export, open_transport(target), read, version)
    return found
