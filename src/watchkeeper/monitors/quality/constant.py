"""A column that varied and is one value now, and a column that was one value and varies now.

Constant: the chance that n values drawn as before are all equal is ``Σ p_v^n`` over the values v
(or grid cells, which can only make it larger); where windows of the reference were constant too
(the weekday, in daily windows) it is at least their share. Come alive: the share of values that
are not the one value of the reference, against none of N.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from watchkeeper.domain.model import Column, ColumnType, Model, MonitorSpec, Role
from watchkeeper.domain.profile import (
    CategoricalProfile,
    ColumnProfile,
    CountProfile,
    NumericProfile,
    WindowProfile,
)
from watchkeeper.domain.verdict import Severity, Status
from watchkeeper.monitors.basis import column_basis
from watchkeeper.monitors.evidence import LONG_SHOT, Evidence, History, Series
from watchkeeper.monitors.memo import Memo
from watchkeeper.monitors.words import number, share
from watchkeeper.stats.grid import pooled
from watchkeeper.stats.interval.wilson import wilson
from watchkeeper.stats.rate import fit_rate

__all__ = ["constant"]

_WHAT = "constant"
_FEWEST = 10  # values: fewer that are equal say nothing
_MATERIAL_PART = 0.25  # of the model's materiality, as for every share
_ROLES = (Role.FEATURE, Role.SEGMENT, Role.SCORE, Role.PREDICTION, Role.CONTEXT)
_TYPES = (ColumnType.NUMERIC, ColumnType.CATEGORICAL, ColumnType.BOOLEAN)
_OTHER, _UNSEEN = -1, -2

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Spread:
    """How the ``n`` values of a column spread over ``keys`` (grid cells, or places of categories).

    ``only`` is the one value where there is one, in words.
    """

    keys: Ints
    counts: Ints
    n: int
    only: str | None

    @property
    def top(self) -> float:
        """The share of the most frequent value."""
        return float(self.counts.max()) / self.n


def constant(
    spec: MonitorSpec, model: Model, current: Sequence[WindowProfile], history: History
) -> Iterator[Evidence]:
    """Whether each column varies as it did. The figure is the share of its most frequent value."""
    for column in _columns(spec, model):
        basis = column_basis(history, model.timezone, column.name)
        parts = [s for profile in basis.windows if (s := _spread(profile, column.name))]
        if not parts:
            continue
        before, natural = _pool(parts), sum(part.only is not None for part in parts) / len(parts)
        series = Series(spec.name, _WHAT, column=column.name)
        for profile in current:
            now = _spread(profile, column.name)
            if now is not None:
                gate = model.materiality * _MATERIAL_PART
                said = _compare(now, before, natural, (len(parts), gate))
                yield _evidence(series, profile, now, said, reference=before.top)


def _columns(spec: MonitorSpec, model: Model) -> list[Column]:
    wanted = [c for c in model.with_role(*_ROLES) if not spec.columns or c.name in spec.columns]
    return [column for column in wanted if column.type in _TYPES]


def _spread(profile: WindowProfile, name: str) -> _Spread | None:
    found = profile.columns.get(name)
    return None if found is None or isinstance(found, CountProfile) else _spread_of(found)


def _spread_anew(column: NumericProfile | CategoricalProfile) -> _Spread | None:
    keys, counts = _counted(column)
    n = int(counts.sum())
    return _Spread(keys, counts, n, _only(column, n)) if n else None


_spread_of: Memo[NumericProfile | CategoricalProfile, _Spread | None] = Memo(_spread_anew)


def _counted(column: NumericProfile | CategoricalProfile) -> tuple[Ints, Ints]:
    if isinstance(column, NumericProfile):
        return column.cells, column.counts
    held = np.flatnonzero(column.counts)
    rest = [(_OTHER, column.other), (_UNSEEN, column.unseen)]
    more = np.array([pair for pair in rest if pair[1]], np.int64).reshape(-1, 2)
    keys = np.concatenate([held.astype(np.int64), more[:, 0]])
    return keys, np.concatenate([column.counts[held], more[:, 1]])


def _only(column: ColumnProfile, n: int) -> str | None:
    if isinstance(column, NumericProfile) and column.minimum is not None:
        return number(column.minimum) if column.minimum == column.maximum else None
    if isinstance(column, CategoricalProfile):
        if column.counts.max(initial=0) == n:
            return repr(column.binning.values[int(np.argmax(column.counts))])
        if column.unseen_values and column.unseen_values[0][1] == n:
            return repr(column.unseen_values[0][0])
    return None


def _pool(parts: Sequence[_Spread]) -> _Spread:
    keys, counts = pooled([part.keys for part in parts], [part.counts for part in parts])
    values = {part.only for part in parts}
    only = values.pop() if len(values) == 1 else None
    return _Spread(keys, counts, int(counts.sum()), only)


def _compare(
    now: _Spread, before: _Spread, natural: float, scale: tuple[int, float]
) -> tuple[float, bool, str]:
    """The p-value, whether it is material, and the words."""
    windows, gate = scale
    if before.only is not None:
        return _alive(now, before, gate)
    if now.only is None:
        return 1.0, False, "varies, as before"
    p_value = float(np.sum((before.counts / before.n) ** now.n))
    if natural:
        p_value = max(p_value, (natural * windows + 0.5) / (windows + 1.0))
    words = (
        f"all {now.n:,} values are {now.only}; before, the most frequent value had "
        f"{share(before.top)} of {before.n:,}"
    )
    return min(1.0, p_value), now.n >= _FEWEST, words


def _alive(now: _Spread, before: _Spread, gate: float) -> tuple[float, bool, str]:
    if now.only == before.only:
        return 1.0, False, f"all {now.n:,} values are {now.only}, as before"
    # Different values may share the cell of the constant: at least one is another.
    other = max(1, int(now.counts[now.keys != before.keys[0]].sum()))
    other = now.n if now.only is not None else other
    p_value = fit_rate([0], [before.n], tau=0.0).p_value(other, now.n)
    words = (
        f"{share(other / now.n)} of {now.n:,} values are not {before.only}, "
        f"the one value of all {before.n:,} before"
    )
    return p_value, before.n >= _FEWEST and wilson(other, now.n)[0] > gate, words


def _evidence(
    series: Series,
    profile: WindowProfile,
    now: _Spread,
    said: tuple[float, bool, str],
    *,
    reference: float,
) -> Evidence:
    p_value, material, words = said
    low, high = wilson(round(now.top * now.n), now.n)
    return Evidence(
        series=series,
        window=profile.window,
        status=Status.OK,
        message=f"{series.column}: {words}",
        n=now.n,
        value=now.top,
        low=low,
        high=high,
        p_value=p_value,
        weight=LONG_SHOT,
        material=material,
        severity=Severity.CRITICAL,
        effect={"reference": reference, "p_value": p_value},
        profiles=(profile.id,) if profile.id else (),
    )
