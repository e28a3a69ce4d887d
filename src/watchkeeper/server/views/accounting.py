"""What became of every row of a model, and of the clients that sent them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from watchkeeper.catalog.accounting import DayAccount
from watchkeeper.catalog.catalog import Catalog
from watchkeeper.catalog.clients import ClientWindow, StoredClient, client_name
from watchkeeper.catalog.windows import StoredWindow
from watchkeeper.domain.delays import LONGEST_SECONDS
from watchkeeper.domain.model import MonitorSpec
from watchkeeper.domain.sequence import Gap
from watchkeeper.monitors.defaults import monitors_of
from watchkeeper.monitors.quality.clocks import is_off, tolerance_of
from watchkeeper.server.models import Models
from watchkeeper.server.views.asked import Range
from watchkeeper.server.views.stored import stored_windows
from watchkeeper.server.watermarks import closing, watermark
from watchkeeper.server.wire.accounting import (
    AccountDay,
    AccountRow,
    ClientRow,
    ClockWire,
    GapWire,
    ModelAccount,
)
from watchkeeper.server.wire.envelope import window_wire
from watchkeeper.stats.clock_offset import clock_offset

__all__ = ["AccountingView"]

_GAPS = 20
_QUALITY = MonitorSpec("quality", "quality")
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class AccountingView:
    """Reads windows, days and clients. ``time_of`` tells a model's own time."""

    models: Models
    catalog: Catalog
    time_of: Callable[[str], datetime]

    def of(self, name: str, asked: Range) -> ModelAccount:
        """The windows that start in the range, and the days from its first to the one after it."""
        self.models.get(name)
        mark = self.catalog.partials.mark(name)
        lateness, clock = () if mark is None else mark.lateness, self.time_of(name)
        told: dict[datetime, list[ClientWindow]] = defaultdict(list)
        for item in self.catalog.clients.windows(name, start=asked.start, end=asked.end):
            told[item.start].append(item)
        stored = stored_windows(self.catalog, name, asked)
        days = self.catalog.accounts.days(
            name,
            start=None if asked.start is None else asked.start.date(),
            end=None if asked.end is None else _day_after(asked.end),
        )
        return ModelAccount(
            watermark=None if mark is None or not lateness else watermark(lateness, clock),
            numbered=self.catalog.clients.numbered(name),
            windows=[_row(item, told[item.window.start], lateness, clock) for item in stored],
            days=[_day(item) for item in days],
        )

    def clients(
        self, name: str, *, cursor: str | None, limit: int
    ) -> tuple[list[ClientRow], str | None]:
        """The clients of a model, the last heard of first."""
        specs = monitors_of(self.models.get(name).model)
        quality = next((spec for spec in specs if spec.kind == "quality"), _QUALITY)
        page = self.catalog.clients.page(name, cursor=cursor, limit=limit)
        return [_client(item, tolerance_of(quality)) for item in page.items], page.next_cursor


def _day_after(end: datetime) -> date:
    """The first day on which nothing is to be expected of windows that ended before: their last
    rows come on the day after.
    """
    return (end + _DAY - timedelta(microseconds=1)).astimezone(UTC).date() + _DAY


def _row(
    stored: StoredWindow,
    told: Sequence[ClientWindow],
    lateness: tuple[float, ...],
    clock: datetime,
) -> AccountRow:
    counts, judged = stored.accounting, stored.judged_at is not None
    stands = closing(stored.window.end, judged=judged, lateness=lateness, clock=clock)
    return AccountRow.model_validate(
        {
            "window": window_wire(stored.window),
            "closing": stands.state,
            "received": counts.received,
            "accepted": counts.accepted,
            "duplicate": counts.duplicate,
            "rejected": counts.rejected,
            "joined": counts.joined,
            "late": counts.late,
            "missing": sum(item.missing for item in told),
            "dropped": sum(item.dropped for item in told),
            "sampled": sum(item.sampled for item in told),
        }
    )


def _day(account: DayAccount) -> AccountDay:
    return AccountDay.model_validate(
        {
            "day": account.day,
            "kind": account.kind,
            "received": account.received,
            "accepted": account.accepted,
            "duplicate": account.duplicate,
            "rejected": account.rejected,
            "batches": account.batches,
            "checked_at": account.checked_at,
            "fault": account.fault,
        }
    )


def _client(client: StoredClient, tolerance: float) -> ClientRow:
    stream = client.stream
    return ClientRow.model_validate(
        {
            "client_id": stream.client_id,
            "name": client_name(stream.client_id, stream.host, stream.pid),
            "host": stream.host,
            "pid": stream.pid,
            "kind": stream.kind,
            "first_seen": stream.first_seen,
            "last_seen": stream.last_seen,
            "closed": stream.closed,
            "given": stream.spooled,
            "arrived": stream.highest - stream.missing,
            "missing": stream.missing,
            "lost": stream.lost,
            "dropped": stream.dropped,
            "refused": stream.refused,
            "sampled": stream.sampled,
            "gaps": [_gap(gap) for gap in reversed(stream.gaps[-_GAPS:])],
            "clock": _clock(client, tolerance),
        }
    )


def _gap(gap: Gap) -> GapWire:
    return GapWire(
        first=gap.first,
        last=gap.last,
        since=gap.since,
        until=gap.until,
        told=gap.told is not None,
    )


def _clock(client: StoredClient, tolerance: float) -> ClockWire | None:
    found = clock_offset([delay.seconds for delay in client.delays], longest=LONGEST_SECONDS)
    if found.value is None or found.low is None or found.high is None:
        return None
    off = is_off(found, tolerance)
    return ClockWire(seconds=found.value, low=found.low, high=found.high, n=found.n, off=off)
