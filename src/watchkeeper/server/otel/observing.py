"""What a process tells others of its own work, assembled: exports, trails, links of labels."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
from prometheus_client.core import Metric

from watchkeeper.alerts.sinks.sink import Sink
from watchkeeper.domain.alert import Alert, Incident
from watchkeeper.domain.model import Model
from watchkeeper.domain.ports import VerdictListener
from watchkeeper.domain.tracing import Tracing
from watchkeeper.errors import InvalidInput
from watchkeeper.ingest.mover import Moved
from watchkeeper.interop.new_relic.inference import Inference, inference_of
from watchkeeper.interop.otel.exports import Exports
from watchkeeper.interop.otel.records import incident_record
from watchkeeper.lake.lake import Lake
from watchkeeper.lake.layout import LakeTable
from watchkeeper.server.otel.exporting import exports_of
from watchkeeper.server.otel.label_links import LabelLinks
from watchkeeper.server.otel.listening import Listening
from watchkeeper.server.otel.sinks import traced_sink
from watchkeeper.server.otel.trail import Trail
from watchkeeper.settings import Settings

__all__ = ["Observing", "observing_of"]

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Observing:
    """What others are told."""

    exports: Exports = field(default_factory=Exports)
    links: LabelLinks | None = None
    inference: Inference | None = None
    definition: Callable[[str], Model] | None = None
    moves: Trail = field(default_factory=Trail)
    incidents: Trail = field(default_factory=Trail)

    @property
    def tracing(self) -> Tracing:
        """What makes spans."""
        return self.exports.tracing

    def heard(self, moved: Moved, tables: Mapping[LakeTable, pa.Table]) -> None:
        """Rows were moved."""
        self.moves.leave(moved.model, moved.span)
        if self.links is not None:
            self.links.heard(moved, tables)
        if self.inference is not None and self.definition is not None:
            predictions, labels = tables[LakeTable.PREDICTIONS], tables[LakeTable.LABELS]
            self.inference.moved(self.definition(moved.model), predictions, labels)

    def listener(
        self, inner: VerdictListener, alerts_of: Callable[[str], Sequence[Alert]]
    ) -> VerdictListener:
        """``inner``, with what it does told as records; itself where nothing is exported."""
        if self.exports.records is None and not self.tracing.is_on:
            return inner
        return Listening(inner, self.exports, alerts_of, self.incidents)

    def incident(self, incident: Incident) -> None:
        """People did something with an incident."""
        self.exports.record([incident_record(incident, self.tracing.current)])

    def sink(self, sink: Sink) -> Sink:
        """The sink, with its sendings traced."""
        return traced_sink(sink, self.tracing, self.incidents)

    def step(self) -> None:
        """Do what was put off: to be called every second."""
        if self.links is not None:
            self.links.step()

    def start(self, read: Callable[[], Iterable[Metric]] | None = None) -> None:
        """Begin to send; ``read`` gives the figures, where this process tells them."""
        if self.exports.metrics is not None and read is not None:
            self.exports.metrics.read = read
        self.exports.start()
        if self.inference is not None:
            self.inference.start()

    def stop(self) -> None:
        """Send what waits, as far as that goes quickly, and end."""
        if self.inference is not None:
            self.inference.finish()
        self.exports.stop()
        if self.inference is not None:
            self.inference.stop()


def observing_of(settings: Settings, process: str, lake: Lake) -> Observing:
    """What a process tells; nothing for one without a name. Figures are told by the door alone,
    which has those of the worker too.
    """
    if not process:
        return Observing()
    exports = exports_of(settings, process, list if process == "door" else None)
    links = LabelLinks(lake, exports.tracing) if exports.tracing.is_on else None
    return Observing(exports, links, _inference(settings) if process == "worker" else None)


def _inference(settings: Settings) -> Inference | None:
    try:
        return inference_of(settings)
    except InvalidInput as error:
        _log.error("no events are sent to New Relic: %s", error)
        return None
