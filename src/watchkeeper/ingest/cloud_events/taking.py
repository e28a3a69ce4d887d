"""Events at the door: kept durably, to be made into rows when both sides of an exchange are there."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

from watchkeeper.catalog.halves import Half, keep_half
from watchkeeper.catalog.inbox import InboxWrite
from watchkeeper.catalog.source_ledger import SourceCounts, count, take
from watchkeeper.domain.source import Source, SourceRows, SourceType
from watchkeeper.errors import InvalidInput, RateLimited
from watchkeeper.ingest.cloud_events.columns import truths
from watchkeeper.ingest.cloud_events.event import CloudEvent, Side
from watchkeeper.ingest.cloud_events.exchange import packed
from watchkeeper.ingest.cloud_events.payload import read_payload
from watchkeeper.ingest.id_index import IdSession
from watchkeeper.ingest.pull.door import Door
from watchkeeper.ingest.reasons import Reason, Refused
from watchkeeper.ingest.together import Together

__all__ = ["EventTaker", "Taken", "own_source", "takes"]

_SHOWN = 2_000
_MOST_WAITING = 200_000
_LOOK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of events: ``kept`` are durable, ``ignored`` are none of ours or came before,
    ``refused`` could not be read and are in quarantine.
    """

    kept: int = 0
    ignored: int = 0
    refused: int = 0


@dataclass(slots=True)
class EventTaker:
    """Takes events in. ``door`` gives the way of a source's rows; ``most_bytes`` bounds what may
    wait for its other side.
    """

    together: Together
    door: Callable[[Source], Door]
    most_bytes: int
    seconds: Callable[[], float] = time.monotonic
    _waiting: tuple[int, int] = (0, 0)
    _looked_at: float = field(default=float("-inf"))

    def take(
        self,
        events: Sequence[CloudEvent],
        source: Source,
        *,
        numbers: Mapping[str, Sequence[int]] | None = None,
    ) -> Taken:
        """Make events durable, and with them the ``numbers`` of their messages by part as taken.

        RateLimited where too many exchanges wait for their other side, Conflict where a number was
        taken before.
        """
        door = self.door(source)
        self._refuse_when_full(door)
        mine = [event for event in events if _is_ours(event, source)]
        halves: list[Half] = []
        labels: list[CloudEvent] = []
        refused = 0
        for event in mine:
            if event.side is Side.FEEDBACK:
                labels.append(event)
                continue
            try:
                halves.append(_half(event, door, source))
            except InvalidInput as error:
                _refuse(event, str(error), door)
                refused += 1
        untold = sum(_take_feedback(event, door) for event in labels)
        ignored = len(events) - len(mine)
        repeated = self._keep(halves, door, ignored=ignored, numbers=numbers or {})
        kept = len(halves) - repeated + len(labels) - untold
        return Taken(kept, len(events) - len(mine) + repeated, refused + untold)

    def _keep(
        self,
        halves: Sequence[Half],
        door: Door,
        *,
        ignored: int,
        numbers: Mapping[str, Sequence[int]],
    ) -> int:
        """Keep sides of exchanges; how many of them were there."""
        if not halves and not ignored and not numbers:
            return 0
        source = door.source
        now, alone = door.now(), source.text("expect", "both") != "both"

        def keep(write: InboxWrite, _: IdSession) -> int:
            seen = SourceCounts(events=len(halves) + ignored, ignored=ignored)
            count(write, source.name, seen, at=now)
            take(write, source.name, numbers)
            new = sum(keep_half(write, source.name, half, alone=alone) for half in halves)
            if new < len(halves):
                count(write, source.name, SourceCounts(ignored=len(halves) - new), at=now)
            return len(halves) - new

        return self.together.run(keep)

    def _refuse_when_full(self, door: Door) -> None:
        now = self.seconds()
        if now - self._looked_at > _LOOK_SECONDS:
            self._waiting, self._looked_at = door.catalog.halves.waiting(), now
        number, size = self._waiting
        if number >= _MOST_WAITING or size >= self.most_bytes:
            raise RateLimited(
                f"at most {_MOST_WAITING} exchanges of {self.most_bytes} bytes may wait for their "
                f"other side, and {number} of {size} bytes do: send the event again later, and look "
                "whether both sides are logged"
            )


def own_source(model: str) -> Source:
    """The source of a model's events where none is defined."""
    return Source(f"{model}.events", model, SourceType.CLOUD_EVENTS)


def takes(source: Source, event: CloudEvent) -> bool:
    """Whether an event is of a source's inference service."""
    service = event.attribute("inferenceservicename")
    namespace = source.text("namespace")
    return fnmatchcase(service, source.text("service") or source.model) and (
        not namespace or namespace == event.attribute("namespace")
    )


def _is_ours(event: CloudEvent, source: Source) -> bool:
    """Whether an event tells something that is wanted, of the wanted service and component."""
    if event.side is Side.OTHER:
        return False
    expected = source.text("expect", "both")
    if event.side is not Side.FEEDBACK and expected not in ("both", event.side.value):
        return False
    for name, stated in (
        ("inferenceservicename", source.text("service")),
        ("namespace", source.text("namespace")),
    ):
        given = event.attribute(name)
        if stated and given and not fnmatchcase(given, stated):
            return False
    component = event.attribute("component")
    return not component or fnmatchcase(component, source.text("component") or "predictor")


def _half(event: CloudEvent, door: Door, source: Source) -> Half:
    model = door.model()
    data = packed(event, model, source)
    asked = event.side is Side.REQUEST
    return Half(
        event.exchange, model.name, data if asked else None, None if asked else data, door.now()
    )


def _take_feedback(event: CloudEvent, door: Door) -> int:
    """Take the truth of a feedback as labels; 1 where there is none that can be read."""
    labels = replace(door, source=replace(door.source, rows=SourceRows.LABELS))
    try:
        found = truths(read_payload(event.data).truth)
    except InvalidInput as error:
        _refuse(event, str(error), labels)
        return 1
    if not found:
        _refuse(event, "a feedback must tell the truth of at least one row", labels)
        return 1
    many = len(found) > 1
    rows = [
        {
            "id": f"{event.exchange}:{place}" if many else event.exchange,
            "label": truth,
            **({} if event.time is None else {"time": event.time}),
        }
        for place, truth in enumerate(found)
    ]
    labels.take(rows, batch=f"event-{event.id}", seen=SourceCounts(events=1))
    return 0


def _refuse(event: CloudEvent, detail: str, door: Door) -> None:
    shown = event.data[:_SHOWN].decode(errors="replace")
    refused = Refused(Reason.UNREADABLE, f"{event.side} {event.exchange!r}: {detail}", shown)
    batch = f"event-{event.id}-{event.side}"
    door.take([refused], batch=batch, seen=SourceCounts(events=1))
