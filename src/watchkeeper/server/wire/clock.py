"""How far the worker is."""

from __future__ import annotations

from datetime import datetime

from watchkeeper.server.wire.envelope import Wire

__all__ = ["Clock", "ModelClock"]


class ModelClock(Wire):
    """One model's progress. ``clock`` is its time: the wall's, or in a replay the highest
    ``known_at`` received; ``judged_through`` is the end of the last window that was judged;
    ``due`` counts the windows that are waiting to be judged or restated at that time.
    """

    name: str
    clock: datetime
    judged_through: datetime | None
    due: int


class Clock(Wire):
    """``inbox`` counts the acknowledged batches that are not in the lake yet; ``settled`` holds
    where nothing is left to be done. ``worker_seen_at`` is when a worker last said that it lives,
    null where none did within a day.
    """

    now: datetime
    inbox: int
    settled: bool
    worker_seen_at: datetime | None
    models: list[ModelClock]
