"""Which of a client's numbered rows arrived: kept as the holes between them, not row by row.

A stream is what one client sends of one model and kind (`watchkeeper.domain.sending`). Batches come
in any order, more than once and from several processes; numbers that lie beyond the highest seen
open a gap, and numbers within a gap close it. So the same batches leave the same gaps, whatever
their order (what a gap is bounded by in time may differ: it only says where to look).

A gap is *told*, that is charged to a window and so to a verdict, only when it can hardly be filled
any more; where it is filled after all, the charge is taken back. All functions are pure; who keeps
a stream calls them within one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from watchkeeper.domain.sending import Sending

__all__ = ["MOST_GAPS", "PATIENCE", "Charge", "Gap", "Seen", "Stream", "due_at", "settle", "take"]

PATIENCE = timedelta(minutes=10)
MOST_GAPS = 1_000


@dataclass(frozen=True, slots=True)
class Gap:
    """Numbers ``first`` to ``last`` (both included) that did not arrive.

    ``since`` and ``until`` are the event times of the rows around it, as far as they are known;
    ``noticed_at`` is when a later number arrived. ``told`` is the moment of event time to which it
    was charged (the start of that window), None where it was not told.
    """

    first: int
    last: int
    noticed_at: datetime
    since: datetime | None = None
    until: datetime | None = None
    told: datetime | None = None

    @property
    def rows(self) -> int:
        """How many numbers it holds."""
        return self.last - self.first + 1

    @property
    def at(self) -> datetime:
        """The moment that it is charged to: where it began, as far as is known."""
        return self.told or self.since or self.until or self.noticed_at


@dataclass(frozen=True, slots=True)
class Seen:
    """What the server saw of one batch: when it came, how many rows it held, and the event times
    of the first and the last of them, None where it has no row with a time.
    """

    received_at: datetime
    rows: int
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Charge:
    """What is charged to (or, negative, taken back from) the window that holds ``at``."""

    at: datetime
    missing: int = 0
    dropped: int = 0
    sampled: int = 0


@dataclass(frozen=True, slots=True)
class Stream:
    """What is known of the rows of one client, of one model and kind.

    ``highest`` is the highest number that arrived or is a gap's; ``reached`` the event time there.
    ``spooled`` is the last number that the client gave out, as far as it said; ``dropped``,
    ``refused`` and ``sampled`` are its counts. ``gaps`` are ascending and never touch.
    """

    client_id: str
    kind: str
    first_seen: datetime
    last_seen: datetime
    host: str = ""
    pid: int = 0
    horizon: timedelta = timedelta(days=1)
    closed: bool = False
    highest: int = 0
    reached: datetime | None = None
    spooled: int = 0
    dropped: int = 0
    refused: int = 0
    sampled: int = 0
    gone: int = 0
    gaps: tuple[Gap, ...] = ()

    @property
    def missing(self) -> int:
        """Rows that did not arrive, though a later one did or the stream has ended."""
        return self.gone + sum(gap.rows for gap in self.gaps)

    @property
    def lost(self) -> int:
        """Those of them that were told."""
        return self.gone + sum(gap.rows for gap in self.gaps if gap.told is not None)


def take(stream: Stream, sending: Sending, seen: Seen) -> tuple[Stream, tuple[Charge, ...]]:
    """The stream after a batch, and what that changes for windows."""
    charges = list(_counted(stream, sending, seen))
    told = replace(
        stream,
        first_seen=min(stream.first_seen, seen.received_at),
        last_seen=max(stream.last_seen, seen.received_at),
        host=sending.host or stream.host,
        pid=sending.pid or stream.pid,
        horizon=timedelta(seconds=sending.horizon_seconds),
        closed=stream.closed or sending.closed,
        spooled=max(stream.spooled, sending.counts.spooled, sending.last_sequence or 0),
        dropped=max(stream.dropped, sending.counts.dropped),
        refused=max(stream.refused, sending.counts.rejected),
        sampled=max(stream.sampled, sending.counts.sampled),
    )
    if sending.first_sequence is None or sending.last_sequence is None:
        return told, tuple(charges)
    filled, back = _filled(told.gaps, sending.first_sequence, sending.last_sequence, seen)
    charges += back
    short = max(0, sending.rows - seen.rows)  # it says itself that it lacks rows, but not which
    if short:
        charges.append(Charge(_when(seen), missing=short))
    told = replace(told, gaps=filled, gone=told.gone + short)
    return _kept_small(_reaching(told, sending, seen), charges)


def settle(
    stream: Stream, now: datetime, place: Callable[[datetime], datetime | None]
) -> tuple[Stream, tuple[Charge, ...]]:
    """The stream with every gap told that can hardly be filled any more, and the charges.

    That is a gap before a number that came `PATIENCE` ago; and, once the client ended or was
    silent for longer than it keeps rows, whatever it gave out beyond the last that came.
    ``place`` gives the start of the window that a moment is charged to; where there is none yet
    the gap stays untold.
    """
    held = _ended(stream, now)
    gaps: list[Gap] = []
    charges: list[Charge] = []
    for gap in held.gaps:
        due = gap.told is None and gap.noticed_at + PATIENCE <= now
        told = place(gap.at) if due else None
        gaps.append(gap if told is None else replace(gap, told=told))
        if told is not None:
            charges.append(Charge(told, missing=gap.rows))
    return replace(held, gaps=tuple(gaps)), tuple(charges)


def due_at(stream: Stream) -> datetime | None:
    """When `settle` has something to do; None while nothing is missing that was not told."""
    waits = [gap.noticed_at + PATIENCE for gap in stream.gaps if gap.told is None]
    if stream.spooled > stream.highest:
        waits.append(_over_at(stream))
    return min(waits, default=None)


def _over_at(stream: Stream) -> datetime:
    """When nothing more is to be expected of the client, if it says nothing until then."""
    return stream.last_seen + (PATIENCE if stream.closed else max(stream.horizon, PATIENCE))


def _ended(stream: Stream, now: datetime) -> Stream:
    """The stream with its end as a gap, where the rest of it will not come."""
    if stream.spooled <= stream.highest or now < _over_at(stream):
        return stream
    # Noticed when the client was last heard of, so that it is told at once.
    end = Gap(stream.highest + 1, stream.spooled, stream.last_seen, since=stream.reached)
    return replace(stream, gaps=_joined((*stream.gaps, end)), highest=stream.spooled)


def _counted(stream: Stream, sending: Sending, seen: Seen) -> Iterator[Charge]:
    dropped = max(0, sending.counts.dropped - stream.dropped)
    sampled = max(0, sending.counts.sampled - stream.sampled)
    if dropped or sampled:
        yield Charge(_when(seen), dropped=dropped, sampled=sampled)


def _filled(
    gaps: Sequence[Gap], first: int, last: int, seen: Seen
) -> tuple[tuple[Gap, ...], list[Charge]]:
    """The gaps without ``first`` to ``last``, and what is taken back of those that were told."""
    kept: list[Gap] = []
    back: list[Charge] = []
    for gap in gaps:
        inside = min(gap.last, last) - max(gap.first, first) + 1
        if inside <= 0:
            kept.append(gap)
            continue
        if gap.told is not None:
            back.append(Charge(gap.told, missing=-inside))
        if gap.first < first:
            kept.append(replace(gap, last=first - 1, until=seen.since or gap.until))
        if gap.last > last:
            kept.append(replace(gap, first=last + 1, since=seen.until or gap.since))
    return tuple(kept), back


def _reaching(stream: Stream, sending: Sending, seen: Seen) -> Stream:
    """The stream up to the batch's last number, with a gap where it does not follow on."""
    first, last = sending.first_sequence or 0, sending.last_sequence or 0
    if last <= stream.highest:
        return stream
    gaps = stream.gaps
    if first > stream.highest + 1:
        opened = Gap(
            stream.highest + 1, first - 1, seen.received_at, since=stream.reached, until=seen.since
        )
        gaps = (*gaps, opened)
    return replace(stream, highest=last, reached=seen.until or stream.reached, gaps=gaps)


def _kept_small(stream: Stream, charges: Sequence[Charge]) -> tuple[Stream, tuple[Charge, ...]]:
    """The stream with at most `MOST_GAPS` gaps: the oldest beyond are told for good."""
    over = stream.gaps[: max(0, len(stream.gaps) - MOST_GAPS)]
    told = [Charge(gap.at, missing=gap.rows) for gap in over if gap.told is None]
    gone = stream.gone + sum(gap.rows for gap in over)
    return replace(stream, gaps=stream.gaps[len(over) :], gone=gone), (*charges, *told)


def _joined(gaps: Sequence[Gap]) -> tuple[Gap, ...]:
    """The gaps, where two untold ones touch as one."""
    found: list[Gap] = []
    for gap in gaps:
        before = found[-1] if found else None
        if before and before.last + 1 == gap.first and before.told is None and gap.told is None:
            found[-1] = replace(before, last=gap.last, until=gap.until)
        else:
            found.append(gap)
    return tuple(found)


def _when(seen: Seen) -> datetime:
    return seen.until or seen.received_at
