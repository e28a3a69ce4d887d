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

import pyarrow as pa

from watchkeeper.catalog.catalog import Catalog
from watchkeeper.catalog.inbox import BatchKey, StoredReceipt
from watchkeeper.domain.model import Model
from watchkeeper.errors import Conflict, InvalidInput, RateLimited
from watchkeeper.ingest.content import total_content
from watchkeeper.ingest.envelope import pack
from watchkeeper.ingest.known_ids import settle
from watchkeeper.ingest.reasons import Rejection
from watchkeeper.ingest.rows import RowKind, open_batch
from watchkeeper.ingest.validate import Arrival, Checked, check

__all__ = ["Receipt", "Receiver"]

_LONGEST_NAME = 200
_SHOWN = 20
_SHORTEST_MEMORY = timedelta(days=7)


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
    ) -> None:
        self._inbox = catalog.inbox
        self._most_waiting = most_waiting_bytes
        self._pepper = catalog.secrets.get("column-hash")
        self._clock = clock

    def receive(
        self,
        model: Model,
        kind: RowKind,
        rows: Sequence[Mapping[str, object]] | pa.Table,
        *,
        batch_id: str,
        key: str,
        known_at: datetime,
    ) -> Receipt:
        """Validate rows and make them durable.

        ``batch_id`` is the sender's own name for the batch and ``key`` the id of its key: the
        two make a retry recognisable. Raises Conflict where the batch was acknowledged with other
        rows, RateLimited where too much waits for the lake, and InvalidInput where the rows are
        no table at all; single bad rows never raise.
        """
        if known_at.tzinfo is None:
            raise InvalidInput(f"known_at needs a time zone, got {known_at!r}: make it aware")
        self._refuse_when_full()
        name = BatchKey(model.name, kind.value, key, _named(batch_id))
        arrival = Arrival(known_at, key, batch_id, self._pepper)
        batch = open_batch(rows, model)
        checked = check(batch, kind, model, arrival)
        content = _content(checked)
        until = self._clock() + max(_SHORTEST_MEMORY, model.label_horizon)
        with self._inbox.write() as inbox:
            before = inbox.receipt(name)
            if before is None:
                settled = settle(checked, kind, model, inbox, until=until)
                receipt = StoredReceipt(content, known_at, batch.size, *settled.counts)
                packed = pack(batch, checked, settled, kind=kind, model=model, arrival=arrival)
                if not inbox.put(name, receipt, packed, until=until):
                    raise Conflict(
                        f"batch {batch_id!r} is being acknowledged by another request: "
                        "send it again"
                    )
        if before is None:
            return _receipt(batch_id, receipt, checked)
        # What a row says may hang on when it was received, so it is checked as it was then.
        again = check(batch, kind, model, replace(arrival, known_at=before.known_at))
        return _repeated(batch_id, before, again)

    def _refuse_when_full(self) -> None:
        if self._most_waiting is None:
            return
        batches, size = self._inbox.waiting()
        if size >= self._most_waiting:
            raise RateLimited(
                f"at most {self._most_waiting} bytes may wait for the lake, {size} in {batches} "
                "batches do: send the batch again later, and look whether the mover runs"
            )


def _content(checked: Checked) -> int:
    """What a batch says, rejected rows by their reasons: a retry says the same."""
    reasons = [f"{item.row}{item.reason}" for item in checked.rejections.all()]
    ids = ["" if identity is None else identity for identity in checked.ids]
    truths = checked.label_contents.tobytes().hex() if checked.labels is not None else ""
    return total_content(checked.contents, "\x00".join((*reasons, *ids, truths)))


def _repeated(batch_id: str, before: StoredReceipt, checked: Checked) -> Receipt:
    if before.content != _content(checked):
        raise Conflict(
            f"batch_id must name one batch, and {batch_id!r} was acknowledged with other rows: "
            "give the new rows a new batch_id"
        )
    return replace(_receipt(batch_id, before, checked), repeated=True)


def _receipt(batch_id: str, stored: StoredReceipt, checked: Checked) -> Receipt:
    return Receipt(
        batch_id=batch_id,
        received=stored.received,
        accepted=stored.accepted,
        rejected=stored.rejected,
        duplicate=stored.duplicate,
        ids=tuple(checked.ids),
        rejections=checked.rejections.all()[:_SHOWN],
    )


def _named(batch_id: str) -> str:
    if not batch_id or len(batch_id) > _LONGEST_NAME or not batch_id.isprintable():
        raise InvalidInput(
            f"batch_id must have 1 to {_LONGEST_NAME} printable characters, "
            f"got {batch_id[:40]!r}: a random UUID will do"
        )
    return batch_id
