"""What clients have to answer for, charged to windows.

A row for every window, kind and client that has anything to answer for: most windows have none.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from watchkeeper.catalog.database import insert_into
from watchkeeper.catalog.places import touch
from watchkeeper.catalog.schema import client_windows
from watchkeeper.domain.delays import Delay
from watchkeeper.domain.sequence import Charge, Stream

__all__ = ["Ledger"]


@dataclass(slots=True)
class Ledger:
    """What is charged to windows, summed up and written once."""

    connection: sa.Connection
    model: str
    known_at: datetime
    _charged: dict[tuple[datetime, str, str], list[int]] = field(default_factory=dict)
    _delays: dict[tuple[datetime, str, str], tuple[float, ...]] = field(default_factory=dict)

    def charge(self, stream: Stream, start: datetime | None, charge: Charge) -> None:
        """Charge a window; nothing where the model has none."""
        if start is not None:
            key = (start, stream.kind, stream.client_id)
            sums = self._charged.setdefault(key, [0, 0, 0])
            for place, rows in enumerate((charge.missing, charge.dropped, charge.sampled)):
                sums[place] += rows

    def delayed(self, stream: Stream, delays: Sequence[Delay], start: datetime | None) -> None:
        """Note in a window the delays that a client's clock is judged by."""
        if start is not None:
            key = (start, stream.kind, stream.client_id)
            self._delays[key] = tuple(delay.seconds for delay in delays)

    def close(self) -> None:
        """Write it, and mark the windows: they are to be judged anew."""
        keys = sorted({*self._charged, *self._delays})
        for key in keys:
            self._upsert(key)
        for start in sorted({start for start, _, _ in keys}):
            touch(self.connection, self.model, start, known_at=self.known_at)

    def _upsert(self, key: tuple[datetime, str, str]) -> None:
        start, kind, client = key
        missing, dropped, sampled = self._charged.get(key, (0, 0, 0))
        delays = self._delays.get(key)
        insert = insert_into(self.connection, client_windows).values(
            model=self.model,
            start=start,
            kind=kind,
            client=client,
            missing=missing,
            dropped=dropped,
            sampled=sampled,
            delays=json.dumps(delays or []),
        )
        held = client_windows.c
        changes: dict[str, object] = {
            "missing": held.missing + missing,
            "dropped": held.dropped + dropped,
            "sampled": held.sampled + sampled,
        }
        if delays is not None:
            changes["delays"] = json.dumps(delays)
        self.connection.execute(
            insert.on_conflict_do_update(
                index_elements=["model", "start", "kind", "client"], set_=changes
            )
        )
