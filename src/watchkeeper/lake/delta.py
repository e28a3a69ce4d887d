"""One Delta table: opened with care, appended to exactly once, read by pruned file lists.

Every append carries an application transaction ``(app_id, sequence)`` in the same atomic commit
as its files. An append whose sequence the table has seen is a no-op, so a writer that crashed may
always repeat its last step.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import CommitProperties, DeltaTable, Transaction, WriterProperties, write_deltalake
from deltalake.exceptions import DeltaError, DeltaProtocolError, TableNotFoundError

from watchkeeper.errors import Conflict, NotFound, Unavailable, UnsupportedTable
from watchkeeper.lake.log import version_at
from watchkeeper.lake.schemas import DAY, STATISTICS
from watchkeeper.lake.stores import Files, store_options

__all__ = [
    "WRITER",
    "Stamp",
    "StoredTable",
    "conflicts",
    "history_properties",
    "open_delta",
]

_TRIES = 10
_HISTORY_HOURS = 7 * 24
# Reader features whose tables were read back right by our own tests. Deletion vectors and column
# mapping change what a data file means, and are refused rather than read wrongly.
_PROVEN = frozenset({"timestampNtz"})
WRITER = WriterProperties(compression="ZSTD", compression_level=1)


@dataclass(frozen=True, slots=True)
class Stamp:
    """The application transaction of an append: who writes, and how far."""

    app_id: str
    sequence: int


def open_delta(
    path: str | Path,
    version: int | None = None,
    *,
    storage_options: Mapping[str, str] | None = None,
) -> DeltaTable:
    """Open a Delta table, at ``version`` or the latest.

    Raises NotFound where there is no table (or no such version), and UnsupportedTable where it
    uses a reader feature that was never proven here.
    """
    options = store_options(str(path), storage_options)
    try:
        table = DeltaTable(str(path), version=version, storage_options=options)
    except TableNotFoundError as error:
        raise NotFound(
            f"there must be a Delta table at {path}, found none: check the path"
        ) from error
    except DeltaProtocolError as error:
        raise UnsupportedTable(f"the Delta table at {path} cannot be read: {error}") from error
    except DeltaError as error:
        if "Unsupported" in str(error):  # the reader says so in words only
            raise UnsupportedTable(f"the Delta table at {path} cannot be read: {error}") from error
        if version is not None:
            raise NotFound(
                f"the Delta table at {path} has no version {version}: {error}"
            ) from error
        raise Unavailable(f"the Delta table at {path} cannot be opened: {error}") from error
    except OSError as error:  # the store does not answer, or not to us
        raise Unavailable(
            f"the Delta table at {path} cannot be reached: {error}: check the store and "
            "WATCHKEEPER_LAKE_OPTIONS"
        ) from error
    _refuse_unproven(table, path)
    return table


def _refuse_unproven(table: DeltaTable, path: str | Path) -> None:
    protocol = table.protocol()
    found = set(protocol.reader_features or ()) - _PROVEN
    if table.metadata().configuration.get("delta.columnMapping.mode", "none") != "none":
        found.add("columnMapping")
    if found:
        raise UnsupportedTable(
            f"a Delta table must not use the reader features {', '.join(sorted(found))}, "
            f"which were never proven here: {path}: write a copy without them"
        )


class StoredTable:
    """A table of the lake that is created by its first append.

    Safe to use from many threads: one lock guards the snapshot, and data is read outside it.
    """

    def __init__(
        self, uri: str, *, partitioned: bool, storage_options: Mapping[str, str] | None = None
    ) -> None:
        self.uri = uri
        self._partition_by = [DAY] if partitioned else None
        self._options = store_options(uri, storage_options)
        self._lock = threading.Lock()
        self._table: DeltaTable | None = None

    def version(self) -> int | None:
        """The latest version, or None where nothing was appended yet."""
        with self._lock:
            table = self._latest()
            return None if table is None else table.version()

    def schema(self) -> pa.Schema | None:
        """The columns of the latest version, or None where nothing was appended yet."""
        with self._lock:
            table = self._latest()
            return None if table is None else pa.schema(table.schema().to_arrow())

    def sequence(self, app_id: str) -> int | None:
        """How far ``app_id`` has written, or None where it never did."""
        with self._lock:
            table = self._latest()
            return None if table is None else table.transaction_version(app_id)

    def append(self, rows: pa.Table, stamp: Stamp | None = None) -> int:
        """Append in one commit and return the version that holds the rows.

        Nothing happens where ``stamp`` was seen already. A column that the table lacks is added
        to it; raises Conflict where a column has another type. Concurrent appends retry.
        """
        failure: Exception | None = None
        with self._lock:
            for _ in range(_TRIES):
                try:
                    table = self._latest() or self._create(rows.schema)
                    if stamp and _seen(table, stamp):
                        return int(table.version())
                    _refuse_conflicts(pa.schema(table.schema().to_arrow()), rows.schema, self.uri)
                    return self._write(table, rows, stamp)
                except (DeltaError, OSError) as error:  # another writer came first, or a hiccup
                    failure = error
        raise Unavailable(f"appending to {self.uri} failed {_TRIES} times: {failure}") from failure

    def read(
        self,
        prune: str | None,
        keep: pc.Expression | None,
        *,
        as_of: int | datetime | None = None,
        columns: Collection[str] | None = None,
    ) -> pa.Table | None:
        """The rows of the files that the SQL predicate ``prune`` cannot rule out and for which
        ``keep`` holds; None where nothing was appended yet. Of ``columns`` those that are stored.

        ``as_of`` is a version, or a moment: the version that was the latest then. A file that a
        compaction removed meanwhile is looked for in a newer snapshot.
        """
        for _ in range(_TRIES):
            with self._lock:
                table = self._latest() if as_of is None else self._at(as_of)
                if table is None:
                    return None
                files = table.to_pyarrow_dataset(file_pruning_predicate=prune)
            try:
                held = None if columns is None else [n for n in files.schema.names if n in columns]
                return files.to_table(columns=held, filter=keep)
            except FileNotFoundError as error:
                failure = error
                if as_of is not None:
                    break
        raise NotFound(
            f"files of {self.uri} are gone: as of {as_of} it was vacuumed; ask for a newer version"
        ) from failure

    def count(self, prune: str, keep: pc.Expression) -> int:
        """How many rows of the files that ``prune`` cannot rule out ``keep`` holds for; 0 where
        nothing was appended yet.
        """
        for _ in range(_TRIES):
            with self._lock:
                table = self._latest()
                if table is None:
                    return 0
                files = table.to_pyarrow_dataset(file_pruning_predicate=prune)
            try:
                return int(files.count_rows(filter=keep))
            except FileNotFoundError as error:  # a compaction removed it: look again
                failure = error
        raise NotFound(f"files of {self.uri} are gone: {failure}") from failure

    def _snapshot(self) -> DeltaTable | None:
        try:
            return open_delta(self.uri, storage_options=self._options)
        except NotFound:
            return None

    def _latest(self) -> DeltaTable | None:
        if self._table is None:
            self._table = self._snapshot()
        else:
            self._table.update_incremental()
        return self._table

    def _at(self, as_of: int | datetime) -> DeltaTable | None:
        if isinstance(as_of, int):
            return open_delta(self.uri, as_of, storage_options=self._options)
        version = version_at(Files(self.uri, self._options), as_of)
        if version is None:
            return None
        return open_delta(self.uri, version, storage_options=self._options)

    def _create(self, schema: pa.Schema) -> DeltaTable:
        # Two writers may create at once. Without retries the second fails and finds the table of
        # the first, where a retry would replace what it says of its columns.
        _refuse_conflicts(pa.schema([]), schema, self.uri)
        DeltaTable.create(
            self.uri,
            schema=schema,
            mode="ignore",
            partition_by=self._partition_by,
            configuration=_configuration(schema),
            storage_options=self._options,
            commit_properties=CommitProperties(max_commit_retries=0),
        )
        self._table = open_delta(self.uri, storage_options=self._options)
        return self._table

    def _write(self, table: DeltaTable, rows: pa.Table, stamp: Stamp | None) -> int:
        transactions = [Transaction(stamp.app_id, stamp.sequence)] if stamp else None
        write_deltalake(
            table,
            rows,
            mode="append",
            schema_mode="merge",
            storage_options=self._options,
            writer_properties=WRITER,
            commit_properties=CommitProperties(app_transactions=transactions),
        )
        table.update_incremental()
        return int(table.version())


def _configuration(schema: pa.Schema) -> dict[str, str | None]:
    held = [name for name in STATISTICS if name in schema.names]
    return {
        "delta.dataSkippingStatsColumns": ",".join(held),
        "delta.checkpointInterval": "50",
        **history_properties(_HISTORY_HOURS),
    }


def history_properties(hours: int) -> dict[str, str]:
    """What makes a table remember its versions of the last ``hours``, and no others: those older
    than what `vacuum` keeps cannot be read, so nobody needs their log.
    """
    kept = f"interval {hours} hours"
    return {"delta.logRetentionDuration": kept, "delta.deletedFileRetentionDuration": kept}


def _seen(table: DeltaTable, stamp: Stamp) -> bool:
    done = table.transaction_version(stamp.app_id)
    return done is not None and done >= stamp.sequence


def _refuse_conflicts(stored: pa.Schema, given: pa.Schema, uri: str) -> None:
    wrong = conflicts(stored, given)
    if wrong:
        raise Conflict(
            "columns must keep the name and type they are stored with, "
            f"got {'; '.join(wrong.values())} in {uri}: give the column a new name"
        )


def conflicts(stored: pa.Schema, given: pa.Schema) -> dict[str, str]:
    """The columns of ``given`` that cannot go into a table of ``stored``, each with the reason.

    Delta tells names apart by more than their case, so ``a`` cannot join a stored ``A``.
    """
    held = {name.lower(): stored.field(name) for name in stored.names}
    wrong = {}
    for field in given:
        there = held.setdefault(field.name.lower(), field)
        if there.name != field.name:
            wrong[field.name] = f"{field.name} (there is {there.name}, which differs in case alone)"
        elif there.type != field.type:
            wrong[field.name] = f"{field.name} (stored as {there.type}, got {field.type})"
    return wrong
