"""Volume: gaps and spikes of the number of rows, against the season.

On the log scale, where natural variation is a percentage and the sampling variance of a count n is
1/n. A reference is often a sample of the traffic: how many rows it has a day says how it was
collected. So the rolling windows give the level where there are four of them; else the reference
does, unless the judged windows hold more than three times as many rows, in which case the level is
the median of the judged windows themselves, and the message says so. A window without any row,
where windows always had rows, is a gap: a fault outside the budget.

Holidays are judged against holidays. Where the baseline holds too few of them nothing is said of
their number of rows, unless there are none at all: that is a gap on a holiday too.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from watchkeeper.domain.model import Model, MonitorSpec
from watchkeeper.domain.profile import WindowProfile
from watchkeeper.domain.verdict import Severity, Status
from watchkeeper.monitors.basis import Basis, basis_of
from watchkeeper.monitors.calendar import Kind, by_kind
from watchkeeper.monitors.evidence import Evidence, History, Series
from watchkeeper.stats.variation import ENOUGH_WINDOWS, Variation

__all__ = ["volume"]

_FEW = f"fewer than {ENOUGH_WINDOWS} windows to know what is normal"
_SAMPLED = 3.0
_EXPECTED_ROWS = 10.0  # fewer are expected: an empty window may be chance
_MATERIAL = math.log(1.25)
_CRITICAL = math.log(2.0)


@dataclass(frozen=True, slots=True)
class _Level:
    """What is normal; ``shift``: by how much (log) the judged windows lie above the reference."""

    normal: Variation
    basis: Basis
    shift: float
    empty: frozenset[int]  # the seasons in which windows were empty before


def volume(
    spec: MonitorSpec, model: Model, current: Sequence[WindowProfile], history: History
) -> Iterator[Evidence]:
    """The number of rows of every complete window; nothing where the data has no time."""
    whole = [profile for profile in current if profile.complete and profile.window is not None]
    if not history.timed or not whole:
        return
    series = Series(spec.name, "volume")
    for kind in by_kind(model, whole, history):
        shortage = kind.shortage([p for p in _all(kind.history) if p.complete])
        if shortage:
            everything = _level(Kind(kind.current, history), model)
            yield from _unlike(series, kind, shortage, everything)
            continue
        level = _level(kind, model)
        for profile in kind.current:
            yield _judge(series, profile, level) if level else _unknown(series, profile, _FEW)


def _all(history: History) -> Sequence[WindowProfile]:
    return (*history.reference, *history.recent)


def _level(kind: Kind, model: Model) -> _Level | None:
    basis = basis_of(kind.history, model.timezone)
    rolling = [profile for profile in kind.history.recent if profile.complete]
    rolls = len(rolling) >= ENOUGH_WINDOWS and not kind.shortage(rolling)
    if rolls:
        basis = Basis(tuple(rolling), basis.seasons, timed=True)
    normal = basis.figure(lambda profile: _log_rows(profile) if profile.complete else None)
    if normal is None:
        return None
    empty = frozenset(
        basis.seasons.of(p.window) for p in basis.windows if p.rows == 0 and p.complete
    )
    shift = 0.0
    if not rolls:
        shift = median(
            _log_rows(profile)[0] - normal.expected(basis.seasons.of(profile.window))[0]
            for profile in kind.current
        )
    return _Level(normal, basis, shift if shift > math.log(_SAMPLED) else 0.0, empty)


def _unlike(
    series: Series, kind: Kind, shortage: str, everything: _Level | None
) -> Iterator[Evidence]:
    """Holidays that there are too few others to judge by; those without rows as any window."""
    closed = any(profile.rows == 0 and profile.complete for profile in _all(kind.history))
    for profile in kind.current:
        if profile.rows or closed or everything is None:
            why = kind.unjudged(profile, shortage)
            yield _unknown(series, profile, why)
        else:
            yield _judge(series, profile, everything)


def _log_rows(profile: WindowProfile) -> tuple[float, float]:
    rows = profile.rows + 0.5
    return math.log(rows), 1.0 / rows


def _judge(series: Series, profile: WindowProfile, level: _Level) -> Evidence:
    season = level.basis.seasons.of(profile.window)
    expected = math.exp(level.normal.expected(season)[0] + level.shift)
    if profile.rows == 0:
        return _gap(series, profile, expected, was_empty=season in level.empty)
    log_rows, variance = _log_rows(profile)
    p_value = level.normal.p_value(log_rows - level.shift, variance, season)
    low, high = (math.exp(x + level.shift) for x in level.normal.band(1.0 / expected, season))
    change = math.log(profile.rows / expected)
    learnt = level.normal.reference_p_values
    return Evidence(
        series=series,
        window=profile.window,
        status=Status.OK,
        message=_sentence(profile.rows, (low, expected, high), level.shift),
        n=profile.rows,
        value=float(profile.rows),
        low=float(profile.rows),
        high=float(profile.rows),
        p_value=p_value,
        reference_p_values=learnt,
        material=abs(change) > _MATERIAL,
        severity=Severity.CRITICAL if abs(change) >= _CRITICAL else Severity.WARNING,
        provisional=level.basis.provisional,
        effect={
            "expected": expected,
            "expected_low": low,
            "expected_high": high,
            "p_value": p_value,
        },
        profiles=(profile.id,) if profile.id else (),
    )


def _sentence(rows: int, band: tuple[float, float, float], shift: float) -> str:
    low, expected, high = band
    ratio = rows / expected
    times = f"{ratio:.1f} times" if ratio >= 10.0 else f"{100.0 * ratio:.0f} % of"
    sampled = (
        f"; the level is that of the judged windows, {math.exp(shift):,.0f} times the reference's"
        if shift
        else ""
    )
    return (
        f"{rows:,} rows, {times} the {expected:,.0f} to be expected here "
        f"(normally {low:,.0f} to {high:,.0f}){sampled}"
    )


def _gap(series: Series, profile: WindowProfile, expected: float, *, was_empty: bool) -> Evidence:
    fault = not was_empty and expected >= _EXPECTED_ROWS
    words = (
        f"no rows at all, where about {expected:,.0f} were to be expected and windows never were empty"
        if fault
        else "no rows; windows like this one were empty before, or nearly"
    )
    return Evidence(
        series=series,
        window=profile.window,
        status=Status.ALERT if fault else Status.OK,
        message=words,
        n=0,
        value=0.0,
        low=0.0,
        high=0.0,
        severity=Severity.CRITICAL,
        effect={"expected": expected},
    )


def _unknown(series: Series, profile: WindowProfile, why: str) -> Evidence:
    return Evidence(
        series=series,
        window=profile.window,
        status=Status.INSUFFICIENT_DATA,
        message=f"{profile.rows:,} rows; {why}",
        n=profile.rows,
        value=float(profile.rows),
    )
