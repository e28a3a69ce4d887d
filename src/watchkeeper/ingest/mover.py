"""The mover: from the inbox to the lake, each acknowledged row exactly once.

A move of one model has four steps, and a crash between any two is mended by doing the last claim
again from its start:

1. claim batches: a numbered group that never changes afterwards;
2. append them to the model's tables, one commit a table, under the claim's number, which the
   table remembers: a second append does nothing;
3. record counts and touched windows in the catalog under the same number, likewise once;
4. delete the batches from the inbox.

Two movers at once do the same claim twice, which is harmless.
"""

from __future__ import annotations

import logging
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import pyarrow as pa

from watchkeeper.catalog.catalog import Catalog
from watchkeeper.catalog.inbox import Claim, InboxBatch, Wait
from watchkeeper.catalog.windows import ColumnNote, Move, RejectionCount, Tally
from watchkeeper.domain.tracing import NO_TRACING, SpanRef, Tracing
from watchkeeper.domain.window import Window
from watchkeeper.errors import WatchkeeperError
from watchkeeper.ingest.conflicts import Stored, set_aside
from watchkeeper.ingest.envelope import span_of_table
from watchkeeper.lake.lake import Lake
from watchkeeper.lake.layout import LakeTable

__all__ = ["Moved", "Mover", "longest_wait", "writer_of"]

_LOG = logging.getLogger(__name__)
_PER_MODEL, _LONGEST = timedelta(seconds=0.1), timedelta(seconds=75)
_SLACK, _HISTORY = timedelta(seconds=1), timedelta(hours=12)
_REST_SECONDS = 1.0
_MOST_LINKS = 64
_LOOKS = 60  # while a batch waits for its age
_LARGE = 8 * 1024 * 1024  # bytes of one model that are worth a commit of their own


@dataclass(frozen=True, slots=True)
class Moved:
    """What one move of one model did."""

    model: str
    number: int
    rows: int  # of predictions and labels
    windows: tuple[Window, ...]
    span: SpanRef | None = None  # in which it was done, where that is traced


def writer_of(inbox: str) -> str:
    """The name under which the tables of the lake remember how far an inbox was moved."""
    return f"watchkeeper-inbox-{inbox}"


def longest_wait(models: int) -> timedelta:
    """How long a batch waits for others to be moved with, where so many models have some."""
    return min(_LONGEST, _PER_MODEL * models)


class Mover:
    """Takes what the inbox holds into the lake. Call `move` every second, or when rows came.

    ``told`` hears of every move once its rows are stored and recorded, with the predictions as they
    were stored; what it makes of them must be mendable from what is stored, because a crash may
    come before it, and it may hear of a move twice. ``heard`` hears of all the rows of every move,
    whatever became of it later: nothing may hang on it.

    Attributes
    ----------
    pause
        Seconds after which it is worth while to ask for what is due again.
    """

    def __init__(
        self,
        catalog: Catalog,
        lake: Lake,
        *,
        told: Callable[[Moved, pa.Table], None] | None = None,
        heard: Callable[[Moved, Mapping[LakeTable, pa.Table]], None] | None = None,
        tracing: Tracing = NO_TRACING,
    ) -> None:
        self._told, self._heard, self._tracing = told, heard, tracing
        self._moved_at: dict[str, float] = {}
        self.pause = 0.0
        self._inbox = catalog.inbox
        self._windows = catalog.windows
        self._lake = lake
        self._app_id = writer_of(catalog.inbox.identity)

    def move(self, *, models: Iterable[str] | None = None) -> tuple[Moved, ...]:
        """Move all that waits, of these models or of every one; empty where nothing waits.

        A model whose move fails does not hold up the others: its rows stay in the inbox, and the
        first failure is raised in the end.
        """
        names = [wait.model for wait in self._inbox.waits()] if models is None else models
        return self._move_each(names)

    def move_due(self, now: datetime) -> tuple[Moved, ...]:
        """Move what has waited long enough by size or age, the oldest first; as `move`.

        Every move is a commit of its own, so how long a batch waits grows with how many models
        have some: a tenth of a second each, and no longer than 75 seconds. Of history, which is
        told as of long ago, each model's is moved at most once a second.
        """
        waits = self._inbox.waits()
        patience = longest_wait(len(waits))
        self.pause = patience.total_seconds() / _LOOKS
        return self._move_each(
            wait.model for wait in waits if self._is_due(wait, now, patience=patience)
        )

    def _is_due(self, wait: Wait, now: datetime, *, patience: timedelta) -> bool:
        if wait.size >= _LARGE:
            return True
        if not _is_history(wait, now):
            return now - wait.since >= patience
        return time.monotonic() - self._moved_at.get(wait.model, -_REST_SECONDS) >= _REST_SECONDS

    def is_behind(self, now: datetime) -> bool:
        """Whether rows wait for twice as long as they should; history, which is told as of long
        ago, does not count.
        """
        waits = [wait for wait in self._inbox.waits() if not _is_history(wait, now)]
        patience = longest_wait(len(waits))
        return any(now - wait.since > 2 * patience + _SLACK for wait in waits)

    def _move_each(self, models: Iterable[str]) -> tuple[Moved, ...]:
        moved: list[Moved] = []
        failures: list[WatchkeeperError] = []
        for model in models:
            try:
                moved += self._move_model(model)
                self._moved_at[model] = time.monotonic()
            except WatchkeeperError as error:
                _LOG.exception("move failed", extra={"model": model})
                failures.append(error)
        if failures:
            raise failures[0]
        return tuple(moved)

    def _move_model(self, model: str) -> Iterable[Moved]:
        more = True
        while more and (claim := self._inbox.claim(model)) is not None:
            about = {"watchkeeper.model.name": model, "watchkeeper.batches": len(claim.batches)}
            with self._tracing.span("move", about=about, links=self._arrivals(claim)) as span:
                moved = self._moved(claim, span.ref)
                span.tell(rows=moved.rows, windows=len(moved.windows))
                more = self._inbox.finish(claim)
            yield moved

    def _moved(self, claim: Claim, span: SpanRef | None) -> Moved:
        stored = set_aside(claim, self._lake)
        move, rows = self._append(claim, stored)
        self._windows.record(move)
        touched = tuple(sorted({tally.window for tally in move.tallies}))
        moved = Moved(claim.model, claim.number, rows, touched, span)
        if self._told is not None:  # before the inbox forgets them: what waits no more is told
            with self._tracing.span("count", about={"watchkeeper.model.name": claim.model}):
                self._told(moved, stored.tables[LakeTable.PREDICTIONS])
        if self._heard is not None:
            try:
                self._heard(moved, stored.tables)
            except Exception:  # noqa: BLE001  rows are moved, whoever listens
                _LOG.exception("a move was not heard of model=%s", claim.model)
        return moved

    def _arrivals(self, claim: Claim) -> tuple[SpanRef, ...]:
        """The spans in which the batches of a claim arrived, the last of them."""
        if not self._tracing.is_on:
            return ()
        last = claim.batches[-_MOST_LINKS:]
        found = [span_of_table(batch.predictions or batch.labels) for batch in last]
        return tuple(span for span in found if span is not None)

    def _append(self, claim: Claim, stored: Stored) -> tuple[Move, int]:
        versions = {}
        for table, rows in stored.tables.items():
            if rows.num_rows:
                versions[table] = self._lake.append(
                    claim.model, table, rows, app_id=self._app_id, sequence=claim.number
                )
        move = Move(
            inbox=self._inbox.identity,
            model=claim.model,
            number=claim.number,
            known_at=max(batch.known_at for batch in claim.batches),
            tallies=_summed(stored.tallies),
            rejections=_counted(stored.tables[LakeTable.QUARANTINE]),
            notes=_noted(claim.batches),
            accounts=stored.accounts,
            predictions_version=versions.get(LakeTable.PREDICTIONS),
            labels_version=versions.get(LakeTable.LABELS),
        )
        kept = (LakeTable.PREDICTIONS, LakeTable.LABELS)
        rows = sum(stored.tables[table].num_rows for table in kept)
        return move, rows


def _is_history(wait: Wait, now: datetime) -> bool:
    return now - wait.since >= _HISTORY


def _summed(tallies: Iterable[Tally]) -> tuple[Tally, ...]:
    by_window: dict[Window, list[Tally]] = defaultdict(list)
    for tally in tallies:
        by_window[tally.window].append(tally)
    return tuple(
        Tally(
            window,
            sum(tally.received for tally in found),
            sum(tally.accepted for tally in found),
            sum(tally.rejected for tally in found),
            sum(tally.duplicate for tally in found),
            sum(tally.labels for tally in found),
            sum(tally.late for tally in found),
            since=min((tally.since for tally in found if tally.since), default=None),
            until=max((tally.until for tally in found if tally.until), default=None),
        )
        for window, found in sorted(by_window.items())
    )


def _counted(quarantine: pa.Table) -> tuple[RejectionCount, ...]:
    columns = ("_wk_day", "_wk_kind", "_wk_reason")
    if quarantine.num_rows == 0:
        return ()
    triples = zip(*(quarantine.column(name).to_pylist() for name in columns), strict=True)
    counts = Counter(triples)
    return tuple(
        RejectionCount(day.isoformat(), kind, reason, number)
        for (day, kind, reason), number in sorted(counts.items())
    )


def _noted(batches: Sequence[InboxBatch]) -> tuple[ColumnNote, ...]:
    rows: dict[tuple[datetime, str, str], int] = defaultdict(int)
    for batch in batches:
        for note in batch.notes:
            rows[note.start, note.column, note.note] += note.rows
    return tuple(ColumnNote(*key, number) for key, number in sorted(rows.items()))
