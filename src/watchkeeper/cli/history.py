"""Files of rows as a history: in the order in which they came to be known, whatever their order.

Each file is sorted by DuckDB, which spills to disk what does not fit into memory, and cut into
*pieces* by time; the pieces of several files meet like the cards of a sorted deck. Sorting is by
time and then by id, or by every column where there is no id, so that the same files always give the
same batches: that makes an interrupted backfill go on where it stopped.
"""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from watchkeeper.errors import InvalidInput

if TYPE_CHECKING:
    import ibis
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    Ints = npt.NDArray[np.int64]

__all__ = ["Batch", "Kind", "Rows", "batches"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_ROWS = 10_000
_AT_ONCE = 100_000
_TIME, _PLAIN = "_wk_backfill_time", "no time was given"


@dataclass(frozen=True, slots=True)
class Kind:
    """What rows are: ``times`` names the columns that may say when they belong, the first that is
    there counts; ``ids`` likewise. ``stripped`` are columns that are not the server's business.
    """

    name: str
    times: tuple[str, ...]
    ids: tuple[str, ...]
    stripped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows that came to be known together; ``name`` follows from what they say."""

    kind: str
    known_at: datetime
    name: str
    rows: pa.Table | list[dict[str, object]]


@dataclass(slots=True)
class Rows:
    """The rows of some files, of one kind. Close it at the end."""

    kind: Kind
    files: Sequence[Path]
    total: int = 0
    _tables: list[tuple[ibis.Table, str | None]] = field(default_factory=list)
    _opened: ExitStack = field(default_factory=ExitStack)

    def __post_init__(self) -> None:
        from watchkeeper.profiles.readers import opened

        for file in self.files:
            table = self._opened.enter_context(opened(file))
            time = self._time(table, file)
            self._tables.append((table, time))
            self.total += int(table.count().execute())

    def close(self) -> None:
        """Close the files."""
        self._opened.close()

    def pieces(self, length: timedelta, last: datetime) -> Iterator[tuple[int, pa.Table]]:
        """Rows by the number of the interval of ``length`` (since 1970) they belong to, in order.

        Where a table says no time at all, its rows belong to the interval before ``last``.
        """
        streams = [self._sorted(table, time, length, last) for table, time in self._tables]
        yield from heapq.merge(*streams, key=lambda piece: piece[0])

    def without_time(self) -> Iterator[list[dict[str, object]]]:
        """The rows whose time cannot be read, as they are: the server says what is wrong."""
        from watchkeeper.profiles.engine import fetch

        for table, time in self._tables:
            if time is None:
                continue
            chosen = table.filter(_moment(table, time).isnull())
            rows = fetch(_in_order(chosen, self.kind))
            for start in range(0, rows.num_rows, _MOST_ROWS):
                some = rows.slice(start, _MOST_ROWS).to_pylist()
                yield [{**row, time: str(row[time] or _PLAIN)} for row in some]

    def _time(self, table: ibis.Table, file: Path) -> str | None:
        found = next((name for name in self.kind.times if name in table.columns), None)
        if found is None and self.kind.name == "predictions":
            raise InvalidInput(
                f"rows of history must say when they were made, in a column named one of "
                f"{list(self.kind.times)}, got {list(table.columns)[:20]} in {file}"
            )
        if found is not None:
            kind = table[found].type()
            if not (kind.is_timestamp() or kind.is_date() or kind.is_string()):
                raise InvalidInput(
                    f"column {found!r} of {file} must hold times, got {kind}: write ISO 8601 text"
                )
        return found

    def _sorted(
        self, table: ibis.Table, time: str | None, length: timedelta, last: datetime
    ) -> Iterator[tuple[int, pa.Table]]:
        import numpy as np
        import pyarrow as pa

        if time is None:
            number = (last - _EPOCH) // length - 1
            for batch in _stream(_in_order(table, self.kind)):
                yield number, self._stripped(pa.Table.from_batches([batch]))
            return
        timed = table.mutate(**{_TIME: _moment(table, time)})
        timed = timed.filter(timed[_TIME].notnull())
        for batch in _stream(_in_order(timed, self.kind, _TIME)):
            found = pa.Table.from_batches([batch])
            moments = found.column(_TIME).cast(pa.timestamp("us")).cast(pa.int64())
            numbers: Ints = moments.to_numpy() // _micros(length)
            kept = self._stripped(found.drop_columns([_TIME]))
            edges = np.flatnonzero(
                np.diff(numbers, prepend=numbers[:1] - 1, append=numbers[-1:] + 1)
            )
            for start, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
                yield int(numbers[start]), kept.slice(start, end - start)

    def _stripped(self, table: pa.Table) -> pa.Table:
        gone = [name for name in self.kind.stripped if name in table.column_names]
        return table.drop_columns(gone) if gone else table


def batches(parts: Sequence[Rows], length: timedelta, now: datetime) -> Iterator[Batch]:
    """Everything in the order in which it came to be known: each interval's predictions, then its
    labels, at the interval's end; last of all the rows whose time cannot be read.

    ``now``: nothing came to be known later.
    """
    streams = [_placed(rows.pieces(length, now), place) for place, rows in enumerate(parts)]
    known_at = _EPOCH
    ordered = heapq.merge(*streams, key=lambda piece: piece[:2])
    for (number, place), pieces in groupby(ordered, key=lambda piece: piece[:2]):
        known_at = min(now, _EPOCH + (number + 1) * length)
        for table in _of_one_size(piece[2] for piece in pieces):
            yield _named(parts[place].kind.name, known_at, table, number)
    for rows in parts:
        for some in rows.without_time():
            digest = hashlib.sha256(repr(some).encode()).hexdigest()[:32]
            yield Batch(rows.kind.name, known_at, f"backfill-{digest}", some)


def _placed(
    pieces: Iterable[tuple[int, pa.Table]], place: int
) -> Iterator[tuple[int, int, pa.Table]]:
    for number, table in pieces:
        yield number, place, table


def _of_one_size(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """The same rows in tables of the size of a batch, however they were cut before."""
    import pyarrow as pa

    held: pa.Table | None = None
    for table in tables:
        joined = [table] if held is None else [held, table]
        held = pa.concat_tables(joined, promote_options="permissive")
        while held.num_rows > _MOST_ROWS:
            yield held.slice(0, _MOST_ROWS)
            held = held.slice(_MOST_ROWS)
    if held is not None:
        yield held


def _named(kind: str, known_at: datetime, rows: pa.Table, number: int) -> Batch:
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    whole = rows.combine_chunks()
    with pa.ipc.new_stream(sink, whole.schema.remove_metadata()) as stream:
        stream.write_table(whole.replace_schema_metadata(None))
    digest = hashlib.sha256(sink.getvalue()).hexdigest()[:32]
    return Batch(kind, known_at, f"backfill-{kind}-{number}-{digest}", whole)


def _moment(table: ibis.Table, name: str) -> ibis.Value:
    column = table[name]
    return column.try_cast("timestamp") if column.type().is_string() else column.cast("timestamp")


def _in_order(table: ibis.Table, kind: Kind, *first: str) -> ibis.Table:
    found = next((name for name in kind.ids if name in table.columns), None)
    rest = [name for name in table.columns if name not in first and name != found]
    keys = [*first, found] if found is not None else [*first, *rest]
    return table.order_by(keys)


def _stream(table: ibis.Table) -> Iterable[pa.RecordBatch]:
    from watchkeeper.profiles.engine import Stream

    return Stream.of(table, rows=_AT_ONCE)


def _micros(length: timedelta) -> int:
    return length // timedelta(microseconds=1)
