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

from watchkeeper.domain.model import Column, ColumnType, Model, MonitorSpec, Role
from watchkeeper.domain.profile import (
    CategoricalProfile,
    ColumnProfile,
    CountProfile,
    NumericProfile,
    WindowProfile,
)
from watchkeeper.domain.verdict import Severity, Status
from watchkeeper.monitors.basis import basis_of
from watchkeeper.monitors.evidence import Evidence, History, Series
from watchkeeper.monitors.words import number, share
from watchkeeper.stats.interval.wilson import wilson
from watchkeeper.stats.rate import fit_rate

__all__ = ["constant"]

_WHAT = "constant"
_FEWEST = 10  # values: fewer that are equal say nothing
_MATERIAL_PART = 0.25  # of the model's materiality, as for every share
_ROLES = (Role.FEATURE, Role.SEGMENT, Role.SCORE, Role.PREDICTION, Role.CONTEXT)
_TYPES = (ColumnType.NUMERIC, ColumnType.CATEGORICAL, ColumnType.BOOLEAN)
_OTHER, _UNSEEN = -1, -2


@dataclass(frozen=True, slots=True)
class _Spread:
    """How the values of a column spread over ``keys`` (grid cells, or positions of categories).

    ``only`` is the one value where there is one, in words.
    """

    keys: dict[int, int]
    n: int
    only: str | None

    @property
    def top(self) -> float:
        """The share of the most frequent value."""
        return max(self.keys.values()) / self.n


def constant(
    spec: MonitorSpec, model: Model, current: Sequence[WindowProfile], history: History
) -> Iterator[Evidence]:
    """Whether each column varies as it did. The figure is the share of its most frequent value."""
    basis = basis_of(history, model.timezone)
    for column in _columns(spec, model):
        before = [s for profile in basis.windows if (s := _spread(profile, column.name))]
        if not before:
            continue
        series = Series(spec.name, _WHAT, column=column.name)
        for profile in current:
            now = _spread(profile, column.name)
            if now is not None:
                yield _judge(series, profile, now, before, gate=model.materiality * _MATERIAL_PART)


def _columns(spec: MonitorSpec, model: Model) -> list[Column]:
    wanted = [c for c in model.with_role(*_ROLES) if not spec.columns or c.name in spec.columns]
    return [column for column in wanted if column.type in _TYPES]


def _spread(profile: WindowProfile, name: str) -> _Spread | None:
    found = profile.columns.get(name)
    if found is None or isinstance(found, CountProfile):
        return None
    keys = _keys(found)
    n = sum(keys.values())
    return _Spread(keys, n, _only(found, n)) if n else None


def _keys(column: NumericProfile | CategoricalProfile) -> dict[int, int]:
    if isinstance(column, NumericProfile):
        return dict(zip(column.cells.tolist(), column.counts.tolist(), strict=True))
    keys = {at: count for at, count in enumerate(column.counts.tolist()) if count}
    rest = {_OTHER: column.other, _UNSEEN: column.unseen}
    return keys | {key: count for key, count in rest.items() if count}


def _only(column: ColumnProfile, n: int) -> str | None:
    if isinstance(column, NumericProfile) and column.minimum is not None:
        return number(column.minimum) if column.minimum == column.maximum else None
    if isinstance(column, CategoricalProfile):
        if column.counts.max(initial=0) == n:
            return repr(column.binning.values[int(np.argmax(column.counts))])
        if column.unseen_values and column.unseen_values[0][1] == n:
            return repr(column.unseen_values[0][0])
    return None


def _judge(
    series: Series, profile: WindowProfile, now: _Spread, before: list[_Spread], *, gate: float
) -> Evidence:
    pooled = _pool(before)
    if pooled.only is not None:
        p_value, material, words = _alive(now, pooled, gate)
    elif now.only is not None:
        p_value, material, words = _frozen(now, pooled, before)
    else:
        p_value, material, words = 1.0, False, f"varies over {len(now.keys):,} values, as before"
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
        material=material,
        severity=Severity.CRITICAL,
        effect={"reference": pooled.top, "p_value": p_value},
        profiles=(profile.id,) if profile.id else (),
    )


def _pool(parts: list[_Spread]) -> _Spread:
    keys: dict[int, int] = {}
    for part in parts:
        for key, count in part.keys.items():
            keys[key] = keys.get(key, 0) + count
    values = {part.only for part in parts}
    return _Spread(keys, sum(keys.values()), values.pop() if len(values) == 1 else None)


def _frozen(now: _Spread, pooled: _Spread, before: list[_Spread]) -> tuple[float, bool, str]:
    shares = np.array(list(pooled.keys.values())) / pooled.n
    p_value = float(np.sum(shares**now.n))
    natural = sum(part.only is not None for part in before)
    if natural:
        p_value = max(p_value, (natural + 0.5) / (len(before) + 1.0))
    words = (
        f"all {now.n:,} values are {now.only}; before, the most frequent value had "
        f"{share(pooled.top)} of {pooled.n:,}"
    )
    return p_value, now.n >= _FEWEST, words


def _alive(now: _Spread, pooled: _Spread, gate: float) -> tuple[float, bool, str]:
    if now.only == pooled.only:
        return 1.0, False, f"all {now.n:,} values are {now.only}, as before"
    home = next(iter(pooled.keys))
    other = max(1, now.n - now.keys.get(home, 0)) if now.only is None else now.n
    p_value = fit_rate([0], [pooled.n], tau=0.0).p_value(other, now.n)
    words = (
        f"{share(other / now.n)} of {now.n:,} values are not {pooled.only}, "
        f"the one value of all {pooled.n:,} before"
    )
    return p_value, wilson(other, now.n)[0] > gate, words
