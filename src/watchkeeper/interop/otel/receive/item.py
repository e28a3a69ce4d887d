"""What came over OTLP, each piece in the same form, whatever signal it is of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from watchkeeper.interop.otel.receive.conventions import Served

__all__ = ["Item"]


@dataclass(frozen=True, slots=True)
class Item:
    """A span, a log record, or the points of one moment.

    Attributes
    ----------
    service
        The resource's ``service.name``, empty where it has none.
    name
        The span's or the event's name; of points empty.
    time
        Nanoseconds since 1970; 0: not told.
    seconds
        How long it took; None where that is no matter.
    error
        Why it failed; None where it did not.
    trace_id, span_id
        Hexadecimal, None where not told.
    values
        The resource's attributes, and over them the item's own; of a log record also its body,
        under ``body`` or, where that has names, under these.
    served
        What the conventions of model servers say of it; None: not a request that one answered.
    """

    service: str
    name: str
    time: int
    seconds: float | None = None
    error: str | None = None
    trace_id: str | None = None
    span_id: str | None = None
    values: Mapping[str, object] = field(default_factory=dict)
    served: Served | None = None
