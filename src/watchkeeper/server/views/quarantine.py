"""Rejected rows, the latest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from watchkeeper.catalog.catalog import Catalog
from watchkeeper.errors import InvalidInput
from watchkeeper.lake.lake import Lake
from watchkeeper.lake.layout import LakeTable
from watchkeeper.server.models import Models
from watchkeeper.server.wire.quarantine import QuarantinedRow

__all__ = ["QuarantineView"]

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class QuarantineView:
    """Reads the quarantine day by day: the catalog tells which days have any."""

    models: Models
    catalog: Catalog
    lake: Lake

    def page(
        self, name: str, *, cursor: str | None, limit: int
    ) -> tuple[list[QuarantinedRow], str | None]:
        """A page of rows and the cursor of the next. Within a day the order is that of storage."""
        self.models.get(name)
        last, skipped = _place(cursor)
        found: list[QuarantinedRow] = []
        days = {date.fromisoformat(count.day) for count in self.catalog.windows.rejections(name)}
        for day in sorted(days, reverse=True):
            if last is not None and day > last:
                continue
            rows = self._of_day(name, day)
            start = skipped if day == last else 0
            found += rows[start : start + limit - len(found)]
            if len(found) == limit:
                taken = start + len(rows[start : start + limit])
                return found, f"{day.isoformat()}.{min(taken, len(rows))}"
        return found, None

    def _of_day(self, name: str, day: date) -> list[QuarantinedRow]:
        start = datetime(day.year, day.month, day.day, tzinfo=UTC)
        rows = self.lake.rows(name, LakeTable.QUARANTINE, start=start, end=start + _DAY)
        return [
            QuarantinedRow(
                model=name,
                batch=row["_wk_batch"],
                known_at=row["_wk_known_at"],
                kind=row["_wk_kind"],
                reason=row["_wk_reason"],
                detail=row["_wk_detail"],
                row=row["_wk_row"],
            )
            for row in rows.sort_by([("_wk_known_at", "descending")]).to_pylist()
        ]


def _place(cursor: str | None) -> tuple[date | None, int]:
    if cursor is None:
        return None, 0
    day, _, skipped = cursor.partition(".")
    try:
        return date.fromisoformat(day), int(skipped)
    except ValueError as error:
        raise InvalidInput(
            f"cursor must be one that a page gave, got {cursor[:40]!r}: leave it out"
        ) from error
