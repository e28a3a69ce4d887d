"""From a source's definition to what fetches its rows: one line a type."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from watchkeeper.domain.route import Secret
from watchkeeper.domain.source import Source, SourceType
from watchkeeper.ingest.cloud_events.taking import EventTaker
from watchkeeper.ingest.pull.door import Door
from watchkeeper.ingest.pull.files import FilePuller, Folder
from watchkeeper.ingest.pull.puller import Puller
from watchkeeper.ingest.pull.topic import Topic, TopicPuller
from watchkeeper.ingest.together import Together

__all__ = ["PULLED", "open_puller"]

_SETTLE_SECONDS = {SourceType.DIRECTORY: 30.0, SourceType.OBJECT_STORE: 0.0}
_POLL_SECONDS = {SourceType.DIRECTORY: 10.0, SourceType.OBJECT_STORE: 60.0}
_MOST_EVENT_BYTES = 2**30
Reader = Callable[[object], str | None]


def open_puller(door: Door, read: Callable[[Secret], str], scratch: Path) -> Puller:
    """What fetches the rows of the door's source. ``read`` gives the secret that a reference
    means, ``scratch`` is a folder for what is being read.
    """

    def secret(value: object) -> str | None:
        """Text, or what a reference to it means."""
        if value is None or isinstance(value, str):
            return value
        return read(value) if isinstance(value, Secret) else str(value)

    return PULLED[door.source.type](door, secret, scratch)


def _files(door: Door, secret: Reader, scratch: Path) -> Puller:
    source = door.source
    own = scratch / source.name
    shutil.rmtree(own, ignore_errors=True)  # what a worker that was killed left behind
    return FilePuller(
        door,
        _folder(source, secret),
        door.catalog.source_files,
        own,
        settle=source.number("settle", _SETTLE_SECONDS[source.type]),
        poll=source.number("poll", _POLL_SECONDS[source.type]),
    )


def _folder(source: Source, secret: Reader) -> Folder:
    if source.type is SourceType.DIRECTORY:
        from watchkeeper.ingest.pull.directory import Directory

        return Directory(source.text("path"))
    from watchkeeper.ingest.pull.object_store import object_store

    return object_store(source, secret)


def _topic(door: Door, secret: Reader, _: Path) -> Puller:
    topic: Topic
    if door.source.type is SourceType.NATS:
        from watchkeeper.ingest.pull.nats import NatsTopic

        topic = NatsTopic(door.source, secret)
    else:
        from watchkeeper.ingest.pull.kafka import KafkaTopic

        topic = KafkaTopic(door.source, secret, door.catalog.ledger)
    if door.source.text("format", "rows") == "rows":
        return TopicPuller(door, topic)
    taker = EventTaker(Together(door.catalog.inbox), lambda _: door, _MOST_EVENT_BYTES)
    return TopicPuller(door, topic, taker)


PULLED: Mapping[SourceType, Callable[[Door, Reader, Path], Puller]] = {
    SourceType.DIRECTORY: _files,
    SourceType.OBJECT_STORE: _files,
    SourceType.NATS: _topic,
    SourceType.KAFKA: _topic,
}
