"""Faults that are a share of rows: one skeleton, to which each check adds what it counts.

A share is judged against the same share of the reference (`watchkeeper.stats.rate`), season by
season. It is material where the 95 % interval of the share now stays more than a quarter of the
model's materiality above the share before: half a percent of the rows at the default. Less of a
fault is no fault, but for missing values.

Two findings need no statistics and stand outside the alarm budget: values of the wrong type where
the reference has none, and a fault of every single row that was not there before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from watchkeeper.domain.model import Column, Model, MonitorSpec, Role
from watchkeeper.domain.profile import ColumnProfile, WindowProfile
from watchkeeper.domain.verdict import Severity, Status
from watchkeeper.monitors.basis import Basis, column_basis
from watchkeeper.monitors.evidence import LONG_SHOT, Evidence, History, Series
from watchkeeper.monitors.run import Runs, timeline_of
from watchkeeper.monitors.words import share
from watchkeeper.stats.interval.wilson import wilson
from watchkeeper.stats.rate import RateVariation

__all__ = [
    "Case",
    "ColumnFault",
    "Fault",
    "Yardstick",
    "column_faults",
    "in_clumps",
    "judge_rate",
    "watched",
    "with_clause",
]

_MATERIAL_PART = 0.25  # of the model's materiality
_CRITICAL = 0.2  # one row in five more, or fewer, than before
_HARD_CRITICAL = 0.005
_CERTAIN = 1e-4  # below it every row being a fault is no chance of a few rows


@dataclass(frozen=True, slots=True)
class Case:
    """What a monitor is called with: the windows ``current`` of one slice, and their history."""

    spec: MonitorSpec
    model: Model
    current: Sequence[WindowProfile]
    history: History


@dataclass(frozen=True, slots=True)
class Fault:
    """A kind of fault.

    ``what`` names the figure; ``words`` say what is wrong with the counted rows, after "5 % of
    300 rows". ``hard``: a single one is a fault where the reference has none. ``any_excess``:
    whatever is not chance matters, because the owner stated the bound. ``fewer``: fewer than
    before are a fault too (a fill-in for what was missing is as silent as the loss of it).
    """

    what: str
    words: str
    hard: bool = False
    any_excess: bool = False
    fewer: bool = False


@dataclass(frozen=True, slots=True)
class ColumnFault:
    """A fault of a column's values. ``count`` gives (events, rows), None where it cannot exist;
    ``clause`` ends the message and adds figures to the effect.
    """

    fault: Fault
    count: Callable[[ColumnProfile], tuple[int, int] | None]
    clause: Callable[[ColumnProfile], tuple[str, Mapping[str, object]]] = field(
        default=lambda _: ("", {})
    )


@dataclass(frozen=True, slots=True)
class Yardstick:
    """What a share is held against.

    ``clump``: how many rows come together, on average, so that n rows say as much as n/clump; the
    rows of ``normal`` are counted in clumps already.
    """

    fault: Fault
    normal: RateVariation
    basis: Basis
    materiality: float
    clump: float = 1.0


def watched(model: Model, spec: MonitorSpec, *, without: tuple[Role, ...] = ()) -> list[Column]:
    """The columns that a check looks at. Errors are absent by nature, and so are the labels of a
    model that answers: they come later.
    """
    skipped = {Role.ERROR, *without, *((Role.LABEL,) if model.answers else ())}
    return [
        column
        for column in model.columns
        if column.role not in skipped and (not spec.columns or column.name in spec.columns)
    ]


def column_faults(kind: ColumnFault, case: Case, columns: Sequence[Column]) -> Iterator[Evidence]:
    """Judge a fault in every one of ``columns`` and every window."""
    timeline = timeline_of(case.current, case.history)
    for column in columns:
        basis = column_basis(case.history, case.model.timezone, column.name)
        normal = basis.rate(partial(_tally, kind, column.name))
        if normal is None:
            continue
        yardstick = Yardstick(kind.fault, normal, basis, case.model.materiality)
        series = Series(case.spec.name, kind.fault.what, column=column.name)
        runs = Runs(
            timeline,
            [_tally(kind, column.name, profile) for profile in timeline.windows],
            normal,
            basis.seasons,
            partial(_is_material, yardstick),
        )
        for profile in case.current:
            counted = _tally(kind, column.name, profile)
            if counted is not None:
                found = judge_rate(yardstick, series, profile, counted)
                found = runs.told(found, profile)
                yield with_clause(found, *kind.clause(profile.columns[column.name]))


def judge_rate(
    yardstick: Yardstick, series: Series, profile: WindowProfile, counted: tuple[int, int]
) -> Evidence:
    """Judge the share ``counted`` = (events, rows) of one window."""
    events, total = counted
    if total == 0:
        message = f"{_subject(series)}: no rows in this window to judge"
        return Evidence(series, profile.window, Status.INSUFFICIENT_DATA, message, n=0)
    season = yardstick.basis.seasons.of(profile.window)
    before, (low, high) = yardstick.normal.expected(season), wilson(events, total)
    p_value = yardstick.normal.p_value(*in_clumps(counted, yardstick.clump), season)
    found = Evidence(
        series=series,
        window=profile.window,
        status=Status.OK,
        message=_sentence(yardstick, series, counted, before),
        n=total,
        value=events / total,
        low=low,
        high=high,
        p_value=p_value,
        reference_p_values=yardstick.normal.reference_p_values,
        weight=LONG_SHOT if yardstick.normal.events in (0, yardstick.normal.rows) else 1.0,
        material=_is_material(yardstick, before, low, high),
        severity=_severity(abs(events / total - before), _CRITICAL),
        provisional=yardstick.basis.provisional,
        effect={"reference": before, "p_value": p_value, "events": events},
        profiles=(profile.id,) if profile.id else (),
    )
    return _outside_budget(found, yardstick, counted)


def in_clumps(counted: tuple[int, int], clump: float) -> tuple[int, int]:
    """(events, rows) counted in clumps; at least one row."""
    if clump == 1.0:
        return counted
    rows = max(1, round(counted[1] / clump))
    return min(rows, round(counted[0] / clump)), rows


def _outside_budget(found: Evidence, yardstick: Yardstick, counted: tuple[int, int]) -> Evidence:
    events, total = counted
    normal = yardstick.normal
    new_kind = yardstick.fault.hard and events > 0 and normal.events == 0
    whole = events == total and normal.events < normal.rows and (found.p_value or 0.0) < _CERTAIN
    if not (new_kind or whole):
        return found
    severity = _severity(events / total, _HARD_CRITICAL)
    return replace(found, status=Status.ALERT, p_value=None, severity=severity)


def _tally(kind: ColumnFault, name: str, profile: WindowProfile) -> tuple[int, int] | None:
    found = profile.columns.get(name)
    return None if found is None else kind.count(found)


def _is_material(yardstick: Yardstick, before: float, low: float, high: float) -> bool:
    gate = 0.0 if yardstick.fault.any_excess else _MATERIAL_PART * yardstick.materiality
    return low - before > gate or (yardstick.fault.fewer and before - high > gate)


def _severity(size: float, critical: float) -> Severity:
    return Severity.CRITICAL if size >= critical else Severity.WARNING


def _subject(series: Series) -> str:
    return series.column or series.what.replace("_", " ")


def _sentence(yardstick: Yardstick, series: Series, counted: tuple[int, int], before: float) -> str:
    events, total = counted
    return (
        f"{_subject(series)}: {share(events / total)} of {total:,} rows {yardstick.fault.words}, "
        f"{share(before)} of {round(yardstick.normal.rows * yardstick.clump):,} before"
    )


def with_clause(found: Evidence, clause: str, figures: Mapping[str, object]) -> Evidence:
    """The evidence with a clause at the end of its message and further figures in its effect."""
    if not clause and not figures:
        return found
    return replace(found, message=found.message + clause, effect={**found.effect, **figures})
