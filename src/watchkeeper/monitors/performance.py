"""Performance against the labels that came, judged against how much it varies by nature.

Every key figure of a window is compared with its season's level on the scale where its noise is
even (`Scale`), with the variance ``σ²/n + τ²`` of `watchkeeper.stats.variation`: two-sided, since
a figure that suddenly gets better is as often a fault (a leak, a label gone wrong) as a gift. It
is material where the 95 % interval of the change excludes changes smaller than the gate: half a
percentage point for shares, 2 % for losses and errors, one point for correlations and calibration
gaps, 5 % of the baseline's RMSE for the bias; the option ``materiality`` sets it.

Where the rolling windows have taken over, a slow creep would pass unseen: a figure that lies
surely more than three gates from the stored reference is judged against the reference too.
Figures that are not key are shown, and alarm nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from watchkeeper.domain.model import Model, MonitorSpec
from watchkeeper.domain.profile import WindowProfile
from watchkeeper.domain.verdict import Severity, Status
from watchkeeper.errors import InvalidDefinition
from watchkeeper.monitors.basis import Basis, basis_of
from watchkeeper.monitors.evidence import Evidence, History, Series
from watchkeeper.monitors.figure_list import Figure, figures_of
from watchkeeper.monitors.realised import Realised, improbable, lateness_of, realised
from watchkeeper.monitors.words import number, share
from watchkeeper.stats.estimate import Estimate
from watchkeeper.stats.performance.catalogue import Better, Scale
from watchkeeper.stats.performance.roc_auc import roc_auc_bin_error
from watchkeeper.stats.performance.state import (
    Classified,
    Regressed,
    total_classified,
    total_regressed,
)
from watchkeeper.stats.variation import ENOUGH_WINDOWS, Variation

__all__ = ["performance"]

_Z95 = 1.959963984540054
_FEWEST_LABELS = 50
_FEWEST_RATE = 10.0  # effective observations behind a share: fewer have no normal law
_LARGEST_ERROR = 0.3  # relative standard error of a loss: more has none either
_ASSUMED_TAU = 0.05  # of one row's standard deviation, where too few windows could tell
_CREEP = 3.0  # gates from the reference
_GATES = {Scale.ARCSINE: 0.005, Scale.LOG: 0.02, Scale.IDENTITY: 0.01}
_BIAS_GATE = 0.05  # of the baseline's RMSE
_CRITICAL = 10.0  # gates
_ORDINARY = 0.05  # p-values above it are not worth a word

Labels = Realised[Classified] | Realised[Regressed]


@dataclass(frozen=True, slots=True)
class _Case:
    """One slice: its windows with their labels, and what they are judged against."""

    spec: MonitorSpec
    basis: Basis
    anchor: Basis | None  # the stored reference, where the basis is the rolling windows alone
    labels: dict[int, Labels | None]  # by identity of the profile
    baseline: Classified | Regressed | None
    fewest: int

    def of(self, profile: WindowProfile) -> Labels | None:
        return self.labels[id(profile)]


@dataclass(frozen=True, slots=True)
class _Yardstick:
    """What one figure is held against."""

    figure: Figure
    normal: Variation | None
    anchor: Variation | None
    gate: float
    baseline: float | None
    notes: dict[str, float] = field(default_factory=dict)


def performance(
    spec: MonitorSpec, model: Model, current: Sequence[WindowProfile], history: History
) -> Iterator[Evidence]:
    """Judge every key figure of every window, and show the others.

    Options: ``metrics`` (names that are judged in place of the default ones), ``min_labels``
    (default 50), ``materiality`` (the gate, in the figure's own unit, relative for losses).
    """
    windows = (*history.reference, *history.recent, *current)
    sample = next((p.performance for p in windows if p.performance is not None), None)
    if sample is None:
        return
    case = _case(spec, model, current, history)
    for figure in figures_of(spec, model, sample):
        yardstick = _yardstick(figure, case)
        for profile in current:
            found = _evidence(yardstick, case, profile)
            if found is not None:
                yield found


def _case(
    spec: MonitorSpec, model: Model, current: Sequence[WindowProfile], history: History
) -> _Case:
    fewest = int(_number(spec, "min_labels", _FEWEST_LABELS))
    lateness = lateness_of(model, history.reference, (*history.recent, *current))
    labels = {id(p): realised(p, lateness) for p in (*history.recent, *history.reference, *current)}
    stored = [found.state for p in history.reference if (found := labels[id(p)]) is not None]

    def usable(profile: WindowProfile) -> bool:
        return _is_usable(labels[id(profile)], fewest)

    basis = basis_of(history, model.timezone, usable)
    rolling = basis.rolling and history.timed and len(history.reference) >= ENOUGH_WINDOWS
    anchor = basis_of(replace(history, recent=()), model.timezone, usable) if rolling else None
    return _Case(spec, basis, anchor, labels, _total(stored), fewest)


def _is_usable(found: Labels | None, fewest: int) -> bool:
    return found is not None and found.enough and found.state.labels >= fewest


def _total(states: Sequence[Classified | Regressed]) -> Classified | Regressed | None:
    classes = [state for state in states if isinstance(state, Classified)]
    errors = [state for state in states if isinstance(state, Regressed)]
    if classes:
        return total_classified(classes)
    return total_regressed(errors) if errors else None


def _yardstick(figure: Figure, case: _Case) -> _Yardstick:
    before = figure.estimate(case.baseline).value if case.baseline is not None else None
    notes = figure.controls(case.baseline) if case.baseline is not None else {}
    if not figure.key:
        return _Yardstick(figure, None, None, 0.0, before, notes)

    points: dict[int, tuple[float, float] | None] = {}  # by identity of the profile

    def point(profile: WindowProfile) -> tuple[float, float] | None:
        if id(profile) not in points:
            points[id(profile)] = _usable_point(figure, case, profile)
        return points[id(profile)]

    rows = [pair[1] * _labels(case, p) for p in case.basis.windows if (pair := point(p))]
    assumed = _ASSUMED_TAU * math.sqrt(max(rows)) if rows else None
    normal = case.basis.figure(point, assumed_tau=assumed)
    anchor = case.anchor.figure(point) if case.anchor is not None else None
    return _Yardstick(figure, normal, anchor, _gate(figure, case), before, notes)


def _usable_point(
    figure: Figure, case: _Case, profile: WindowProfile
) -> tuple[float, float] | None:
    found = case.of(profile)
    usable = found if _is_usable(found, case.fewest) else None
    return None if usable is None else _point(figure, figure.estimate(usable.state))


def _labels(case: _Case, profile: WindowProfile) -> float:
    found = case.of(profile)
    return found.state.n if found is not None else 0.0


def _gate(figure: Figure, case: _Case) -> float:
    default = _GATES[figure.metric.scale]
    if figure.metric.unit == "label" and figure.metric.scale is Scale.IDENTITY:
        square = case.baseline
        known = isinstance(square, Regressed) and square.n > 0
        root = (
            math.sqrt(square.error.second / square.n)
            if known and isinstance(square, Regressed)
            else 0.0
        )
        default = _BIAS_GATE * root
    return _number(case.spec, "materiality", default)


def _number(spec: MonitorSpec, option: str, default: float) -> float:
    value = spec.options.get(option, default)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not value >= 0:
        raise InvalidDefinition(
            f"option {option} of monitor {spec.name!r} must be a number >= 0, got {value!r}"
        )
    return float(value)


def _point(figure: Figure, estimate: Estimate) -> tuple[float, float] | None:
    """The figure and its sampling variance on its scale; None where it has no normal law."""
    value, se = estimate.value, estimate.se
    if value is None or se is None:
        return None
    if figure.metric.scale is Scale.IDENTITY:
        return value, se**2
    if figure.metric.scale is Scale.LOG:
        usable = value > 0.0 and se <= _LARGEST_ERROR * value
        return (math.log(value), (se / value) ** 2) if usable else None
    # At 0 and 1 the delta method has no slope; there the smoothed standard error gives the size.
    variance = se**2 / max(value * (1.0 - value), 0.7071 * se) if se > 0.0 else math.inf
    return (2.0 * math.asin(math.sqrt(value)), variance) if variance <= 1.0 / _FEWEST_RATE else None


def _natural(figure: Figure, y: float) -> float:
    if figure.metric.scale is Scale.LOG:
        return math.exp(y)
    if figure.metric.scale is Scale.ARCSINE:
        return math.sin(min(max(y, 0.0), math.pi) / 2.0) ** 2
    return y


def _evidence(yardstick: _Yardstick, case: _Case, profile: WindowProfile) -> Evidence | None:
    found = case.of(profile)
    figure = yardstick.figure
    state = found.state if found is not None else None
    estimate = figure.estimate(state) if state is not None else Estimate.insufficient(0)
    if estimate.value is None and not figure.key:
        return None
    shown = _shown(yardstick, case, profile, estimate)
    reason = _reason(yardstick, case, found, estimate)
    if found is not None and estimate.value is None and improbable(profile.performance):
        reason = "most scores are missing or no probabilities (from 0 to 1)"
    if found is None or estimate.value is None or (reason and figure.key):
        why = reason or "the figure does not exist for these labels"
        message = f"{shown.message}: {why}"
        return replace(shown, status=Status.INSUFFICIENT_DATA, message=message)
    if yardstick.normal is None:
        return replace(shown, message=shown.message + _against(yardstick.baseline, figure))
    return _judged(yardstick, case, shown, estimate)


def _shown(
    yardstick: _Yardstick, case: _Case, profile: WindowProfile, estimate: Estimate
) -> Evidence:
    """The figure without a judgement."""
    found, figure = case.of(profile), yardstick.figure
    effect: dict[str, object] = {"unit": figure.metric.unit, "better": str(figure.metric.better)}
    if yardstick.baseline is not None:
        effect["baseline"] = yardstick.baseline
        effect |= {f"baseline_{name}": value for name, value in yardstick.notes.items()}
    if found is not None:
        effect |= {"coverage": found.coverage, "weighted": found.weighted}
        effect |= figure.controls(found.state)
        area = figure.metric.name == "roc_auc" and estimate.value is not None
        if area and isinstance(found.state, Classified):
            effect["bin_error"] = roc_auc_bin_error(found.state)
    maturity = found.maturity if found is not None else 0.0
    return Evidence(
        series=Series(case.spec.name, figure.name),
        window=profile.window,
        status=Status.OK,
        message=_words(figure, estimate, found),
        n=estimate.n,
        value=estimate.value,
        low=estimate.low,
        high=estimate.high,
        provisional=case.basis.provisional or (found is not None and found.weighted),
        maturity=maturity,
        effect=effect,
        profiles=(profile.id,) if profile.id else (),
    )


def _reason(
    yardstick: _Yardstick, case: _Case, found: Labels | None, estimate: Estimate
) -> str | None:
    """Why a figure cannot be judged; None where it can."""
    if found is None:
        return "no label has come yet"
    if found.state.labels < case.fewest:
        return f"{found.state.labels} labels, {case.fewest} are needed"
    if not found.enough and found.weighted:
        return (
            f"the labels that came speak for {share(found.coverage)} of the rows, 80 % are needed"
        )
    if not found.enough:
        return f"{share(found.maturity)} of the expected labels have come, 80 % are needed"
    if _point(yardstick.figure, estimate) is None:
        return "too few labels on one side of it"
    return None if yardstick.normal is not None else "no reference window with labels to compare to"


def _judged(yardstick: _Yardstick, case: _Case, shown: Evidence, estimate: Estimate) -> Evidence:
    figure, normal = yardstick.figure, yardstick.normal
    point = _point(figure, estimate)
    if normal is None or point is None or estimate.value is None:
        return shown
    season = case.basis.seasons.of(shown.window)
    change = _Change.of(figure, normal, point, season)
    p_value = normal.p_value(*point, season)
    effect = dict(shown.effect)
    creep = _creep(yardstick, case, shown, point)
    if creep is not None:
        p_value, change = min(1.0, 2.0 * min(p_value, creep[0])), creep[1]
        effect["creep"] = True
    way = _way(figure.metric.better, estimate.value, change.expected)
    effect |= {"expected": change.expected, "change": change.size, "change_low": change.low}
    effect |= {"change_high": change.high, "direction": way, "p_value": p_value}
    effect |= {"natural_variation": normal.tau, "gate": yardstick.gate}
    material = change.least > yardstick.gate
    usual = not material or p_value > _ORDINARY
    compared = _usual(change) if usual else _compared(figure, change, way, creep=creep is not None)
    return replace(
        shown,
        message=shown.message + compared,
        p_value=p_value,
        reference_p_values=normal.reference_p_values,
        material=material,
        severity=_severity(way, change.least, yardstick.gate),
        effect=effect,
    )


@dataclass(frozen=True, slots=True)
class _Change:
    """How far a figure lies from what was expected, in its own unit, with the 95 % interval.

    ``least`` is the smallest change that the interval allows: relative for losses.
    """

    expected: float
    size: float
    low: float
    high: float
    least: float

    @classmethod
    def of(
        cls, figure: Figure, normal: Variation, point: tuple[float, float], season: int
    ) -> _Change:
        """The change of ``point`` = (value, sampling variance) on the figure's scale."""
        mean, error = normal.expected(season)
        half = _Z95 * math.sqrt(point[1] + error**2)
        expected = _natural(figure, mean)
        value, low, high = (
            _natural(figure, y) - expected for y in (point[0], point[0] - half, point[0] + half)
        )
        surely = 0.0 if low <= 0.0 <= high else min(abs(low), abs(high))
        relative = figure.metric.scale is Scale.LOG and expected > 0.0
        return cls(expected, value, low, high, surely / expected if relative else surely)


def _creep(
    yardstick: _Yardstick, case: _Case, shown: Evidence, point: tuple[float, float]
) -> tuple[float, _Change] | None:
    if yardstick.anchor is None or case.anchor is None:
        return None
    season = case.anchor.seasons.of(shown.window)
    change = _Change.of(yardstick.figure, yardstick.anchor, point, season)
    if change.least <= _CREEP * yardstick.gate:
        return None
    return yardstick.anchor.p_value(*point, season), change


def _way(better: Better, value: float, expected: float) -> str:
    if better is Better.ZERO:
        return "better" if abs(value) < abs(expected) else "worse"
    return "better" if (value > expected) == (better is Better.HIGHER) else "worse"


def _severity(way: str, least: float, gate: float) -> Severity:
    if way == "better":
        return Severity.INFO
    return Severity.CRITICAL if least > _CRITICAL * gate > 0.0 else Severity.WARNING


def _words(figure: Figure, estimate: Estimate, found: Labels | None) -> str:
    if estimate.value is None or estimate.low is None or estimate.high is None or found is None:
        return figure.title
    text = f"{figure.title} {number(estimate.value)} ({number(estimate.low)} to "
    text += f"{number(estimate.high)}) on {estimate.n:,} labels"
    if found.weighted:
        return f"{text}, weighted for those still to come ({share(found.maturity)} have)"
    return text if found.maturity >= 1.0 else f"{text}, {share(found.maturity)} of those expected"


def _against(baseline: float | None, figure: Figure) -> str:
    return (
        "" if baseline is None else f"; {figure.metric.title} of the reference {number(baseline)}"
    )


def _usual(change: _Change) -> str:
    return f", usually {number(change.expected)}"


def _compared(figure: Figure, change: _Change, way: str, *, creep: bool) -> str:
    size = number(abs(change.size))
    if figure.metric.scale is Scale.LOG and change.expected > 0.0:
        size = f"{100.0 * abs(change.size) / change.expected:.1f} %"
    than = "the reference's" if creep else "the usual"
    return f": {way} than {than} {number(change.expected)} by {size}"
