"""A sink whose every sending is a span, linked to the judgement that it tells of."""

from __future__ import annotations

from dataclasses import dataclass

from watchkeeper.alerts.sinks.sink import Delivery, Receipt, Refreshing, Sink
from watchkeeper.domain.tracing import Tracing
from watchkeeper.server.otel.trail import Trail

__all__ = ["traced_sink"]


def traced_sink(sink: Sink, tracing: Tracing, incidents: Trail) -> Sink:
    """The sink as it is where nothing is traced; else one that does the same."""
    if not tracing.is_on:
        return sink
    kind = _TracedRefreshing if isinstance(sink, Refreshing) else _Traced
    return kind(sink, tracing, incidents)


@dataclass(frozen=True, slots=True)
class _Traced:
    sink: Sink
    tracing: Tracing
    incidents: Trail

    @property
    def target(self) -> str:
        return self.sink.target

    def send(self, delivery: Delivery) -> Receipt:
        notice = delivery.notice
        about = {
            "watchkeeper.model.name": notice.incident.model,
            "watchkeeper.incident.id": notice.incident.id,
            "watchkeeper.notice.kind": str(notice.kind),
            "watchkeeper.notice.route": notice.route,
            "watchkeeper.notice.target": self.sink.target,
        }
        judged = self.incidents.last(notice.incident.id)
        with self.tracing.span("notify", about=about, links=(judged,) if judged else ()):
            return self.sink.send(delivery)


@dataclass(frozen=True, slots=True)
class _TracedRefreshing(_Traced):
    def refresh(self, delivery: Delivery) -> Receipt:
        if not isinstance(self.sink, Refreshing):
            raise TypeError(f"{self.sink} must know how to tell again")
        return self.sink.refresh(delivery)
