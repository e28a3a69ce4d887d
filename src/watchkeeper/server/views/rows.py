"""The rows of a model as they are stored: with their truth, or a table as it was at a version."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import pyarrow as pa

from watchkeeper.domain.window import Window
from watchkeeper.errors import InvalidInput, TooLarge
from watchkeeper.lake.lake import Lake
from watchkeeper.lake.layout import LakeTable
from watchkeeper.server.models import Models

__all__ = ["RowTable", "RowsAsked", "RowsView"]

_MOST_ROWS = 1_000_000


class RowTable(StrEnum):
    """Which rows: ``joined`` are predictions, each once, with the latest truth about them."""

    JOINED = "joined"
    PREDICTIONS = "predictions"
    LABELS = "labels"
    QUARANTINE = "quarantine"


@dataclass(frozen=True, slots=True)
class RowsAsked:
    """Which rows: those of ``[start, end)``, as known at ``known_at`` (None: now), or as stored
    ``as_of`` a version of the table or a moment (None: now).
    """

    table: RowTable
    start: datetime
    end: datetime
    known_at: datetime | None = None
    as_of: str | None = None


@dataclass(frozen=True, slots=True)
class RowsView:
    """Reads rows from the lake; those that still wait in the inbox are not among them."""

    models: Models
    lake: Lake

    def of(self, name: str, asked: RowsAsked) -> pa.Table:
        """The rows in the order of time. TooLarge where they are more than one answer holds."""
        model = self.models.get(name).model
        window = Window(asked.start, asked.end)
        if asked.table in (RowTable.JOINED, RowTable.PREDICTIONS):
            _refuse_many(self.lake.happened(name, asked.start, asked.end))  # before they are read
        if asked.table is RowTable.JOINED:
            if asked.as_of is not None:
                raise InvalidInput(
                    "as_of tells how one table was stored, and these rows are of two: ask for "
                    "known_at, or for the table predictions or labels"
                )
            rows = self.lake.joined(model, window, known_at=asked.known_at)
        else:
            rows = self._stored(name, asked)
        _refuse_many(rows.num_rows)
        return rows

    def _stored(self, name: str, asked: RowsAsked) -> pa.Table:
        rows = self.lake.rows(
            name,
            LakeTable(asked.table),
            start=asked.start,
            end=asked.end,
            as_of=None if asked.as_of is None else _read_as_of(asked.as_of),
        )
        if not rows.num_rows:
            return rows
        if asked.known_at is not None:
            rows = rows.filter(pa.compute.field("_wk_known_at") <= pa.scalar(asked.known_at))
        order = [("_wk_time", "ascending")] if "_wk_time" in rows.schema.names else []
        return rows.sort_by([*order, ("_wk_known_at", "ascending"), ("_wk_seq", "ascending")])


def _refuse_many(rows: int) -> None:
    if rows > _MOST_ROWS:
        raise TooLarge(
            f"one answer holds at most {_MOST_ROWS:,} rows, these are {rows:,}: ask for a shorter "
            "time"
        )


def _read_as_of(text: str) -> int | datetime:
    if text.isdigit():
        return int(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise InvalidInput(
            "as_of must be a version such as 17, or a moment with its time zone such as "
            f"2013-03-01T00:00:00Z, got {text[:60]!r}"
        )
    return moment
