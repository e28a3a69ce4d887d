"""The way of fetched rows into the inbox, with what was taken kept in the same transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias

import pyarrow as pa

from watchkeeper.catalog.catalog import Catalog
from watchkeeper.catalog.inbox import BatchKey, InboxWrite, StoredReceipt
from watchkeeper.catalog.source_ledger import SourceCounts, count, take
from watchkeeper.domain.model import Model
from watchkeeper.domain.source import Source
from watchkeeper.ingest.reasons import Reason, Refused
from watchkeeper.ingest.receive import Receipt, Receiver
from watchkeeper.ingest.rows import RowKind

__all__ = ["Door", "Rows"]

Rows: TypeAlias = Sequence[Mapping[str, object] | Refused] | pa.Table


@dataclass(frozen=True, slots=True)
class Door:
    """Takes in the rows of one source. ``model`` gives the definition in force, ``announce`` is
    told of it before rows are taken (the model's clock is the wall's from then on).
    """

    source: Source
    catalog: Catalog
    receiver: Receiver
    model: Callable[[], Model]
    announce: Callable[[Model], None]
    now: Callable[[], datetime]

    def take(
        self,
        rows: Rows,
        *,
        batch: str,
        seen: SourceCounts,
        numbers: Mapping[str, Sequence[int]] | None = None,
        unpaired: int = 0,
        beside: Callable[[InboxWrite], None] | None = None,
    ) -> Receipt:
        """Make rows durable, with the counts of ``seen`` (events, ignored), and the ``numbers`` of
        messages by part as taken: all of it or nothing. Conflict where a number was taken before.
        """
        model, now = self.model(), self.now()
        self.announce(model)

        def write_beside(write: InboxWrite, receipt: StoredReceipt) -> None:
            counts = replace(
                seen,
                received=receipt.received,
                accepted=receipt.accepted,
                duplicate=receipt.duplicate,
                rejected=receipt.rejected,
                unpaired=unpaired,
            )
            count(write, self.source.name, counts, at=now)
            if numbers:
                take(write, self.source.name, numbers)
            if beside is not None:
                beside(write)

        return self.receiver.receive(
            model,
            RowKind(self.source.rows.value),
            rows,
            batch_id=batch,
            key=self.source.sender,
            known_at=now,
            beside=write_beside,
        )

    def refuse(self, reason: Reason, detail: str, content: object, *, batch: str) -> None:
        """Put something that gave no rows into quarantine."""
        self.take([Refused(reason, detail, content)], batch=batch, seen=SourceCounts(events=1))

    def receipt(self, batch: str) -> StoredReceipt | None:
        """What was acknowledged under that name; None where nothing was."""
        source = self.source
        key = BatchKey(source.model, source.rows.value, source.sender, batch)
        return self.catalog.inbox.receipt(key)

    def mark(self) -> int:
        """A mark behind everything that was taken until now."""
        return self.catalog.inbox.newest(self.source.model)

    def landed(self, mark: int) -> bool:
        """Whether all before the mark is in the lake."""
        return self.catalog.inbox.landed(self.source.model, mark)
