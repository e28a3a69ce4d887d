"""What a look at windows sees: their rows as they were known at its moment, profiled and kept.

Apart from the lake, everything that it needs comes with the call, so that another process can look.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import pyarrow as pa

from watchkeeper.catalog.sent_profiles import SentPart
from watchkeeper.domain.model import Model
from watchkeeper.domain.profile import (
    Binning,
    CategoricalBinning,
    CategoricalProfile,
    ColumnProfile,
    NumericBinning,
    NumericProfile,
    ServiceProfile,
    WindowProfile,
)
from watchkeeper.domain.window import Window
from watchkeeper.lake.lake import Lake
from watchkeeper.lake.profile_rows import ProfilePart
from watchkeeper.monitors.custom import measure
from watchkeeper.monitors.slices import TOTAL, SliceKey
from watchkeeper.profiles.codec import encode
from watchkeeper.profiles.compute import profile
from watchkeeper.profiles.identity import with_identity
from watchkeeper.profiles.readers import open_table
from watchkeeper.profiles.served import read_service
from watchkeeper.server.adding import Unseen, added, reaches_over
from watchkeeper.server.schedule import Look
from watchkeeper.server.schema import with_stored_schema
from watchkeeper.server.sent import with_sent

__all__ = ["Asked", "Counting", "Seen", "is_whole", "see", "shared"]

_LABEL_KNOWN = "_wk_label_known_at"


@dataclass(frozen=True, slots=True)
class Counting:
    """How the windows of a model are counted; the first that it ever had begins at ``begin``."""

    model: Model
    binnings: Mapping[str, Binning]
    begin: datetime


@dataclass(frozen=True, slots=True)
class Asked:
    """A look, the columns that the window's rows brought, and those beyond the definition; and what
    its profile may be added up from; and what clients counted of the window themselves.
    """

    look: Look
    present: Collection[str]
    extra: Collection[str]
    unseen: Unseen = field(default_factory=Unseen)
    sent: tuple[SentPart, ...] = ()
    served: str | None = None  # how the model's own server says that it answered


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look saw: the profiles of the window, and how many of its rows had a label."""

    look: Look
    profiles: tuple[WindowProfile, ...]
    joined: int


def see(lake: Lake, counting: Counting, asked: Sequence[Asked]) -> list[Seen]:
    """Profile the windows of some looks, and keep the profiles.

    What a profile costs is asking for it, hardly its rows: windows that are due together are asked
    for together, each with the rows that were known at its own moment.
    """
    tried = ((at, _added(lake, counting, each)) for at, each in enumerate(asked))
    sums = {at: seen for at, seen in tried if seen is not None}
    rest = [at for at in range(len(asked)) if at not in sums]
    recounted = _recounted(lake, counting, [asked[at] for at in rest])
    by_place = sums | dict(zip(rest, recounted, strict=True))
    found = [by_place[at] for at in range(len(asked))]
    lake.append_profiles(counting.model.name, [_part(seen) for seen in found])
    return found


def _added(lake: Lake, counting: Counting, asked: Asked) -> Seen | None:
    """What a look sees whose window was counted as its rows came."""
    if not asked.unseen or asked.sent:
        return None
    model, look = counting.model, asked.look
    total = added(lake, model, counting.binnings, look, asked.unseen)
    if total is None:
        return None
    first = look.window.start <= counting.begin
    complete = not first or reaches_over(total.rows, look.window)
    profiles = [replace(part, complete=complete) for part in total.profiles]
    return _seen(model, asked, total.rows, profiles)


def _recounted(lake: Lake, counting: Counting, asked: Sequence[Asked]) -> list[Seen]:
    """What looks see that profile their windows from the lake."""
    model, looks = counting.model, [each.look for each in asked]
    rows = lake.joined_each(model, [(look.window, look.as_of) for look in looks])
    found: dict[int, Seen] = {}
    for group in _each_window_once(looks):
        profiles = _profiled(counting, [(looks[at], rows[at]) for at in group])
        for at in group:
            counted = with_sent(
                profiles[looks[at].window],
                asked[at].sent,
                model,
                counting.binnings,
                first=looks[at].window.start <= counting.begin,
            )
            found[at] = _seen(model, asked[at], rows[at], counted)
    return [found[at] for at in range(len(asked))]


def shared(seen: Seen, binnings: Mapping[str, Binning]) -> Seen:
    """What another process saw, with the very binnings that are held here: comparing thousands of
    categories with themselves is then no work.
    """
    return replace(seen, profiles=tuple(_on(part, binnings) for part in seen.profiles))


def _on(part: WindowProfile, binnings: Mapping[str, Binning]) -> WindowProfile:
    columns = {name: _counted_by(held, binnings.get(name)) for name, held in part.columns.items()}
    return replace(part, columns=columns)


def _counted_by(held: ColumnProfile, binning: Binning | None) -> ColumnProfile:
    if isinstance(held, NumericProfile) and isinstance(binning, NumericBinning):
        return replace(held, binning=binning)
    if isinstance(held, CategoricalProfile) and isinstance(binning, CategoricalBinning):
        return replace(held, binning=binning)
    return held


def is_whole(part: WindowProfile) -> bool:
    """Whether a profile is of all rows of its window."""
    return SliceKey(part.version, part.arm, part.segment) == TOTAL


def _part(seen: Seen) -> ProfilePart:
    look = seen.look
    revision = look.stored.profile_revision + 1
    return ProfilePart(look.window, look.as_of, revision, encode(seen.profiles))


def _seen(model: Model, asked: Asked, rows: pa.Table, profiles: Sequence[WindowProfile]) -> Seen:
    look, stored = asked.look, asked.look.stored
    figures = measure(model, rows)
    stamped = tuple(
        replace(
            with_stored_schema(part, model, present=asked.present, extra=asked.extra)
            if part.rows
            else part,
            known_at=look.as_of,
            revision=stored.profile_revision + 1,
            lake_version=stored.predictions_version,
            accounting=stored.accounting,
            figures=figures if is_whole(part) else {},
            service=_service(part, asked),
        )
        for part in profiles
    )
    unlabelled = rows.column(_LABEL_KNOWN).null_count if rows.num_rows else 0
    return Seen(look, stamped, rows.num_rows - unlabelled)


def _service(part: WindowProfile, asked: Asked) -> ServiceProfile | None:
    """How it answered: of all rows what the model's server says, where one is asked."""
    if asked.served is None or not is_whole(part):
        return part.service
    return read_service(asked.served)


def _each_window_once(looks: Sequence[Look]) -> list[list[int]]:
    """The places of the looks, in groups that hold no window twice."""
    groups: list[list[int]] = []
    times: dict[Window, int] = {}
    for at, look in enumerate(looks):
        number = times.get(look.window, 0)
        times[look.window] = number + 1
        if number == len(groups):
            groups.append([])
        groups[number].append(at)
    return groups


def _profiled(
    counting: Counting, looks: Sequence[tuple[Look, pa.Table]]
) -> dict[Window, list[WindowProfile]]:
    model = counting.model
    found: dict[Window, list[WindowProfile]] = {}
    # Before the first window nothing was sent: where it began is told by its rows alone.
    first = [pair for pair in looks if pair[0].window.start <= counting.begin][:1]
    for together, covers in ((first, None), ([p for p in looks if p not in first], _span(looks))):
        held = [rows for _, rows in together if rows.num_rows]
        if held:
            for part in profile(
                open_table(pa.concat_tables(held)),
                model,
                counting.binnings,
                granularity=model.granularity,
                covers=covers,
                breakdown=True,
            ):
                if part.window is not None:
                    found.setdefault(part.window, []).append(part)
    for look, rows in looks:
        if not rows.num_rows:
            found[look.window] = [with_identity(WindowProfile(model.name, look.window, 0, {}))]
    return found


def _span(looks: Sequence[tuple[Look, pa.Table]]) -> Window:
    windows = [look.window for look, _ in looks]
    return Window(min(w.start for w in windows), max(w.end for w in windows))
