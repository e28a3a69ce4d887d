"""How the installation itself is: its processes, loops, queues and disk."""

from __future__ import annotations

from datetime import datetime

from watchkeeper.server.wire.envelope import Wire

__all__ = ["DiskWire", "LaggingModel", "LoopWire", "ProcessWire", "QueueWire", "System", "Timing"]


class ProcessWire(Wire):
    """A process that was heard of within the last minute; ``memory_bytes`` is resident."""

    role: str
    host: str
    address: str
    pid: int
    version: str
    started_at: datetime
    seen_at: datetime
    memory_bytes: float | None
    processor_seconds: float | None


class Timing(Wire):
    """How long something took, ``number`` times: quantiles to the width of their buckets; null where
    it never happened.
    """

    name: str
    number: int
    p50_seconds: float | None
    p99_seconds: float | None


class LoopWire(Timing):
    """A loop of a process: how its rounds went since it started."""

    process: str
    failures: int
    last_success_at: datetime | None


class QueueWire(Wire):
    """What waits: ``number`` of them, null where that is not known; ``detail`` says more."""

    name: str
    number: float | None
    detail: str | None


class DiskWire(Wire):
    """The disk of the home folder, and what the database of records takes."""

    free_bytes: float
    size_bytes: float
    database_bytes: float | None


class LaggingModel(Wire):
    """A model with how long before its own time its last judged window ended."""

    name: str
    lag_seconds: float
    dirty: int


class System(Wire):
    """All of it. ``series`` of ``most_series`` that a scrape may hold, ``left_out`` beyond them."""

    now: datetime
    version: str
    processes: list[ProcessWire]
    loops: list[LoopWire]
    queues: list[QueueWire]
    requests: Timing
    failed_requests: int
    catalog: list[Timing]
    lake: list[Timing]
    disk: DiskWire
    lagging: list[LaggingModel]
    series: int
    most_series: int
    left_out: int
