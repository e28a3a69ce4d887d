"""Two tables made into profiles that can be judged: windows where there is time, else blocks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from watchkeeper.domain.model import Model
from watchkeeper.domain.profile import Binning, WindowProfile
from watchkeeper.domain.window import Granularity
from watchkeeper.monitors.evidence import History
from watchkeeper.monitors.slices import TOTAL, SliceKey, grouped
from watchkeeper.profiles.compute import profile
from watchkeeper.profiles.windows import SYSTEM_TIME
from watchkeeper.reports.measured import measured

if TYPE_CHECKING:
    import ibis

__all__ = ["BLOCKS", "Profiled", "profile_blocks", "profile_windows"]

BLOCKS = 8
_MOST_GAPS = 10_000  # windows without rows that are filled in; more is a mistaken clock, not a gap
_DAY = Granularity(timedelta(days=1))
_EPOCH = datetime(1970, 1, 5, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Profiled:
    """A table as profiles. ``timed``: they are windows of time, not blocks or the whole."""

    profiles: tuple[WindowProfile, ...]
    timed: bool

    @property
    def whole(self) -> list[WindowProfile]:
        """The profiles of all rows, without slices."""
        return [p for p in self.profiles if SliceKey(p.version, p.arm, p.segment) == TOTAL]

    def histories(self) -> dict[SliceKey, History]:
        """The profiles as what other windows of the same slice are judged against."""
        return {
            key: History(tuple(found), self.timed) for key, found in grouped(self.profiles).items()
        }


def profile_windows(
    table: ibis.Table, model: Model, binnings: Mapping[str, Binning], *, breakdown: bool = False
) -> Profiled:
    """One profile per window of the model's granularity; windows between them that hold no row
    are there too, with no row: a gap is a finding. ``breakdown`` as in `profile`.
    """
    found = profile(table, model, binnings, granularity=model.granularity, breakdown=breakdown)
    found = measured(found, table, model, model.granularity)
    return Profiled((*found, *_gaps(found, model)), timed=True)


def profile_blocks(
    table: ibis.Table,
    model: Model,
    binnings: Mapping[str, Binning],
    *,
    blocks: int,
    breakdown: bool = False,
) -> Profiled:
    """``blocks`` profiles without time, of every ``blocks``-th row each; one: the whole table.

    Rows are dealt in turn, so that a table that is sorted gives blocks that are alike.
    """
    if blocks == 1:
        found = profile(table, model, binnings, granularity=None, breakdown=breakdown)
        return Profiled(tuple(measured(found, table, model, None)), timed=False)
    import ibis

    # A block is made a day, so that one pass over the table profiles all of them.
    day = ibis.row_number().over(ibis.window()) % blocks
    dealt = table.mutate(
        **{SYSTEM_TIME: (day * 86_400 + int(_EPOCH.timestamp())).as_timestamp("s")}
    )
    found = profile(dealt, model, binnings, granularity=_DAY, breakdown=breakdown)
    found = measured(found, dealt, model, _DAY)
    return Profiled(tuple(replace(part, window=None) for part in found), timed=False)


def _gaps(found: Sequence[WindowProfile], model: Model) -> list[WindowProfile]:
    held = {p.window for p in found if SliceKey(p.version, p.arm, p.segment) == TOTAL and p.window}
    if not held:
        return []
    start, end = min(w.start for w in held), max(w.end for w in held)
    if (end - start) / model.granularity.length > _MOST_GAPS:
        return []
    return [
        WindowProfile(model.name, window, 0, {}, id=f"empty:{window.start.isoformat()}")
        for window in model.granularity.windows(start, end)
        if window not in held
    ]
