"""CloudEvents at the door: which source, and so which model, each event is of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from watchkeeper.domain.source import Source, SourceType
from watchkeeper.errors import NotFound
from watchkeeper.ingest.cloud_events.event import CloudEvent
from watchkeeper.ingest.cloud_events.taking import EventTaker, Taken, own_source, takes
from watchkeeper.server.models import Models
from watchkeeper.server.otel.sources import OWN_OTLP, own_otlp
from watchkeeper.server.sources import Sources
from watchkeeper.server.wire.events import EventsTaken

__all__ = ["EventDoor", "event_source"]

_OWN = ".events"


@dataclass(frozen=True, slots=True)
class EventDoor:
    """Takes in events of any model."""

    models: Models
    sources: Sources
    taker: EventTaker

    def take(self, events: Sequence[CloudEvent], *, model: str | None = None) -> EventsTaken:
        """Make events durable. NotFound, and nothing happens, where one is of no known model."""
        by_source: dict[str, tuple[Source, list[CloudEvent]]] = {}
        for event in events:
            source = self._source(event, model)
            by_source.setdefault(source.name, (source, []))[1].append(event)
        total = Taken()
        for source, some in by_source.values():
            taken = self.taker.take(some, source)
            total = Taken(
                total.kept + taken.kept,
                total.ignored + taken.ignored,
                total.refused + taken.refused,
            )
        return EventsTaken(
            received=len(events), kept=total.kept, ignored=total.ignored, refused=total.refused
        )

    def _source(self, event: CloudEvent, model: str | None) -> Source:
        known = [
            source
            for source in self.sources.of_type(SourceType.CLOUD_EVENTS)
            if model is None or source.model == model
        ]
        wanted = [source for source in known if takes(source, event)]
        if wanted:
            return wanted[0]
        if model is not None:
            self.models.get(model)
            return known[0] if len(known) == 1 else own_source(model)
        service = event.attribute("inferenceservicename")
        if service and any(defined.model.name == service for defined in self.models.all()):
            return own_source(service)
        raise NotFound(
            f"an event must be of a known model, and none is called as its inference service "
            f"{service!r}: define a source of type cloud_events that names the service, or send "
            "it to /api/v1/models/MODEL/cloudevents"
        )


def event_source(name: str, sources: Sources) -> Source | None:
    """The source of that name; a model's own where none is defined; None where it is gone."""
    for defined in sources.all():
        if defined.source.name == name:
            return defined.source
    if name.endswith(OWN_OTLP):
        return own_otlp(name.removesuffix(OWN_OTLP))
    return own_source(name.removesuffix(_OWN)) if name.endswith(_OWN) else None
