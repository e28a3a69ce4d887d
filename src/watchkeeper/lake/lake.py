"""The lake: every model's predictions, labels, quarantine and profiles, as Delta tables.

Predictions, labels and quarantine are partitioned by ``_wk_day`` (a label by the day of its
prediction, so that a window's labels lie together however late they came; labels whose
prediction is unknown lie in the null partition, which every join reads). Profiles are few and
small: they are not partitioned, and pruned by the statistics of their windows.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, wraps
from pathlib import Path
from time import perf_counter
from typing import Concatenate, ParamSpec, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from watchkeeper.domain.model import Model
from watchkeeper.domain.window import Window
from watchkeeper.errors import InvalidInput
from watchkeeper.lake.care import TableCare
from watchkeeper.lake.delta import Stamp, StoredTable
from watchkeeper.lake.joined import attach_labels, first_of_each_id, known_by, shaped
from watchkeeper.lake.layout import LakeTable, table_uri
from watchkeeper.lake.profile_rows import ProfilePart, each_part, latest_parts, stamped
from watchkeeper.lake.schemas import (
    DAY,
    EXTRA,
    SEQUENCE,
    STAMP,
    label_schema,
    possible_names,
    prediction_schema,
)
from watchkeeper.lake.stores import Files, is_remote

__all__ = ["Lake"]

_TIME = {
    LakeTable.PREDICTIONS: "_wk_time",
    LakeTable.QUARANTINE: "_wk_known_at",
}


_P = ParamSpec("_P")
_R = TypeVar("_R")


def _timed(
    method: Callable[Concatenate[Lake, _P], _R],
) -> Callable[Concatenate[Lake, _P], _R]:
    """Tell how long a method took, under its name."""

    @wraps(method)
    def watched(self: Lake, /, *given: _P.args, **named: _P.kwargs) -> _R:
        began = perf_counter()
        try:
            return method(self, *given, **named)
        finally:
            self.observe(method.__name__, perf_counter() - began)

    return watched


def _unobserved(_operation: str, _seconds: float) -> None:
    """Nobody wants to know."""


class Lake:
    """The tables of all models under one root: a folder, or a URI such as ``s3://bucket/lake``.

    ``options`` are those of the object store. Safe to use from many threads and many processes.
    Tables are created by their first append. ``observe`` is told how many seconds each appending
    and reading took.
    """

    def __init__(self, root: str | Path, storage_options: Mapping[str, str] | None = None) -> None:
        self.observe: Callable[[str, float], None] = _unobserved
        self.root = str(root)
        is_remote(self.root)  # refuses what no lake can lie in, now rather than at the first row
        self.options = storage_options
        self._lock = threading.Lock()
        self._tables: dict[tuple[str, LakeTable], StoredTable] = {}

    def __reduce__(self) -> tuple[object, ...]:
        """In another process: the same root, opened there once."""
        options = None if self.options is None else tuple(sorted(self.options.items()))
        return _opened, (self.root, options)

    @_timed
    def append(
        self, model: str, table: LakeTable, rows: pa.Table, *, app_id: str, sequence: int
    ) -> int:
        """Append rows in one commit; returns the Delta version that holds them.

        Does nothing where ``(app_id, sequence)`` or a later sequence was appended before. New
        columns are added to the table; Conflict where a column has another type than is stored.
        Rows get their place (``_wk_seq``), which follows from the sequence alone.
        """
        place = pa.array(range(sequence << 24, (sequence << 24) + rows.num_rows), pa.int64())
        placed = rows.append_column(SEQUENCE, place)
        return self._table(model, table).append(placed, Stamp(app_id, sequence))

    def sequence(self, model: str, table: LakeTable, app_id: str) -> int | None:
        """How far ``app_id`` has appended to a table; None where it never did."""
        return self._table(model, table).sequence(app_id)

    def version(self, model: str, table: LakeTable) -> int | None:
        """The table's latest Delta version; None where it does not exist yet."""
        return self._table(model, table).version()

    def schema(self, model: str, table: LakeTable) -> pa.Schema | None:
        """The columns that a table holds; None where it does not exist yet."""
        return self._table(model, table).schema()

    @_timed
    def rows(
        self,
        model: str,
        table: LakeTable,
        *,
        start: datetime,
        end: datetime,
        as_of: int | datetime | None = None,
        columns: Collection[str] | None = None,
    ) -> pa.Table:
        """The stored rows of ``[start, end)``, duplicates and history included.

        Predictions by event time, quarantined rows by when they were received, labels by the day
        of their prediction (those of unknown day are included). Empty, without columns, where the
        table does not exist.

        ``as_of`` reads the table as it was stored at one of its versions, or at a moment, as long
        as the lake remembers (a week). How things were known at any moment since the rows are
        kept is told by `joined`. Of ``columns`` (None: all) those that are stored are read.
        """
        keep = None
        if table in _TIME:
            moment = pc.field(_TIME[table])
            keep = (moment >= pa.scalar(start, STAMP)) & (moment < pa.scalar(end, STAMP))
        window = Window(start, end)
        found = self._table(model, table).read(
            _days(window, orphans=table is LakeTable.LABELS), keep, as_of=as_of, columns=columns
        )
        return pa.table({}) if found is None else found

    def traced(self, model: str, ids: Collection[str], days: Collection[date]) -> pa.Table:
        """Those of the predictions of these ids and days whose span is known: ``_wk_id``,
        ``_wk_trace_id``, ``_wk_span_id``.
        """
        names = ("_wk_id", "_wk_trace_id", "_wk_span_id")
        none = pa.table({name: pa.array([], pa.string()) for name in names})
        stored = self.schema(model, LakeTable.PREDICTIONS)
        if stored is None or not set(names) <= set(stored.names) or not ids or not days:
            return none
        wanted = pc.field("_wk_id").isin(pa.array(sorted(ids), pa.string()))
        found = self._table(model, LakeTable.PREDICTIONS).read(
            f"{DAY} IN ({', '.join(repr(str(day)) for day in sorted(days))})",
            wanted & pc.field("_wk_trace_id").is_valid() & pc.field("_wk_span_id").is_valid(),
            columns=names,
        )
        return none if found is None else found.select(names)

    def received(self, model: str, table: LakeTable, day: date) -> int:
        """How many stored rows came to be known on a day (UTC), duplicates included."""
        start = datetime.combine(day, time(), UTC)
        end = start + timedelta(days=1)
        known = pc.field("_wk_known_at")
        return self._table(model, table).count(
            f"_wk_known_at >= '{_stamp(start)}' AND _wk_known_at < '{_stamp(end)}'",
            (known >= pa.scalar(start, STAMP)) & (known < pa.scalar(end, STAMP)),
        )

    def happened(self, model: str, start: datetime, end: datetime) -> int:
        """How many stored predictions happened in ``[start, end)``, duplicates included."""
        window = Window(start, end)
        return self._table(model, LakeTable.PREDICTIONS).count(_days(window), _within(window))

    def joined(self, model: Model, window: Window, *, known_at: datetime | None = None) -> pa.Table:
        """The window's predictions, each once, left-joined to the latest label known by
        ``known_at`` (None: now); in the order of event time.

        Columns: the system columns of predictions, the model's own, its label column, and
        ``_wk_label_known_at``. No rows where nothing was received.
        """
        (found,) = self.joined_each(model, [(window, known_at)])
        return found

    @_timed
    def joined_each(
        self,
        model: Model,
        asked: Sequence[tuple[Window, datetime | None]],
        *,
        columns: Collection[str] | None = None,
    ) -> list[pa.Table]:
        """As `joined`, of several windows, each with its own ``known_at``: what they have in common
        is read once. With ``columns`` only these, and those of labels.
        """
        if not asked:
            return []
        windows = [window for window, _ in asked]
        keep = _within(Window(min(w.start for w in windows), max(w.end for w in windows)))
        schema = prediction_schema(model)
        read = None
        if columns is not None:
            schema = pa.schema([field for field in schema if field.name in columns])
            read = {SEQUENCE, EXTRA, *(n for name in schema.names for n in possible_names(name))}
        stored = self._table(model.name, LakeTable.PREDICTIONS).read(
            _days(*windows), keep, columns=read
        )
        held = self._table(model.name, LakeTable.LABELS).read(_days(*windows, orphans=True), None)
        predictions = shaped(stored, schema)
        labels = shaped(held, label_schema(model))
        return [
            attach_labels(
                first_of_each_id(known_by(predictions.filter(_within(window)), known_at)),
                known_by(labels.filter(_labels_of(window)), known_at),
                model,
            ).drop_columns([SEQUENCE])
            for window, known_at in asked
        ]

    def has_labels(self, model: str, window: Window) -> bool:
        """Whether any label is stored that may belong to the window's predictions."""
        found = self._table(model, LakeTable.LABELS).read(
            _days(window, orphans=True), None, columns=("_wk_id",)
        )
        return found is not None and found.num_rows > 0

    def unlabelled(self, model: Model, predictions: pa.Table) -> pa.Table:
        """Stored predictions as `joined` gives them, each once, as if no label were known."""
        each_once = first_of_each_id(shaped(predictions, prediction_schema(model)))
        no_labels = shaped(None, label_schema(model))
        return attach_labels(each_once, no_labels, model).drop_columns([SEQUENCE])

    @_timed
    def append_profiles(
        self, model: str, parts: Sequence[ProfilePart], *, reference: str | None = None
    ) -> int:
        """Append encoded profiles in one commit; returns the Delta version that holds them.

        ``reference`` names the baseline that they belong to; None: windows of live data.
        """
        if not parts:
            raise InvalidInput("append_profiles needs at least one part, got none: skip the call")
        return self._table(model, LakeTable.PROFILES).append(stamped(parts, reference))

    @_timed
    def profiles(
        self, model: str, start: datetime, end: datetime, *, known_at: datetime | None = None
    ) -> pa.Table:
        """The encoded profiles of every window that overlaps ``[start, end)``: the latest revision
        of each, or the latest as known at ``known_at``; oldest window first.
        """
        first, last = pa.scalar(start, STAMP), pa.scalar(end, STAMP)
        keep = (pc.field("_wk_start") < last) & (pc.field("_wk_end") > first)
        if known_at is not None:
            keep &= pc.field("_wk_known_at") <= pa.scalar(known_at, STAMP)
        prune = f"_wk_start < '{_stamp(end)}' AND _wk_end > '{_stamp(start)}'"
        return latest_parts(
            self._table(model, LakeTable.PROFILES).read(
                prune, keep & pc.is_null(pc.field("_wk_reference"))
            )
        )

    def profile_revisions(self, model: str, start: datetime, end: datetime) -> list[ProfilePart]:
        """Every revision of every window that overlaps ``[start, end)``, in the order in which they
        came to be known.
        """
        first, last = pa.scalar(start, STAMP), pa.scalar(end, STAMP)
        keep = (pc.field("_wk_start") < last) & (pc.field("_wk_end") > first)
        prune = f"_wk_start < '{_stamp(end)}' AND _wk_end > '{_stamp(start)}'"
        found = self._table(model, LakeTable.PROFILES).read(
            prune, keep & pc.is_null(pc.field("_wk_reference"))
        )
        return each_part(found)

    def reference_profiles(self, model: str, reference: str) -> pa.Table:
        """The encoded profiles of one baseline; no rows where there is none of that name."""
        return latest_parts(
            self._table(model, LakeTable.PROFILES).read(
                None, pc.field("_wk_reference") == reference
            )
        )

    def care(self, model: str, table: LakeTable) -> TableCare:
        """What keeps one table small, in order and no older than it may be."""
        return TableCare(table_uri(self.root, model, table), storage_options=self.options)

    def files(self) -> Files:
        """Every file of the lake."""
        return Files(self.root, self.options)

    def _table(self, model: str, table: LakeTable) -> StoredTable:
        with self._lock:
            found = self._tables.get((model, table))
            if found is None:
                found = StoredTable(
                    table_uri(self.root, model, table),
                    partitioned=table is not LakeTable.PROFILES,
                    storage_options=self.options,
                )
                self._tables[model, table] = found
            return found


@cache
def _opened(root: str, options: tuple[tuple[str, str], ...] | None) -> Lake:
    return Lake(root, None if options is None else dict(options))


def _days_of(window: Window) -> tuple[date, date]:
    """The first and the last day, in UTC, that a window touches."""
    last = window.end.astimezone(UTC) - timedelta(microseconds=1)
    return window.start.astimezone(UTC).date(), last.date()


def _days(*windows: Window, orphans: bool = False) -> str:
    """The SQL predicate of the partitions that the windows touch."""
    spans: list[tuple[date, date]] = []
    for first, last in sorted({_days_of(window) for window in windows}):
        if spans and first <= spans[-1][1] + timedelta(days=1):
            spans[-1] = (spans[-1][0], max(last, spans[-1][1]))
        else:
            spans.append((first, last))
    parts = [f"{DAY} BETWEEN '{first}' AND '{last}'" for first, last in spans]
    return " OR ".join([*parts, f"{DAY} IS NULL"] if orphans else parts)


def _within(window: Window) -> pc.Expression:
    moment = pc.field("_wk_time")
    return (moment >= pa.scalar(window.start, STAMP)) & (moment < pa.scalar(window.end, STAMP))


def _labels_of(window: Window) -> pc.Expression:
    """The labels that may belong to a window's predictions: of its days, and of unknown day."""
    first, last = (pa.scalar(day, pa.date32()) for day in _days_of(window))
    day = pc.field(DAY)
    return ((day >= first) & (day <= last)) | day.is_null()


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()
