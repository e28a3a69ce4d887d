"""CloudEvents as messages of a topic: their attributes in headers, or whole in the message.

Kafka's headers begin with ``ce_``, NATS' with ``ce-``; Seldon's have no beginning of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from watchkeeper.errors import InvalidInput
from watchkeeper.ingest.cloud_events.event import CloudEvent, read_events
from watchkeeper.ingest.pull.door import Door
from watchkeeper.ingest.reasons import Reason

__all__ = ["events_of"]

_SHOWN = 2_000
_STRUCTURED = "application/cloudevents+json"


class EventMessage(Protocol):
    """What of a message is read here."""

    @property
    def part(self) -> str:
        """What its number counts in."""
        ...

    @property
    def number(self) -> int:
        """Its number."""
        ...

    @property
    def data(self) -> bytes:
        """What it holds."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """Its headers, by their names in lower case."""
        ...


def events_of(messages: Iterable[EventMessage], door: Door) -> list[CloudEvent]:
    """The events of messages; what is none is put into quarantine."""
    events: list[CloudEvent] = []
    for message in messages:
        try:
            events += read_events(_headers(message.headers), message.data)
        except InvalidInput as error:
            shown = message.data[:_SHOWN].decode(errors="replace")
            batch = f"event-{message.part}-{message.number}"[-200:]
            door.refuse(Reason.UNREADABLE, str(error), shown, batch=batch)
    return events


def _headers(given: Mapping[str, str]) -> Mapping[str, str]:
    """The headers as HTTP has them."""
    found = {
        f"ce-{name[3:]}" if name.startswith("ce_") else name: value for name, value in given.items()
    }
    if "ce-type" in found or "type" not in found:
        bare = not any(name.startswith("ce-") for name in found)
        return {"content-type": _STRUCTURED, **found} if bare else found
    return {
        name if name == "content-type" else f"ce-{name}": value for name, value in found.items()
    }
