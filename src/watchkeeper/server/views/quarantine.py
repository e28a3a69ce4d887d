"""Rejected rows, the latest first: those in the lake, and those that still wait in the inbox."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from watchkeeper.catalog.catalog import Catalog
from watchkeeper.catalog.windows import RejectionCount
from watchkeeper.errors import InvalidInput, NotFound
from watchkeeper.ingest.envelope import unpacked_table
from watchkeeper.ingest.reasons import Reason
from watchkeeper.ingest.replay import HeldRow
from watchkeeper.ingest.rows import RowKind
from watchkeeper.lake.lake import Lake
from watchkeeper.lake.layout import LakeTable
from watchkeeper.lake.schemas import DAY, SEQUENCE, quarantine_schema
from watchkeeper.server.models import Models
from watchkeeper.server.wire.quarantine import QuarantinedRow, QuarantineReason

__all__ = ["QuarantineView", "row_id"]

_DAY = timedelta(days=1)
_NAMES = ("batch", "known_at", "kind", "reason", "detail", "row")
_KEY = [DAY, "_wk_known_at", "_wk_kind", "_wk_batch"]
_SCHEMA = quarantine_schema().append(pa.field(SEQUENCE, pa.int64()))


@dataclass(frozen=True, slots=True)
class QuarantineView:
    """Reads the quarantine day by day: the catalog tells which days have any.

    A row is seen from the moment of its receipt: what is not in the lake yet is read from the
    inbox, and it first, so that a batch that moves meanwhile is seen once and never missed.
    """

    models: Models
    catalog: Catalog
    lake: Lake

    def reasons(self, name: str) -> list[QuarantineReason]:
        """Why rows were rejected, the most frequent first; a row counts once it was moved."""
        self.models.get(name)
        counts: dict[tuple[str, str], list[RejectionCount]] = defaultdict(list)
        for count in self.catalog.windows.rejections(name):
            counts[count.kind, count.reason].append(count)
        found = [
            QuarantineReason.model_validate(
                {
                    "kind": kind,
                    "reason": reason,
                    "rows": sum(count.rows for count in held),
                    "first_day": min(count.day for count in held),
                    "last_day": max(count.day for count in held),
                }
            )
            for (kind, reason), held in counts.items()
        ]
        return sorted(found, key=lambda item: (-item.rows, item.reason, item.kind))

    def get(self, name: str, row: str) -> QuarantinedRow:
        """One row; NotFound where there is none of that id."""
        self.models.get(name)
        day, place = _named(row)
        rows = self._of_day(name, day, ()).filter(pc.field(SEQUENCE) == place)
        if rows.num_rows == 0:
            raise NotFound(f"nothing of {name!r} is in quarantine under {row!r}")
        return self._shown(name, rows)[0]

    def held(self, name: str, chosen: Callable[[QuarantinedRow], bool]) -> Iterator[HeldRow]:
        """Every row in the lake for which ``chosen`` holds, newest day first."""
        self.models.get(name)
        days = {date.fromisoformat(count.day) for count in self.catalog.windows.rejections(name)}
        for day in sorted(days, reverse=True):
            rows = self._of_day(name, day, ())
            places = rows.column(SEQUENCE).to_pylist()
            for row, place in zip(self._shown(name, rows), places, strict=True):
                if chosen(row):
                    name_of = row_id(day, place)
                    yield HeldRow(place, name_of, row.known_at, RowKind(row.kind), row.row)

    def page(
        self, name: str, reason: Reason | None = None, *, cursor: str | None, limit: int
    ) -> tuple[list[QuarantinedRow], str | None]:
        """A page of rows (of one ``reason``, or of any) and the cursor of the next; rows that come
        meanwhile do not shift it.
        """
        self.models.get(name)
        last, left = _place(cursor)
        waiting = self._waiting(name, reason)
        days = {
            date.fromisoformat(count.day)
            for count in self.catalog.windows.rejections(name)
            if reason in (None, count.reason)
        }
        days |= {_day(batch) for batch in waiting}
        found: list[QuarantinedRow] = []
        for day in sorted((day for day in days if last is None or day <= last), reverse=True):
            if len(found) == limit:
                return found, f"{day.isoformat()}."
            rows = _of_reason(self._of_day(name, day, waiting), reason)
            start = max(0, rows.num_rows - left) if day == last and left is not None else 0
            taken = rows.slice(start, limit - len(found))
            found += self._shown(name, taken)
            rest = rows.num_rows - start - taken.num_rows
            if rest:
                return found, f"{day.isoformat()}.{rest}"
        return found, None

    def _shown(self, model: str, rows: pa.Table) -> list[QuarantinedRow]:
        places = [place for place in rows.column(SEQUENCE).to_pylist() if place is not None]
        replayed = self.catalog.replays.of(model, places)
        return [
            QuarantinedRow.model_validate(
                {
                    "id": None if row[SEQUENCE] is None else row_id(row[DAY], row[SEQUENCE]),
                    "model": model,
                    "replayed_at": replayed.get(row[SEQUENCE]),
                    **{name: row[f"_wk_{name}"] for name in _NAMES},
                }
            )
            for row in rows.to_pylist()
        ]

    def _waiting(self, name: str, reason: Reason | None) -> list[pa.Table]:
        """The batches in the inbox that hold any such row, oldest first."""
        held = [unpacked_table(data) for data in self.catalog.inbox.quarantine(name)]
        return [batch for batch in held if _of_reason(batch, reason).num_rows]

    def _of_day(self, name: str, day: date, waiting: Sequence[pa.Table]) -> pa.Table:
        """The rows of a day, the latest batch first, within a batch in the order of its rows."""
        start = datetime(day.year, day.month, day.day, tzinfo=UTC)
        stored = self.lake.rows(name, LakeTable.QUARANTINE, start=start, end=start + _DAY)
        parts = [batch for batch in waiting if _day(batch) == day]
        if stored.num_rows:
            moved = stored.group_by(_KEY).aggregate([]).to_pylist()
            parts = [batch for batch in parts if _key(batch) not in moved] + [stored]
        rows = pa.concat_tables([_SCHEMA.empty_table(), *parts], promote_options="default")
        return rows.sort_by([("_wk_known_at", "descending"), (SEQUENCE, "ascending")])


def _of_reason(rows: pa.Table, reason: Reason | None) -> pa.Table:
    return rows if reason is None else rows.filter(pc.field("_wk_reason") == reason.value)


def _key(batch: pa.Table) -> dict[str, object]:
    """What a batch's rejected rows have in common."""
    (key,) = batch.slice(0, 1).select(_KEY).to_pylist()
    return dict(key)


def _day(batch: pa.Table) -> date:
    day: date = batch.column(DAY)[0].as_py()
    return day


def row_id(day: date, place: int) -> str:
    """The name of a row: its day, and its place among all that were moved."""
    return f"{day:%Y%m%d}-{place}"


def _named(row: str) -> tuple[date, int]:
    day, _, place = row.partition("-")
    try:
        return date.fromisoformat(day), int(place)
    except ValueError as error:
        raise NotFound(f"the id of a row looks like 20130301-17, got {row[:40]!r}") from error


def _place(cursor: str | None) -> tuple[date | None, int | None]:
    """The day at which a page begins, and how many of its rows are left; None: all of them."""
    if cursor is None:
        return None, None
    day, _, left = cursor.partition(".")
    try:
        return date.fromisoformat(day), int(left) if left else None
    except ValueError as error:
        raise InvalidInput(
            f"cursor must be one that a page gave, got {cursor[:40]!r}: leave it out"
        ) from error
