"""Care of one table: small files merged, days put in order of time, old rows and files let go.

Every step is short, works on a snapshot of its own, and changes nothing that a second run of it
would change again; so it may be interrupted anywhere, and be done by two at once: of two that
rewrite the same files one gives way, and what it wrote is deleted by `vacuum` in the end.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable, WriterProperties
from deltalake.exceptions import CommitFailedError

from watchkeeper.errors import NotFound
from watchkeeper.lake.delta import WRITER, history_properties, open_delta
from watchkeeper.lake.log import commit_path
from watchkeeper.lake.schemas import DAY, STAMP
from watchkeeper.lake.stores import Files

__all__ = ["Place", "Seen", "TableCare"]

# Merged files are about as large as a query reads in one go, and small enough to be merged again
# with what comes next.
_SMALL_BYTES = 32 * 1024 * 1024
_ORDERED_BYTES = 128 * 1024 * 1024
_SORTING_BYTES = 128 * 1024 * 1024
_MOST_SORTED_BYTES = 512 * 1024 * 1024
_CROSSED = 1.5  # how many files, on average, hold rows of one moment
# A file of a day in order of time holds its hours apart: a reader of one hour skips the others.
_ORDERED_WRITER = WriterProperties(
    compression="ZSTD", compression_level=1, max_row_group_size=128 * 1024
)
_MANY_COMMITS = 5_000


@dataclass(frozen=True, slots=True)
class Place:
    """What is rewritten at once: the files of one day, those of unknown day (``day`` None), or the
    ``whole`` of a table without days.
    """

    day: date | None = None
    whole: bool = False

    @property
    def filters(self) -> list[tuple[str, str, str]] | None:
        """The partition, as the table's library wants it told."""
        return None if self.whole else [(DAY, "=", "" if self.day is None else str(self.day))]

    def __str__(self) -> str:
        return "all" if self.whole else str(self.day or "unknown day")


@dataclass(frozen=True, slots=True)
class Seen:
    """What was looked at: a version of the table, and its days ``before`` one."""

    version: int
    before: date


class TableCare:
    """Care of one table; every method does nothing where the table does not exist."""

    def __init__(self, uri: str, *, storage_options: Mapping[str, str] | None = None) -> None:
        self.uri = uri
        self._options = storage_options

    def version(self) -> int | None:
        """The latest version; None where there is no table."""
        table = self._snapshot()
        return None if table is None else int(table.version())

    def crowded(self, *, min_files: int, before: date | None = None) -> list[Place]:
        """The places that hold at least so many small files (of days ``before``, where given),
        the fullest first.
        """
        table = self._snapshot()
        if table is None:
            return []
        small = _files(table).filter(pc.field("size_bytes") < _SMALL_BYTES)
        places = _counted(table, small)
        if before is not None:
            places = {p: n for p, n in places.items() if p.day is not None and p.day < before}
        found = [place for place, number in places.items() if number >= min_files]
        return sorted(found, key=lambda place: -places[place])

    def merge(self, place: Place) -> int:
        """Rewrite the small files of a place into few; returns how many were replaced. Readers of
        older versions keep their files until `vacuum`; appends do not wait.
        """
        table = self._snapshot()
        if table is None:
            return 0
        with contextlib.suppress(CommitFailedError):  # another writer came first: next time
            done = table.optimize.compact(
                partition_filters=place.filters,
                target_size=_SMALL_BYTES,
                max_concurrent_tasks=1,
                writer_properties=WRITER,
            )
            return int(done["numFilesRemoved"])
        return 0

    def finished(self, *, before: date, seen: Seen | None = None) -> list[Place]:
        """The days ``before`` one that were not ``seen`` as they are: those that are over since,
        and those to which rows were appended since; oldest first.
        """
        table = self._snapshot()
        if table is None:
            return []
        held = {place.day for place in _counted(table, _files(table)) if place.day is not None}
        days = {day for day in held if day < before}
        if seen is not None:
            told = self._appended(seen.version, int(table.version()))
            days = {day for day in days if day >= seen.before or told is None or day in told}
        return [Place(day) for day in sorted(days)]

    def order(self, place: Place, column: str) -> int:
        """Rewrite a place in the order of a time column where its files lie across each other in
        time, else merge its small files; returns how many files were replaced.

        Rows that come as they happen lie in order already. A place that is too large to be sorted
        in bounded memory is merged only.
        """
        table = self._snapshot()
        if table is None:
            return 0
        files = _files(table)
        if place.day is not None:
            files = files.filter(pc.field(f"partition.{DAY}") == pa.scalar(place.day, pa.date32()))
        size = pc.sum(files["size_bytes"]).as_py() or 0
        if size > _MOST_SORTED_BYTES or _overlap(files, column) < _CROSSED:
            return self.merge(place) if len(files) > 1 else 0
        with contextlib.suppress(CommitFailedError):  # another writer came first: next time
            done = table.optimize.z_order(
                [column],
                partition_filters=place.filters,
                target_size=_ORDERED_BYTES,
                max_concurrent_tasks=1,
                max_spill_size=_SORTING_BYTES,
                writer_properties=_ORDERED_WRITER,
            )
            return int(done["numFilesRemoved"])
        return 0

    def forget(self, before: datetime) -> int:
        """Delete the rows that happened, and were received, before a moment; returns how many.

        A row's day decides when it happened; where that is unknown, its receipt alone.
        """
        table = self._snapshot()
        if table is None or not _any_before(_files(table), before):
            return 0
        day, moment = before.date().isoformat(), before.isoformat()
        done = table.delete(
            f"({DAY} < '{day}' OR {DAY} IS NULL) AND _wk_known_at < '{moment}'",
            writer_properties=WRITER,
        )
        return int(done["num_deleted_rows"] or 0)

    def forget_profiles(self, before: datetime, *, cited: Collection[str]) -> int:
        """Delete the profiles of windows that ended before a moment, but for the revisions of which
        one is ``cited`` (by its id); returns how many rows. Baselines stay.
        """
        table = self._snapshot()
        if table is None:
            return 0
        old = (pc.field("_wk_end") < pa.scalar(before, STAMP)) & pc.is_null(
            pc.field("_wk_reference")
        )
        held = table.to_pyarrow_dataset().to_table(["id", "_wk_part"], filter=old)
        if not held.num_rows:
            return 0
        named = pc.is_in(held["id"], value_set=pa.array(list(cited), pa.string()))
        kept = set(held.filter(named)["_wk_part"].to_pylist())
        gone = sorted(set(held["_wk_part"].to_pylist()) - kept)
        if not gone:
            return 0
        listed = ", ".join(f"'{part}'" for part in gone)
        done = table.delete(f"_wk_part IN ({listed})", writer_properties=WRITER)
        return int(done["num_deleted_rows"] or 0)

    def vacuum(self, *, hours: int) -> int:
        """Delete files that no version of the last ``hours`` needs, which must exceed the longest
        query; returns how many, among them those that were gone before.

        Looks at every file there is: the log forgets what it removed, the folder does not.
        """
        table = self._snapshot()
        if table is None:
            return 0
        wanted, held = history_properties(hours), table.metadata().configuration
        if any(held.get(name) != value for name, value in wanted.items()):
            table.alter.set_table_properties(wanted)
        gone = table.vacuum(
            retention_hours=hours, dry_run=False, enforce_retention_duration=False, full=True
        )
        return len(gone)

    def _snapshot(self) -> DeltaTable | None:
        try:
            return open_delta(self.uri, storage_options=self._options)
        except NotFound:
            return None

    def _appended(self, since: int, latest: int) -> set[date | None] | None:
        """The days to which the versions after ``since`` added rows; None where one is gone."""
        if latest - since > _MANY_COMMITS:
            return None
        files = Files(self.uri, self._options)
        days: set[date | None] = set()
        for version in range(since + 1, latest + 1):
            try:
                commit = files.read(commit_path(version))
            except NotFound:
                return None
            days |= _days_added(commit)
        return days


def _days_added(commit: bytes) -> set[date | None]:
    adds = [json.loads(line).get("add") for line in commit.splitlines() if line]
    told = [add["partitionValues"].get(DAY) for add in adds if add and add["dataChange"]]
    return {date.fromisoformat(day) if day else None for day in told}


def _files(table: DeltaTable) -> pa.Table:
    return pa.table(table.get_add_actions(flatten=True))


def _counted(table: DeltaTable, files: pa.Table) -> dict[Place, int]:
    """How many of the files lie in each place."""
    if not table.metadata().partition_columns:
        return {Place(whole=True): files.num_rows}
    counts: Sequence[dict[str, object]] = (
        files.column(f"partition.{DAY}").value_counts().to_pylist()
    )
    return {Place(item["values"]): item["counts"] for item in counts}  # type: ignore[arg-type,misc]  # a date or None, and a number


def _overlap(files: pa.Table, column: str) -> float:
    """How many files, on average over the time that they cover, may hold rows of a moment."""
    if len(files) < 2 or f"min.{column}" not in files.schema.names:
        return 0.0
    first = files[f"min.{column}"].cast(pa.int64()).drop_null().to_numpy()
    last = files[f"max.{column}"].cast(pa.int64()).drop_null().to_numpy()
    whole = float(last.max() - first.min()) if len(first) else 0.0
    return float((last - first).sum()) / whole if whole else float(len(files))


def _any_before(files: pa.Table, before: datetime) -> bool:
    """Whether a file may hold rows that happened and were received before a moment."""
    day = pc.field(f"partition.{DAY}")
    old = files.filter((day < pa.scalar(before.date(), pa.date32())) | day.is_null())
    if "min._wk_known_at" not in old.schema.names:
        return len(old) > 0
    known = pc.field("min._wk_known_at")
    moment = pa.scalar(before, old.schema.field("min._wk_known_at").type)
    return len(old.filter((known < moment) | known.is_null())) > 0
