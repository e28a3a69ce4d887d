"""Adding up: a look at a window whose rows were counted as they were moved.

The profile is the sum of the last one that was judged and of the partials since. What hangs on
labels is no such sum, because labels come later and are corrected: it is counted anew, from the
columns that it needs, and only where the window has labels at all. So are the two figures that
partials cannot have: rows that repeat another, and each label against the one before.

Every sum is checked against the lake: as many rows, no id twice, as known at the look's moment.
Where that fails, or the rows cannot be counted so, there is no sum, and the window is profiled
from the lake as if nothing had been counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc

from watchkeeper.catalog.partials import PartialRows
from watchkeeper.catalog.windows import StoredWindow
from watchkeeper.domain.model import Column, ColumnType, Model, Role
from watchkeeper.domain.profile import WINDOW_SLICES, Binning, WindowProfile
from watchkeeper.domain.window import Window
from watchkeeper.lake.lake import Lake
from watchkeeper.lake.schemas import stored_columns
from watchkeeper.monitors.custom import columns_read
from watchkeeper.monitors.slices import TOTAL, SliceKey
from watchkeeper.profiles.breakdown import TYPES
from watchkeeper.profiles.frame import MOST_SLICES
from watchkeeper.profiles.identity import with_identity
from watchkeeper.profiles.merge import merge
from watchkeeper.profiles.packing import known_binnings, unpack
from watchkeeper.profiles.partials.partial import partial
from watchkeeper.server.schedule import Look

__all__ = [
    "Sum",
    "Total",
    "Unseen",
    "added",
    "basis_name",
    "profiled_rows",
    "reaches_over",
    "summed",
    "without_crowds",
]

_LABEL_KNOWN = "_wk_label_known_at"
_ALWAYS = ("_wk_id", "_wk_time", "_wk_known_at")
_TELLING = 2  # real numbers that, with the time, hardly repeat together
_OUTCOME = frozenset({Role.PREDICTION, Role.SCORE, Role.SEGMENT})


@dataclass(frozen=True, slots=True)
class Unseen:
    """What a window's profile is added up from: the last one that was judged (empty before the
    first), and the packed partials since then. Without either there is nothing to add up.
    """

    base: tuple[WindowProfile, ...] = ()
    parts: tuple[bytes, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.base or self.parts)


@dataclass(frozen=True, slots=True)
class Sum:
    """The profiles of a window, added up, and the rows that they were checked by: of the columns
    that labels and the model's own metrics need.
    """

    profiles: tuple[WindowProfile, ...]
    rows: pa.Table


@dataclass(frozen=True, slots=True)
class Total:
    """Partials added up, in the order of `compute.profile`; ``whole``: in every slice."""

    profiles: tuple[WindowProfile, ...]
    whole: bool


def summed(parts: Sequence[Sequence[WindowProfile]]) -> Total:
    """The sum of partials (at least one), slice by slice.

    A column that has more values than get a slice makes a sum that is not ``whole``.
    """
    slices: dict[SliceKey, list[WindowProfile]] = {}
    for part in parts:
        for held in part:
            slices.setdefault(_key(held), []).append(held)
    columns = [_column(key) for key in slices]
    crowded = any(columns.count(name) > MOST_SLICES for name in set(columns))
    places = {name: place for place, name in enumerate(dict.fromkeys(columns))}
    ordered = sorted(
        slices, key=lambda key: (places[_column(key)], key.version or "", key.segment or "")
    )
    return Total(tuple(merge(slices[key]) for key in ordered), not crowded)


def _column(key: SliceKey) -> str:
    """By which column a slice is made; all rows, which stand first, by none."""
    if key.segment is not None:
        return key.segment.split("=", 1)[0]
    return "" if key.version is None else "_wk_version"


def profiled_rows(stored: StoredWindow, counted: Sequence[PartialRows]) -> int:
    """How many rows of a window are in its profile: in the one judged last, and counted since."""
    since = sum(
        item.rows
        for item in counted
        if stored.judged_at is None or item.known_until > stored.judged_at
    )
    return stored.profiled_rows + since


def without_crowds(profiles: Sequence[WindowProfile]) -> tuple[WindowProfile, ...]:
    """Only the slices that always add up: all rows."""
    return tuple(held for held in profiles if _key(held) == TOTAL)


def basis_name(revision: int, baseline: int | None) -> str:
    """What rows are counted by, in short: the definition's revision and the reference's."""
    return f"{revision}.{baseline or 0}"


def added(
    lake: Lake, model: Model, binnings: Mapping[str, Binning], look: Look, unseen: Unseen
) -> Sum | None:
    """The profiles of a window as of a look; None where they cannot be had by adding up."""
    known = known_binnings(model, binnings)
    parts = [unpack(body, known) for body in unseen.parts]
    total = summed([[_plain(part) for part in held] for held in (unseen.base, *parts) if held])
    labelled = lake.has_labels(model.name, look.window)
    (rows,) = lake.joined_each(
        model, [(look.window, look.as_of)], columns=_needed(model, labelled=labelled)
    )
    told = labelled or any(_labels(part) for part in total.profiles)
    if not total.whole or rows.num_rows != total.profiles[0].rows or not rows.num_rows:
        return None
    profiles = _with_labels(total, model, binnings, rows) if told else total.profiles
    repeated = None if profiles is None else _repeated(lake, model, look, rows)
    if profiles is None or repeated is None:
        return None
    whole = replace(profiles[0], duplicate_rows=repeated)
    return Sum(tuple(with_identity(part) for part in (whole, *profiles[1:])), rows)


def reaches_over(rows: pa.Table, window: Window) -> bool:
    """Whether rows begin and end with the window, to within a part of it."""
    ends = pc.min_max(rows.column("_wk_time"))
    slack = window.length / WINDOW_SLICES
    first, last = (ends[name].as_py() for name in ("min", "max"))
    return bool(first <= window.start + slack and window.end - slack <= last)


def _plain(part: WindowProfile) -> WindowProfile:
    """Without what is said of one revision only."""
    return replace(
        part,
        id="",
        known_at=None,
        lake_version=None,
        revision=1,
        accounting=None,
        schema={},
        figures={},
        complete=True,
        duplicate_rows=0,
    )


def _labels(part: WindowProfile) -> int:
    return 0 if part.performance is None else part.performance.labelled


def _key(part: WindowProfile) -> SliceKey:
    return SliceKey(part.version, part.arm, part.segment)


def _needed(model: Model, *, labelled: bool) -> tuple[str, ...]:
    """The columns that a sum is checked by; where there are labels, those that they need too."""
    stored = stored_columns(model)
    numbers = [column.name for column in stored if column.type is ColumnType.NUMERIC]
    names = [*_ALWAYS, *numbers[:_TELLING], *columns_read(model)]
    if labelled:
        names += ["_wk_version", *(c.name for c in stored if _hangs_on_labels(c))]
    return tuple(dict.fromkeys(names))


def _hangs_on_labels(column: Column) -> bool:
    broken_down = column.role is Role.FEATURE and column.type in TYPES
    return column.role in _OUTCOME or broken_down


def _with_labels(
    total: Total, model: Model, binnings: Mapping[str, Binning], rows: pa.Table
) -> tuple[WindowProfile, ...] | None:
    """The profiles with what hangs on labels counted from the rows; None where they differ."""
    window = total.profiles[0].window
    found = None if window is None else partial(rows, model, binnings, window, columns=False)
    if found is None or found.crowded:
        return None
    told = {_key(part): part for part in found.profiles}
    if {key: part.rows for key, part in told.items()} != {
        _key(part): part.rows for part in total.profiles
    }:
        return None
    return tuple(
        replace(
            part,
            columns={**part.columns, **told[_key(part)].columns},
            performance=told[_key(part)].performance,
            breakdowns=told[_key(part)].breakdowns,
        )
        for part in total.profiles
    )


def _repeated(lake: Lake, model: Model, look: Look, rows: pa.Table) -> int | None:
    """How many rows repeat another in every column; None where their columns cannot be compared.

    Where the time and two numbers never repeat together, no row does.
    """
    own = [name for name in rows.column_names if not name.startswith("_wk_")]
    few = ["_wk_time", *(n for n in own if pa.types.is_float64(rows.schema.field(n).type))]
    if _distinct(rows, few[: 1 + _TELLING]) == rows.num_rows:
        return 0
    (every,) = lake.joined_each(model, [(look.window, look.as_of)])
    names = [n for n in every.column_names if n == "_wk_time" or not n.startswith("_wk_")]
    if any(pa.types.is_nested(every.schema.field(name).type) for name in names):
        return None
    return int(every.num_rows - _distinct(every, names))


def _distinct(rows: pa.Table, names: Sequence[str]) -> int:
    return int(rows.select(names).group_by(list(names)).aggregate([]).num_rows)
