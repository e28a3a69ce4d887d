"""What was taken from each source, kept with the rows: in the database, and in the transaction,
in which they are acknowledged.

A message of a topic has a number within its *part* (a partition, a stream). The numbers that were
taken are kept as spans; all up to a part's floor count as one. So a message that the broker sends
again is recognised, whatever the broker believes to have been confirmed, and whoever asks.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime

import sqlalchemy as sa

from watchkeeper.catalog.database import Database, insert_into
from watchkeeper.catalog.inbox import InboxWrite
from watchkeeper.catalog.schema import source_counts, taken
from watchkeeper.errors import Conflict

__all__ = ["SourceCounts", "SourceLedger", "SourceTotals", "count", "take"]


@dataclass(frozen=True, slots=True)
class SourceCounts:
    """What came from a source. ``events`` counts messages, files or payloads, ``ignored`` those
    of them that are none of its; the others count rows, and
    ``received = accepted + duplicate + rejected``. ``unpaired`` rows are among the rejected.
    """

    events: int = 0
    ignored: int = 0
    received: int = 0
    accepted: int = 0
    duplicate: int = 0
    rejected: int = 0
    unpaired: int = 0


_NAMES = tuple(field.name for field in fields(SourceCounts))


@dataclass(frozen=True, slots=True)
class SourceTotals:
    """All that ever came from a source, and when the last of it did."""

    counts: SourceCounts
    last_at: datetime


class SourceLedger:
    """Reads what `count` and `take` wrote."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def totals(self) -> Mapping[str, SourceTotals]:
        """The counts of every source from which anything came."""
        with self._database.read() as connection:
            rows = connection.execute(sa.select(source_counts)).all()
        return {
            row.source: SourceTotals(
                SourceCounts(*(getattr(row, name) for name in _NAMES)), row.last_at
            )
            for row in rows
        }

    def taken(self, source: str, part: str, numbers: Sequence[int]) -> frozenset[int]:
        """Those of the numbers that were taken before."""
        with self._database.read() as connection:
            return _taken(connection, source, part, numbers)

    def floor(self, source: str, part: str) -> int:
        """The number up to which all was taken; −1 where nothing is known."""
        asked = sa.select(taken.c.last).where(
            taken.c.source == source, taken.c.part == part, taken.c.first == 0
        )
        with self._database.read() as connection:
            found = connection.execute(asked).scalar()
        return -1 if found is None else int(found)

    def settle(self, source: str, part: str, floor: int) -> None:
        """All numbers up to ``floor`` are done with: they are kept as one span."""
        if floor < 0:
            return
        with self._database.write() as connection:
            connection.execute(
                sa.delete(taken).where(
                    taken.c.source == source,
                    taken.c.part == part,
                    taken.c.first > 0,
                    taken.c.last <= floor,
                )
            )
            keys = {"source": source, "part": part, "first": 0}
            change = insert_into(connection, taken).values(**keys, last=floor)
            connection.execute(
                change.on_conflict_do_update(
                    index_elements=list(keys), set_={"last": floor}, where=taken.c.last < floor
                )
            )

    def forget(self, source: str, part: str) -> None:
        """Nothing was taken of this part: it begins anew under the same name."""
        with self._database.write() as connection:
            connection.execute(
                sa.delete(taken).where(taken.c.source == source, taken.c.part == part)
            )


def count(write: InboxWrite, source: str, counts: SourceCounts, *, at: datetime) -> None:
    """Add to a source's counts. It holds up other writers of this source until the commit."""
    values = {name: getattr(counts, name) for name in _NAMES}
    change = insert_into(write.connection, source_counts).values(
        source=source, last_at=at, **values
    )
    more = {name: source_counts.c[name] + value for name, value in values.items()}
    write.connection.execute(
        change.on_conflict_do_update(index_elements=["source"], set_={**more, "last_at": at})
    )


def take(write: InboxWrite, source: str, numbers: Mapping[str, Sequence[int]]) -> None:
    """Take numbers, by their part; Conflict where one was taken before. Call `count` first."""
    for part, wanted in numbers.items():
        again = _taken(write.connection, source, part, wanted)
        if again:
            raise Conflict(
                f"a message is taken once, and {len(again)} of {part} were taken meanwhile, "
                f"first {min(again)}: leave them out"
            )
        rows = [
            {"source": source, "part": part, "first": first, "last": last}
            for first, last in _spans(wanted)
        ]
        write.connection.execute(sa.insert(taken), rows)


def _taken(
    connection: sa.Connection, source: str, part: str, numbers: Sequence[int]
) -> frozenset[int]:
    if not numbers:
        return frozenset()
    asked = sa.select(taken.c.first, taken.c.last).where(
        taken.c.source == source,
        taken.c.part == part,
        taken.c.first <= max(numbers),
        taken.c.last >= min(numbers),
    )
    spans = connection.execute(asked.order_by(taken.c.first)).all()
    firsts = [first for first, _ in spans]
    found = []
    for number in numbers:
        place = bisect_right(firsts, number) - 1
        if place >= 0 and number <= spans[place][1]:
            found.append(number)
    return frozenset(found)


def _spans(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """The runs of whole numbers."""
    found: list[tuple[int, int]] = []
    for number in sorted(set(numbers)):
        if found and found[-1][1] == number - 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return found
