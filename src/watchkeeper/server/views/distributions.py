"""One column's distribution: the reference and a window on the same bars."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Literal

import numpy as np
import numpy.typing as npt

from watchkeeper.catalog.catalog import Catalog
from watchkeeper.catalog.verdicts import VerdictFilter
from watchkeeper.catalog.windows import StoredWindow
from watchkeeper.domain.model import Model
from watchkeeper.domain.profile import (
    CategoricalProfile,
    ColumnProfile,
    NumericProfile,
    WindowProfile,
)
from watchkeeper.errors import InvalidInput, NotFound
from watchkeeper.lake.lake import Lake
from watchkeeper.monitors.words import number
from watchkeeper.profiles.codec import decode
from watchkeeper.profiles.merge import merge
from watchkeeper.profiles.packing import unpack
from watchkeeper.server.basis import Bases
from watchkeeper.server.models import Models
from watchkeeper.server.references import References
from watchkeeper.server.sent import readable
from watchkeeper.server.wire.distributions import Bin, Distribution, Missing
from watchkeeper.server.wire.envelope import VerdictWire, verdict_wire, window_wire
from watchkeeper.stats.grid import value_of

__all__ = ["DistributionView", "categorical_bins", "numeric_bins"]

_BARS = 24
_VALUES = 30
_TRIM = 0.005  # of the reference that may lie outside the bars on each side
_FEWEST_SHOWN = 10  # a value that so few rows hold may point at one of them
_MOST_REMEMBERED = 256

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class DistributionView:
    """Reads profiles. The references, which do not change, are kept added up."""

    models: Models
    catalog: Catalog
    lake: Lake
    references: References
    _added: dict[tuple[str, int, str | None], WindowProfile | None] = field(default_factory=dict)

    def of(
        self, name: str, column: str, *, start: datetime | None, segment: str | None
    ) -> Distribution:
        """The column in the window that holds ``start``, or in the latest that was judged."""
        model = self.models.get(name).model
        if not any(known.name == column for known in model.columns):
            raise NotFound(f"model {name!r} has no column {column!r}")
        stored = self._window(model, start)
        now = None if stored is None else self._profile(model, stored, segment)
        then = self._reference(model, segment)
        verdicts = [] if stored is None else self._verdicts(model, stored, column, segment)
        return _distribution(model, column, (then, now), segment=segment, verdicts=verdicts)

    def _window(self, model: Model, start: datetime | None) -> StoredWindow | None:
        if start is None:
            found = self.catalog.windows.page(model.name, limit=1_000).items
            return next((item for item in found if item.judged_at is not None), None)
        if start.tzinfo is None:
            raise InvalidInput(f"start must carry a time zone, got {start.isoformat()!r}")
        return self.catalog.windows.get(model.name, model.granularity.window_of(start))

    def _profile(
        self, model: Model, stored: StoredWindow, segment: str | None
    ) -> WindowProfile | None:
        rows = self.lake.profiles(model.name, stored.window.start, stored.window.end)
        judged = [part for part in decode(rows) if part.window == stored.window]
        parts = [judged, *self._since(model, stored)]
        found = [part for held in parts for part in held if _is_slice(part, segment)]
        return merge(found) if found else None

    def _since(self, model: Model, stored: StoredWindow) -> Iterator[list[WindowProfile]]:
        """What was counted since the window was judged, or before it ever was."""
        store, since = self.catalog.partials, stored.judged_at
        basis = Bases(self.catalog.baselines).of(self.models.get(model.name))
        mark = store.mark(model.name)
        if mark is not None and mark.basis == basis.name:
            for part in store.of(model.name, stored.window):
                if since is None or part.known_until > since:
                    yield unpack(part.body, basis.known)
        later = [
            part
            for part in self.catalog.sent.of(model.name, stored.window)
            if since is None or (part.known_at is not None and part.known_at > since)
        ]
        yield from (profiles for _, profiles in readable(later, basis.known))

    def _reference(self, model: Model, segment: str | None) -> WindowProfile | None:
        baseline = self.catalog.baselines.current(model.name)
        if baseline is None:
            return None
        key = (model.name, baseline.revision, segment)
        if key not in self._added:
            if len(self._added) >= _MOST_REMEMBERED:
                self._added.clear()
            parts = [
                part for part in self.references.read(baseline).profiles if _is_slice(part, segment)
            ]
            self._added[key] = merge(parts) if parts else None
        return self._added[key]

    def _verdicts(
        self, model: Model, stored: StoredWindow, column: str, segment: str | None
    ) -> list[VerdictWire]:
        wanted = VerdictFilter(
            model=model.name,
            column=column,
            segment=segment or "",
            start=stored.window.start,
            end=stored.window.end,
        )
        return [verdict_wire(verdict) for verdict in self.catalog.verdicts.series(wanted)]


def _is_slice(part: WindowProfile, segment: str | None) -> bool:
    return part.version is None and part.arm is None and part.segment == segment


def _distribution(
    model: Model,
    column: str,
    both: tuple[WindowProfile | None, WindowProfile | None],
    *,
    segment: str | None,
    verdicts: list[VerdictWire],
) -> Distribution:
    then, now = (None if part is None else part.columns.get(column) for part in both)
    reference, current = both
    return Distribution(
        column=column,
        type=model.column(column).type.value,
        window=None if current is None or current.window is None else window_wire(current.window),
        segment=segment,
        reference_rows=0 if reference is None else reference.rows,
        current_rows=0 if current is None else current.rows,
        bins=_bins(then, now),
        missing=_missing(then, now),
        verdicts=verdicts,
    )


def _bins(then: ColumnProfile | None, now: ColumnProfile | None) -> list[Bin]:
    numeric = [part for part in (then, now) if isinstance(part, NumericProfile)]
    if numeric:
        return numeric_bins(
            then if isinstance(then, NumericProfile) else None,
            now if isinstance(now, NumericProfile) else None,
        )
    return categorical_bins(
        then if isinstance(then, CategoricalProfile) else None,
        now if isinstance(now, CategoricalProfile) else None,
    )


def numeric_bins(then: NumericProfile | None, now: NumericProfile | None) -> list[Bin]:
    """Equal steps over the middle 99 % of the reference (without one: of the window), and a bar
    for what lies below and above where there is any.
    """
    base = then if then is not None and len(then.cells) else now
    if base is None or not len(base.cells):
        return []
    edges = np.concatenate([[-np.inf], _edges(base), [np.inf]])
    before, after = _counted(then, edges), _counted(now, edges)
    held = (before + after > 0) | np.isfinite(edges[:-1]) & np.isfinite(edges[1:])
    return [
        Bin(
            kind="range",
            label=_range_label(low, high),
            low=float(low) if np.isfinite(low) else None,
            high=float(high) if np.isfinite(high) else None,
            reference_share=_share(before[at], before.sum()),
            current_share=_share(after[at], after.sum()),
            reference_count=int(before[at]),
            current_count=int(after[at]),
        )
        for at, (low, high) in enumerate(pairwise(edges))
        if held[at]
    ]


def categorical_bins(then: CategoricalProfile | None, now: CategoricalProfile | None) -> list[Bin]:
    """The values that are most frequent in either, then `other` and `unseen` where there are any.

    A value held by fewer than ten rows of both is not named.
    """
    before, after = _values(then), _values(now)
    named = [
        value
        for value in dict.fromkeys([*before, *after])
        if max(before.get(value, 0), after.get(value, 0)) >= _FEWEST_SHOWN
    ]
    totals = tuple(_total(part) for part in (then, now))
    named.sort(key=lambda value: -_weight(value, (before, after), totals))
    shown = named[:_VALUES]
    unseen = tuple(0 if part is None else part.unseen for part in (then, now))
    others = [
        total - gone - sum(counts.get(value, 0) for value in shown)
        for total, gone, counts in zip(totals, unseen, (before, after), strict=True)
    ]
    bars = [
        _bar("value", value, (before.get(value, 0), after.get(value, 0)), totals) for value in shown
    ]
    if any(others):
        bars.append(_bar("other", "other values", (others[0], others[1]), totals))
    if any(unseen):
        bars.append(_bar("unseen", "not in the reference", (unseen[0], unseen[1]), totals))
    return bars


def _edges(profile: NumericProfile) -> Floats:
    reached = np.cumsum(profile.counts) / profile.counts.sum()
    place = np.minimum(np.searchsorted(reached, [_TRIM, 0.5, 1.0 - _TRIM]), len(reached) - 1)
    low, middle, high = (int(cell) for cell in profile.cells[place])
    center, scale = profile.binning.center, profile.binning.scale
    with np.errstate(over="ignore", invalid="ignore"):
        ends = np.asarray(value_of([low - 0.5, middle, high + 0.5], center, scale), np.float64)
        part = (ends[1] - ends[0]) / (ends[2] - ends[0])
    if not 0.1 < part < 0.9:  # a long tail: steps on the grid's own scale show more
        steps = np.linspace(low - 0.5, high + 0.5, min(_BARS, high - low + 1) + 1)
        return np.asarray(value_of(steps, center, scale), np.float64)
    return np.linspace(ends[0], ends[2], _BARS + 1)


def _counted(profile: NumericProfile | None, edges: Floats) -> npt.NDArray[np.int64]:
    if profile is None or not len(profile.cells):
        return np.zeros(len(edges) - 1, np.int64)
    middles = value_of(profile.cells, profile.binning.center, profile.binning.scale)
    place = np.clip(np.searchsorted(edges, middles, side="right") - 1, 0, len(edges) - 2)
    return np.bincount(place, profile.counts, len(edges) - 1).astype(np.int64)


def _range_label(low: float, high: float) -> str:
    if not np.isfinite(low):
        return f"below {number(float(high))}"
    if not np.isfinite(high):
        return f"{number(float(low))} and above"
    return f"{number(float(low))} to {number(float(high))}"


def _values(profile: CategoricalProfile | None) -> dict[str, int]:
    if profile is None:
        return {}
    return dict(zip(profile.binning.values, profile.counts.tolist(), strict=True))


def _total(profile: CategoricalProfile | None) -> int:
    return 0 if profile is None else int(profile.counts.sum()) + profile.other + profile.unseen


def _weight(value: str, both: Sequence[dict[str, int]], totals: Sequence[int]) -> float:
    return sum(
        counts.get(value, 0) / max(1, total) for counts, total in zip(both, totals, strict=True)
    )


def _bar(
    kind: Literal["value", "other", "unseen"],
    label: str,
    counts: tuple[int, int],
    totals: Sequence[int],
) -> Bin:
    return Bin(
        kind=kind,
        label=label,
        low=None,
        high=None,
        reference_share=_share(counts[0], totals[0]),
        current_share=_share(counts[1], totals[1]),
        reference_count=counts[0],
        current_count=counts[1],
    )


def _missing(then: ColumnProfile | None, now: ColumnProfile | None) -> Missing:
    (gone_then, rows_then), (gone_now, rows_now) = _gone(then), _gone(now)
    return Missing(
        reference_count=gone_then,
        current_count=gone_now,
        reference_share=_share(gone_then, rows_then),
        current_share=_share(gone_now, rows_now),
    )


def _gone(profile: ColumnProfile | None) -> tuple[int, int]:
    """Rows without a usable value, and all rows."""
    if profile is None:
        return 0, 0
    if isinstance(profile, NumericProfile):
        infinite = profile.pos_inf + profile.neg_inf
        return profile.null + profile.nan + infinite + profile.invalid, profile.n
    return profile.null + profile.invalid, profile.n


def _share(part: float, whole: float) -> float | None:
    return float(part / whole) if whole else None
