"""Sources: where rows are fetched from, or whose payloads are understood."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

__all__ = ["Source", "SourceRows", "SourceType"]


class SourceType(StrEnum):
    """The ways in, beside the doors that every model has."""

    DIRECTORY = "directory"  # files of this machine
    OBJECT_STORE = "object_store"  # files of s3://, gs:// or abfss://
    NATS = "nats"  # messages of a JetStream stream
    KAFKA = "kafka"  # messages of topics
    PROMETHEUS = "prometheus"  # how the model's server says that it answers
    CLOUD_EVENTS = "cloud_events"  # payloads that KServe or Seldon send here
    OTLP = "otlp"  # spans, log records and metrics that a model server sends here


class SourceRows(StrEnum):
    """What a source's rows are."""

    PREDICTIONS = "predictions"
    LABELS = "labels"


@dataclass(frozen=True, slots=True)
class Source:
    """A named source of one model's rows. ``columns`` says how they call what we call otherwise:
    our name, of a column or a plain word such as ``id``, to theirs. ``options`` are those of the
    type; secrets among them are references.
    """

    name: str
    model: str
    type: SourceType
    options: Mapping[str, object] = field(default_factory=dict)
    rows: SourceRows = SourceRows.PREDICTIONS
    columns: Mapping[str, str] = field(default_factory=dict)
    enabled: bool = True

    @property
    def sender(self) -> str:
        """As whom its batches are sent: no key has an id like this."""
        return f"source:{self.name}"

    def text(self, option: str, default: str = "") -> str:
        """An option that is text."""
        found = self.options.get(option, default)
        return found if isinstance(found, str) else default

    def number(self, option: str, default: float) -> float:
        """An option that is a number, or a length of time in seconds."""
        found = self.options.get(option, default)
        return float(found) if isinstance(found, int | float) else default

    def texts(self, option: str) -> tuple[str, ...]:
        """An option that is a list of texts; empty where it is not given."""
        found = self.options.get(option, ())
        return tuple(map(str, found)) if isinstance(found, list | tuple) else ()
