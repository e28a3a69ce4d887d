"""CloudEvents on the wire."""

from __future__ import annotations

from watchkeeper.server.wire.envelope import Wire

__all__ = ["EventsTaken"]


class EventsTaken(Wire):
    """What became of the events. ``kept`` are durable and become rows when their other side is
    there; ``ignored`` are of another type or component, or came before; ``refused`` could not be
    read, and are in quarantine with the reason.
    """

    received: int
    kept: int
    ignored: int
    refused: int
