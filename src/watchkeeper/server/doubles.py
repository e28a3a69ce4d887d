"""The daily look for rows that are stored twice.

Ids are remembered for a week or the label horizon. A row that comes again after that is stored
again. The readers of the lake count it once all the same, but the accounts have counted it as
accepted: what is found here is counted as a duplicate, the window is profiled and judged anew, and
a verdict tells of it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa

from watchkeeper.catalog.catalog import Catalog
from watchkeeper.catalog.chores import Chore, ChoreKey
from watchkeeper.domain.model import Model
from watchkeeper.domain.window import Window
from watchkeeper.errors import WatchkeeperError
from watchkeeper.ingest.receive import memory_of
from watchkeeper.lake.lake import Lake
from watchkeeper.lake.layout import LakeTable
from watchkeeper.lake.schemas import SEQUENCE
from watchkeeper.server.models import Models

__all__ = ["DoublesAudit", "count_doubles"]

_log = logging.getLogger(__name__)
_DAY = timedelta(days=1)
_TASK = "doubles"
_COLUMNS = ("_wk_id", "_wk_time", SEQUENCE)


@dataclass(frozen=True, slots=True)
class DoublesAudit:
    """Looks through old windows that changed. ``time_of`` tells a model's own time."""

    catalog: Catalog
    lake: Lake
    models: Models
    now: Callable[[], datetime]
    time_of: Callable[[str], datetime]

    def step(self, go_on: Callable[[], bool]) -> int:
        """Look through each model once a day while ``go_on`` says so; returns how many."""
        chores, done = self.catalog.chores.all(), 0
        for defined in self.models.all():
            key = ChoreKey(_TASK, defined.model.name)
            last = chores.get(key, Chore()).done_at
            if last is not None and self.now() - last < _DAY:
                continue
            if not go_on():
                break
            try:
                self._look(defined.model, chores.get(key, Chore()).before)
            except (WatchkeeperError, OSError):
                _log.exception("looking for doubles failed model=%s", key.model)
                continue
            time = self.time_of(defined.model.name)
            self.catalog.chores.record(key, Chore(self.now(), before=time))
            done += 1
        return done

    def _look(self, model: Model, since: datetime | None) -> None:
        now = self.time_of(model.name)
        old = self.catalog.doubles.changed(model.name, before=now - memory_of(model), since=since)
        for windows in _by_day(old):
            rows = self.lake.rows(
                model.name,
                LakeTable.PREDICTIONS,
                start=windows[0].start,
                end=windows[-1].end,
                columns=_COLUMNS,
            )
            found = count_doubles(rows, windows)
            marked = self.catalog.doubles.settle(model.name, found, at=now)
            if marked:
                _log.warning("rows are stored twice model=%s windows=%s", model.name, marked)


def count_doubles(rows: pa.Table, windows: Sequence[Window]) -> dict[Window, int]:
    """How many rows of each window repeat the id of another of that window."""
    if rows.num_rows == 0:
        return dict.fromkeys(windows, 0)
    times = rows.column("_wk_time").cast(pa.int64()).to_numpy()
    codes = rows.column("_wk_id").combine_chunks().dictionary_encode().indices.to_numpy()
    found = {}
    for window in windows:
        start, end = (int(moment.timestamp() * 1e6) for moment in (window.start, window.end))
        inside = codes[(times >= start) & (times < end)]
        found[window] = len(inside) - len(np.unique(inside))
    return found


def _by_day(windows: Sequence[Window]) -> Iterator[list[Window]]:
    """Windows of one day together, so that a day's files are read once."""
    group: list[Window] = []
    for window in windows:
        if group and window.start.date() != group[0].start.date():
            yield group
            group = []
        group.append(window)
    if group:
        yield group
