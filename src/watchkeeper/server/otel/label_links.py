"""The truth of a traced prediction, as a span that links to the prediction's.

Truth comes days later: the old trace is not opened again, a new span points to it. Looking the
predictions up reads the lake, so it is done beside the moving, for a bounded number of labels;
labels of predictions that are not there yet, or were not traced, make none. What the truth is does
not leave the installation with it.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

import pyarrow as pa
import pyarrow.compute as pc

from watchkeeper.domain.tracing import SpanRef, Tracing
from watchkeeper.errors import WatchkeeperError
from watchkeeper.ingest.mover import Moved
from watchkeeper.lake.lake import Lake
from watchkeeper.lake.layout import LakeTable
from watchkeeper.sdk.trace import span_of

__all__ = ["LabelLinks"]

_log = logging.getLogger(__name__)
_MOST_WAITING = 10_000
_MOST_OF_A_MOVE = 1_000


@dataclass(frozen=True, slots=True)
class _Labels:
    model: str
    ids: tuple[str, ...]
    times: tuple[datetime | None, ...]
    days: frozenset[date]
    moved: SpanRef | None


@dataclass(slots=True)
class LabelLinks:
    """Makes the spans. ``left_out`` counts labels for which there was no room."""

    lake: Lake
    tracing: Tracing
    left_out: int = 0
    _waiting: deque[_Labels] = field(default_factory=deque)
    _number: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def heard(self, moved: Moved, tables: Mapping[LakeTable, pa.Table]) -> None:
        """Note the labels of a move; never reads, never waits."""
        labels = tables[LakeTable.LABELS]
        if not self.tracing.is_on or not labels.num_rows:
            return
        known = labels.filter(pc.is_valid(labels.column("_wk_day")))
        with self._lock:
            room = max(0, min(_MOST_OF_A_MOVE, _MOST_WAITING - self._number))
            some = known.slice(0, room)
            self.left_out += known.num_rows - some.num_rows
            self._number += some.num_rows
            if some.num_rows:
                self._waiting.append(_read(moved, some))

    def step(self) -> int:
        """Look up what waits, and make its spans; how many these are."""
        made = 0
        while True:
            with self._lock:
                if not self._waiting:
                    return made
                labels = self._waiting.popleft()
                self._number -= len(labels.ids)
            try:
                made += self._link(labels)
            except WatchkeeperError:
                _log.exception("labels are not linked to their predictions model=%s", labels.model)

    def _link(self, labels: _Labels) -> int:
        found = self.lake.traced(labels.model, set(labels.ids), labels.days)
        spans = {
            identity: span_of(f"00-{trace}-{span}-01")
            for identity, trace, span in zip(*(c.to_pylist() for c in found.columns), strict=True)
        }
        made = 0
        for identity, time in zip(labels.ids, labels.times, strict=True):
            prediction = spans.get(identity)
            if prediction is None:
                continue
            about = {
                "watchkeeper.model.name": labels.model,
                "watchkeeper.prediction.id": identity,
                "watchkeeper.label.time": None if time is None else time.isoformat(),
            }
            links = [prediction, *([labels.moved] if labels.moved else [])]
            with self.tracing.span("label", about=about, links=links):
                made += 1
        return made


def _read(moved: Moved, labels: pa.Table) -> _Labels:
    return _Labels(
        moved.model,
        tuple(labels.column("_wk_id").to_pylist()),
        tuple(labels.column("_wk_label_time").to_pylist()),
        frozenset(labels.column("_wk_day").to_pylist()),
        moved.span,
    )
