"""Rows in, an acknowledgement out: when `Receiver.receive` returns, the rows are durable.

One transaction holds the accepted rows, the rejected ones with their reasons, the ids by which
repeats are recognised, and the receipt. A batch that is sent again gets the same receipt; a row
that is sent again in another batch is counted as a duplicate; an id that comes again with other
content is quarantined, because one of the two must be wrong.

Queries see the lake; what is acknowledged is there within a second, when the mover next runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

import numpy as np
import pyarrow as pa

from watchkeeper.catalog.catalog import Catalog
from watchkeeper.catalog.database import from_micros, to_micros
from watchkeeper.catalog.inbox import BatchKey, InboxWrite, StoredReceipt
from watchkeeper.domain.model import Model
from watchkeeper.domain.sending import Sending
from watchkeeper.domain.tracing import NO_TRACING, Tracing
from watchkeeper.errors import Conflict, InvalidInput
from watchkeeper.ingest.content import id_numbers, total_content
from watchkeeper.ingest.envelope import pack
from watchkeeper.ingest.id_index import Ids, IdSession
from watchkeeper.ingest.known_ids import settle
from watchkeeper.ingest.reasons import Refused, Rejection
from watchkeeper.ingest.room import Room
from watchkeeper.ingest.rows import RowKind, open_batch
from watchkeeper.ingest.together import Together
from watchkeeper.ingest.validate import Arrival, Checked, check
from watchkeeper.sdk.trace import current_trace, span_of

__all__ = ["Beside", "Receipt", "Receiver", "memory_of"]

# What else is written in the transaction that acknowledges a batch, knowing its counts.
Beside: TypeAlias = Callable[[InboxWrite, StoredReceipt], None]

_LONGEST_NAME = 200
_SHOWN = 20
_SHORTEST_MEMORY = timedelta(days=7)
_STEPS = 8
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a batch; every row is accounted for.

    ``received = accepted + rejected + duplicate``. ``ids`` has each row's id, minted where none
    was given, None where it was rejected for its id. ``rejections`` holds the first 20; all of
    them are kept in quarantine. ``repeated``: the batch was acknowledged before.
    """

    batch_id: str
    received: int
    accepted: int
    rejected: int
    duplicate: int
    ids: tuple[str | None, ...]
    rejections: tuple[Rejection, ...] = ()
    repeated: bool = False


def memory_of(model: Model) -> timedelta:
    """For how long ids are remembered at least."""
    return max(_SHORTEST_MEMORY, model.label_horizon)


class Receiver:
    """The one way in for rows, of every door.

    ``clock`` tells how long ids are remembered. ``most_waiting_bytes`` bounds what may wait for
    the lake: where the mover cannot keep up, senders are told to wait, not the disk filled.
    """

    def __init__(
        self,
        catalog: Catalog,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        most_waiting_bytes: int | None = None,
        tracing: Tracing = NO_TRACING,
    ) -> None:
        self._inbox = catalog.inbox
        self._together = Together(catalog.inbox)
        self._room = Room(catalog.inbox, most_waiting_bytes)
        self._pepper = catalog.secrets.get("column-hash")
        self._clock = clock
        self._tracing = tracing

    def receive(  # noqa: PLR0913  who, what and when of a batch: each stands alone
        self,
        model: Model,
        kind: RowKind,
        rows: Sequence[Mapping[str, object] | Refused] | pa.Table,
        *,
        batch_id: str,
        key: str,
        known_at: datetime,
        beside: Beside | None = None,
        sending: Sending | None = None,
    ) -> Receipt:
        """Validate rows and make them durable.

        ``batch_id`` is the sender's own name for the batch and ``key`` the id of its key: the
        two make a retry recognisable. ``beside`` is called within the transaction where the batch
        is new: what it writes is there with the rows or not at all, and where it raises nothing
        was received. ``sending`` is what the client said about itself. Raises Conflict where the
        batch was acknowledged with other rows, RateLimited where too much waits for the lake, and
        InvalidInput where the rows are no table at all; single bad rows never raise.
        """
        if known_at.tzinfo is None:
            raise InvalidInput(f"known_at needs a time zone, got {known_at!r}: make it aware")
        self.require_room()
        arrival = Arrival(known_at, key, _named(batch_id), self._pepper, self._clock(), sending)
        if not self._tracing.is_on:
            return self._received(model, kind, rows, arrival, beside)
        about = {
            "watchkeeper.model.name": model.name,
            "watchkeeper.kind": kind.value,
            "watchkeeper.batch": batch_id,
            "watchkeeper.rows.received": len(rows),
        }
        parent = span_of(current_trace.get())
        with self._tracing.span("ingest", about=about, parent=parent) as span:
            traced = replace(arrival, trace=None if span.ref is None else span.ref.traceparent)
            receipt = self._received(model, kind, rows, traced, beside)
            counts = {
                f"rows.{fate}": getattr(receipt, fate)
                for fate in ("accepted", "rejected", "duplicate")
            }
            span.tell(**counts, repeated=receipt.repeated)
            return receipt

    def _received(
        self,
        model: Model,
        kind: RowKind,
        rows: Sequence[Mapping[str, object] | Refused] | pa.Table,
        arrival: Arrival,
        beside: Beside | None,
    ) -> Receipt:
        known_at, batch_id = arrival.known_at, arrival.batch
        name = BatchKey(model.name, kind.value, arrival.sender, batch_id)
        batch = open_batch(rows, model)
        checked = check(batch, kind, model, arrival)
        numbers = id_numbers(model.name, checked.ids)
        content = _content(checked, numbers)
        until = self._until(model)

        def acknowledge(
            inbox: InboxWrite, session: IdSession
        ) -> tuple[StoredReceipt, Checked, int]:
            before = inbox.receipt(name)
            if before is not None:
                return before, checked, 0
            found = replace(checked, rejections=checked.rejections.copy())
            settled = settle(found, kind, numbers, session, until=to_micros(until))
            receipt = StoredReceipt(content, known_at, batch.size, *settled.counts)
            packed = pack(batch, found, settled, kind=kind, model=model, arrival=arrival)
            inbox.put(name, receipt, packed, until=until)
            if beside is not None:
                beside(inbox, receipt)
            return receipt, found, packed.size

        receipt, found, size = self._together.run(acknowledge)
        self._room.took(size)
        if found is not checked:
            return _receipt(batch_id, receipt, found)
        # What a row says may hang on when it was received, so it is checked as it was then.
        again = check(batch, kind, model, replace(arrival, known_at=receipt.known_at))
        if receipt.content != _content(again, id_numbers(model.name, again.ids)):
            raise Conflict(
                f"batch_id must name one batch, and {batch_id!r} was acknowledged with other rows: "
                "give the new rows a new batch_id"
            )
        return replace(_receipt(batch_id, receipt, again), repeated=True)

    def _until(self, model: Model) -> datetime:
        """How long a batch and its ids are remembered, rounded up to an eighth of that: what is
        forgotten together is kept together.
        """
        memory = memory_of(model)
        step = to_micros(_EPOCH + memory / _STEPS)
        return from_micros(-(-to_micros(self._clock() + memory) // step) * step)

    def knows_room(self) -> bool:
        """Whether `require_room` would answer at once."""
        return self._room.is_known()

    def require_room(self) -> None:
        """RateLimited where too much waits for the lake, Unavailable where the disk is full."""
        self._room.require()


def _content(checked: Checked, numbers: Ids) -> int:
    """What a batch says, rejected rows by their reasons: a retry says the same."""
    reasons = "\x00".join(f"{item.row}{item.reason}" for item in checked.rejections.all())
    told = (checked.contents, numbers.hashes, checked.label_contents)
    return total_content(np.concatenate(told), reasons)


def _receipt(batch_id: str, stored: StoredReceipt, checked: Checked) -> Receipt:
    return Receipt(
        batch_id=batch_id,
        received=stored.received,
        accepted=stored.accepted,
        rejected=stored.rejected,
        duplicate=stored.duplicate,
        ids=tuple(checked.ids.to_pylist()),
        rejections=checked.rejections.all()[:_SHOWN],
    )


def _named(batch_id: str) -> str:
    if not batch_id or len(batch_id) > _LONGEST_NAME or not batch_id.isprintable():
        raise InvalidInput(
            f"batch_id must have 1 to {_LONGEST_NAME} printable characters, "
            f"got {batch_id[:40]!r}: a random UUID will do"
        )
    return batch_id
