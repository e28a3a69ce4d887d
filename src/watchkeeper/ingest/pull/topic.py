"""Messages of a topic, each once, confirmed to the broker when their rows are in the lake.

A message is taken when its rows are durable in the inbox; in the same transaction its number is
remembered. The broker is told later, when the mover has brought the rows into the lake: so the
broker keeps what the lake does not have. What the broker sends again meanwhile (a crash, a
rebalance, a lost confirmation) is known by its number, and not taken twice.
"""

from __future__ import annotations

import hashlib
import logging
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from typing import Protocol

from watchkeeper.catalog.source_ledger import SourceCounts
from watchkeeper.domain.model import Model
from watchkeeper.errors import Conflict, RateLimited
from watchkeeper.ingest.cloud_events.taking import EventTaker
from watchkeeper.ingest.content import mint_id
from watchkeeper.ingest.pull.door import Door
from watchkeeper.ingest.pull.event_messages import events_of
from watchkeeper.ingest.pull.mapping import gives, renamed
from watchkeeper.ingest.pull.messages import rows_of
from watchkeeper.ingest.pull.puller import Pulled
from watchkeeper.ingest.reasons import Refused

__all__ = ["Message", "Topic", "TopicPuller"]

_log = logging.getLogger(__name__)
_AT_ONCE = 500
_MOST_WAITING = 10_000
_MOST_WAITING_BYTES = 64 * 2**20
_FETCH_SECONDS = 0.5
_HELD_SECONDS = 0.1
_SETTLE_AFTER = 50


@dataclass(frozen=True, slots=True)
class Message:
    """One message. ``number`` counts within ``part``; ``time`` is the broker's; None: it has none."""

    part: str
    number: int
    time: datetime | None
    data: bytes
    key: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)  # by their names in lower case


class Topic(Protocol):
    """A broker's topic, as one consumer sees it. Used by one thread."""

    def fetch(self, most: int, seconds: float) -> Sequence[Message]:
        """Up to ``most`` messages, waiting up to ``seconds`` for the first."""
        ...

    def confirm(self, messages: Sequence[Message]) -> None:
        """These are in the lake, and all before them that were fetched of their parts too."""
        ...

    def keep(self, messages: Iterable[Message]) -> None:
        """These are still being worked on."""
        ...

    def hold(self) -> None:
        """Nothing is fetched now, but will be."""
        ...

    def lag(self) -> int | None:
        """How many messages are there and not fetched; None where that is not known."""
        ...

    def floors(self) -> Mapping[str, int]:
        """By part, the number up to which the broker was told that all is done."""
        ...

    def close(self) -> None:
        """Leave."""
        ...


@dataclass(frozen=True, slots=True)
class _Waiting:
    """Messages whose rows are durable, in the lake when all before the mark is."""

    mark: int
    messages: tuple[Message, ...]


@dataclass(slots=True)
class TopicPuller:
    """Fetches, takes, and confirms what is in the lake.

    A message that is one side of an exchange is confirmed when it is kept durably: its other side
    may come an hour later, or never.
    """

    door: Door
    topic: Topic
    events: EventTaker | None = None  # where messages are CloudEvents
    _waiting: deque[_Waiting] = field(default_factory=deque)
    _fetched: Sequence[Message] = ()
    _steps: int = 0

    def step(self) -> Pulled:
        """Confirm what is in the lake, and take what is new, unless too much waits already."""
        self._confirm()
        waiting = (message for item in self._waiting for message in item.messages)
        self.topic.keep(chain(waiting, self._fetched))
        held = sum(len(item.messages) for item in self._waiting)
        size = sum(len(message.data) for item in self._waiting for message in item.messages)
        if held >= _MOST_WAITING or size >= _MOST_WAITING_BYTES:
            return self._hold("its messages are not in the lake yet")
        if not self._fetched:
            self._fetched = self.topic.fetch(_AT_ONCE, _FETCH_SECONDS)
        if not self._fetched:
            return Pulled(lag=self.topic.lag())
        taken = len(self._fetched)
        try:
            self._take(self._fetched)
        except RateLimited:
            return self._hold("too much waits for the lake")
        self._fetched = ()
        return Pulled(events=taken, lag=self.topic.lag())

    def close(self) -> None:
        """Leave; what was not confirmed will be sent again, and known."""
        self.topic.close()

    def _hold(self, why: str) -> Pulled:
        self.topic.hold()
        return Pulled(lag=self.topic.lag(), rest=_HELD_SECONDS, waiting=why)

    def _confirm(self) -> None:
        while self._waiting and self.door.landed(self._waiting[0].mark):
            self.topic.confirm(self._waiting.popleft().messages)
        self._steps += 1
        if self._steps % _SETTLE_AFTER == 0:
            for part, floor in self.topic.floors().items():
                self.door.catalog.ledger.settle(self.door.source.name, part, floor)

    def _take(self, messages: Sequence[Message]) -> None:
        try:
            self._take_new(messages)
        except Conflict:  # another consumer took some of them meanwhile
            self._take_new(messages)
        self._waiting.append(_Waiting(self.door.mark(), tuple(messages)))

    def _take_new(self, messages: Sequence[Message]) -> None:
        new = self._not_taken(messages)
        if not new:
            return
        numbers: dict[str, list[int]] = {}
        for message in new:
            numbers.setdefault(message.part, []).append(message.number)
        if self.events is not None:
            self.events.take(events_of(new, self.door), self.door.source, numbers=numbers)
            return
        rows, ignored = self._rows(new)
        self.door.take(
            rows,
            batch=_batch(new),
            seen=SourceCounts(events=len(new), ignored=ignored),
            numbers=numbers,
        )

    def _not_taken(self, messages: Sequence[Message]) -> list[Message]:
        by_part: dict[str, list[int]] = {}
        for message in messages:
            by_part.setdefault(message.part, []).append(message.number)
        ledger, name = self.door.catalog.ledger, self.door.source.name
        old = {part: ledger.taken(name, part, numbers) for part, numbers in by_part.items()}
        seen: set[tuple[str, int]] = set()
        new = []
        for message in messages:
            place = (message.part, message.number)
            if message.number not in old[message.part] and place not in seen:
                new.append(message)
            seen.add(place)
        return new

    def _rows(
        self, messages: Sequence[Message]
    ) -> tuple[list[Mapping[str, object] | Refused], int]:
        model, ignored = self.door.model(), 0
        rows: list[Mapping[str, object] | Refused] = []
        for message in messages:
            found = rows_of(message.data)
            ignored += not found
            many = len(found) > 1
            for place, row in enumerate(found):
                if isinstance(row, Mapping):
                    rows.append(self._completed(row, message, place if many else None, model))
                else:
                    rows.append(row)
        return rows, ignored

    def _completed(
        self, row: Mapping[str, object], message: Message, place: int | None, model: Model
    ) -> Mapping[str, object]:
        """The row under our names. A row without an id gets one that follows from its message, so
        that the message gives the same one again; one without a time the message's.
        """
        columns = self.door.source.columns
        special = {"@key": message.key, "@time": message.time}
        found = dict(renamed({**row, **special} if columns else row, columns))
        for name in special:
            found.pop(name, None)
        moment = message.time or datetime.fromtimestamp(0, UTC)
        if message.time is not None and not gives(found, "time", model):
            found["_wk_time"] = message.time
        if not gives(found, "id", model) and self.door.source.rows.value == "predictions":
            seed = f"{self.door.source.sender}\0{message.part}\0{message.number}\0{place or 0}"
            found["_wk_id"] = mint_id(seed, int(moment.timestamp() * 1e6))
        return found


def _batch(messages: Sequence[Message]) -> str:
    """A name that follows from which messages they are."""
    digest = hashlib.sha256()
    for message in messages:
        digest.update(f"{message.part}\0{message.number}\n".encode())
        digest.update(message.data)  # a topic made anew has other messages under the old numbers
    return f"topic-{messages[0].number}-{digest.hexdigest()[:32]}"
