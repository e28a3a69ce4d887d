"""Sums: rows are counted as they are moved, so that a window's profile costs its new rows alone.

The mover tells what it moved. Its rows are counted at once (`profiles.partials`) and kept as
partials of their windows, by the moment of the first look that may see them. The look adds them up
(`server.adding`), and so does whoever shows a window that is still open.

Partials are derived: what is counted, and up to which move, is committed together. After a crash
between the lake's commit and that one the model is *behind*, and its open windows are counted anew
from the lake; so nothing is lost and nothing counted twice. History (rows that were known long
before they were moved, or after their window was due) is not counted here: its windows are
profiled from the lake when they are judged.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from watchkeeper.catalog.catalog import Catalog
from watchkeeper.catalog.database import from_micros, to_micros
from watchkeeper.catalog.partials import Mark, PartialRows, StoredPartial
from watchkeeper.catalog.windows import StoredWindow, WindowState
from watchkeeper.domain.model import Model
from watchkeeper.domain.profile import WindowProfile
from watchkeeper.domain.window import Window
from watchkeeper.errors import NotFound
from watchkeeper.ingest.mover import Moved
from watchkeeper.lake.lake import Lake
from watchkeeper.lake.layout import LakeTable
from watchkeeper.profiles.packing import pack, unpack
from watchkeeper.profiles.partials.partial import partial
from watchkeeper.server.adding import summed, without_crowds
from watchkeeper.server.basis import Bases, Basis
from watchkeeper.server.models import Models
from watchkeeper.server.schedule import is_aligned
from watchkeeper.server.watermarks import observed

__all__ = ["Sums"]

_log = logging.getLogger(__name__)
_HISTORY = timedelta(hours=1)  # rows that were known longer ago are history
_MOST_PARTS = 8  # of a window's partials, before they are added up
_HOUR_MICROS = 3_600_000_000

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Slot:
    """The rows of a window that may be looked at from ``known_until`` on."""

    window: Window
    known_until: datetime
    rows: pa.Table


@dataclass(slots=True)
class Sums:
    """Counts what was moved. Call it from one thread: the mover's."""

    catalog: Catalog
    lake: Lake
    models: Models
    now: Callable[[], datetime]
    bases: Bases = field(init=False)

    def __post_init__(self) -> None:
        self.bases = Bases(self.catalog.baselines)

    def count(self, moved: Moved, rows: pa.Table) -> None:
        """Count the rows of one move; a model that is behind, or was counted by another
        definition or reference, is mended instead.
        """
        try:
            basis = self.bases.of(self.models.get(moved.model))
            if not self._add(basis, moved, rows):
                self._mend(basis, rows)
        except Exception:  # noqa: BLE001  whatever it is: rows are safe, their windows are recounted
            _log.exception("moved rows were not counted model=%s", moved.model)
            self._give_up(moved.model)

    def mend(self) -> int:
        """Count anew the open windows of models that are behind; returns how many models."""
        behind = self.catalog.partials.behind()
        for name in behind:
            try:
                self._mend(self.bases.of(self.models.get(name)))
            except Exception:  # noqa: BLE001  as in `count`
                _log.exception("open windows were not counted model=%s", name)
                self._give_up(name)
        return len(behind)

    def _add(self, basis: Basis, moved: Moved, rows: pa.Table) -> bool:
        store, name = self.catalog.partials, basis.model.name
        before = store.mark(name)
        if before is None or before.number != moved.number - 1 or before.basis != basis.name:
            return False
        mark = _told(replace(before, number=moved.number), rows)
        held = store.rows(name)
        made = [
            found
            for slot in self._slots(basis, rows)
            if self._starts_well(basis.model, slot, held, rows)
            for found in self._partials(basis, slot)
        ]
        if not store.add(mark, made):
            return False
        for found in made:
            told = {item.known_until: item for item in held.get(found.window, ())}
            parts = told.get(found.known_until)
            if parts is not None and parts.parts + 1 >= _MOST_PARTS:
                self._merge(basis, found)
        return True

    def _starts_well(
        self,
        model: Model,
        slot: _Slot,
        held: Mapping[Window, tuple[PartialRows, ...]],
        rows: pa.Table,
    ) -> bool:
        """Whether the partials of the window, with this one, are all that its last judgement has
        not seen: else the sum would lack rows that came before.
        """
        if slot.window in held:
            return True
        stored = self._stored(model.name, slot.window)
        if stored is None:
            return False
        if stored.judged_at is not None:
            return is_aligned(stored.window, stored.judged_at)
        times = _micros(rows, "_wk_time")
        inside = (times >= to_micros(slot.window.start)) & (times < to_micros(slot.window.end))
        return int(np.count_nonzero(inside)) == stored.accounting.accepted

    def _mend(self, basis: Basis, moved: pa.Table | None = None) -> None:
        store, name = self.catalog.partials, basis.model.name
        inbox = self.catalog.inbox.identity
        before = store.mark(name) or Mark(name, inbox, 0, basis.name)
        number = store.moved(name, inbox)
        made = [
            found
            for stored in self.catalog.windows.pending(WindowState.DIRTY, model=name)
            if self._is_current(stored)
            for slot in self._unseen(basis, stored)
            for found in self._partials(basis, slot)
        ]
        mark = replace(before, inbox=inbox, number=number, basis=basis.name)
        store.replace(mark if moved is None else _told(mark, moved), made)

    def _is_current(self, stored: StoredWindow) -> bool:
        """Whether a window's rows are counted as they come."""
        oldest = self.now() - _HISTORY
        if stored.judged_at is not None:
            return stored.known_at > oldest and is_aligned(stored.window, stored.judged_at)
        came = stored.first_known_at or stored.known_at
        return came <= stored.window.due and stored.window.due > oldest

    def _unseen(self, basis: Basis, stored: StoredWindow) -> Iterator[_Slot]:
        """The rows of a window that its last judgement has not seen, from the lake."""
        window = stored.window
        rows = self.lake.rows(
            basis.model.name, LakeTable.PREDICTIONS, start=window.start, end=window.end
        )
        for slot in _slots(basis.model, rows) if rows.num_rows else ():
            if stored.judged_at is None or slot.known_until > stored.judged_at:
                yield slot

    def _slots(self, basis: Basis, rows: pa.Table) -> Iterator[_Slot]:
        """The rows by window and look, without history."""
        oldest = self.now() - _HISTORY
        for slot in _slots(basis.model, rows) if rows.num_rows else ():
            if slot.known_until > oldest:
                yield slot

    def _partials(self, basis: Basis, slot: _Slot) -> Iterator[StoredPartial]:
        rows = self.lake.unlabelled(basis.model, slot.rows)
        found = partial(rows, basis.model, basis.binnings, slot.window)
        if found is None:
            return
        profiles = without_crowds(found.profiles) if found.crowded else found.profiles
        yield StoredPartial(
            window=slot.window,
            known_until=slot.known_until,
            rows=rows.num_rows,
            whole=not found.crowded,
            body=pack(profiles, basis.known),
        )

    def _merge(self, basis: Basis, like: StoredPartial) -> None:
        """Add up the partials of a window for one look: what is read and written stays small."""
        store, name = self.catalog.partials, basis.model.name
        parts = [p for p in store.of(name, like.window) if p.known_until == like.known_until]
        total = summed([unpack(part.body, basis.known) for part in parts])
        whole = replace(
            like,
            rows=sum(part.rows for part in parts),
            whole=total.whole and all(part.whole for part in parts),
            body=pack(_kept(total.profiles, whole=total.whole), basis.known),
        )
        store.merge(name, parts, whole)

    def _give_up(self, name: str) -> None:
        """Leave the model's open windows to be profiled from the lake."""
        store, inbox = self.catalog.partials, self.catalog.inbox.identity
        store.replace(Mark(name, inbox, store.moved(name, inbox), "none"), [])

    def _stored(self, model: str, window: Window) -> StoredWindow | None:
        try:
            return self.catalog.windows.get(model, window)
        except NotFound:
            return None


def _told(mark: Mark, rows: pa.Table) -> Mark:
    """The mark, with how late the rows came."""
    return observed(mark, _micros(rows, "_wk_time"), _micros(rows, "_wk_known_at"))


def _kept(profiles: Sequence[WindowProfile], *, whole: bool) -> Sequence[WindowProfile]:
    return profiles if whole else without_crowds(profiles)


def _slots(model: Model, rows: pa.Table) -> Iterator[_Slot]:
    """The rows by window, and by the first look that may see them: the one when the window is due,
    or the one at the full hour after they came.
    """
    length = model.granularity.length
    times, known = _micros(rows, "_wk_time"), _micros(rows, "_wk_known_at")
    first = model.granularity.window_of(from_micros(int(times[0])))
    origin, step = to_micros(first.start), length // timedelta(microseconds=1)
    starts = origin + (times - origin) // step * step
    due = starts + (first.due - first.start) // timedelta(microseconds=1)
    until = np.where(known <= due, due, -(-known // _HOUR_MICROS) * _HOUR_MICROS)
    keys = np.stack([starts, until], axis=1)
    for start, moment in np.unique(keys, axis=0).tolist():
        chosen = (starts == start) & (until == moment)
        window = Window(from_micros(start), from_micros(start) + length)
        held = rows if bool(chosen.all()) else rows.filter(pa.array(chosen))
        yield _Slot(window, from_micros(moment), held)


def _micros(rows: pa.Table, column: str) -> Ints:
    if not rows.num_rows:
        return np.zeros(0, np.int64)
    found: Ints = rows.column(column).cast(pa.int64()).to_numpy()
    return found
