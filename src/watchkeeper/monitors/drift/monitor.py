"""The drift monitor: one piece of evidence per watched column and window."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from watchkeeper.domain.model import Model, MonitorSpec, Role
from watchkeeper.domain.profile import CategoricalProfile, NumericProfile, WindowProfile
from watchkeeper.domain.verdict import Severity, Status
from watchkeeper.monitors.basis import column_basis
from watchkeeper.monitors.calendar import Kind, by_kind
from watchkeeper.monitors.drift.categorical import categorical_findings
from watchkeeper.monitors.drift.creep import creep
from watchkeeper.monitors.drift.finding import Finding
from watchkeeper.monitors.drift.frame import Frame, frame_of
from watchkeeper.monitors.drift.numeric import Found, numeric_findings
from watchkeeper.monitors.evidence import Evidence, History, Series
from watchkeeper.monitors.words import share

__all__ = ["drift"]

_WATCHED = (Role.FEATURE, Role.SEGMENT, Role.SCORE, Role.PREDICTION)
_CRITICAL = 10.0  # times the materiality that an effect must surely reach
_DEFAULT_MATERIALITY = 0.02


def drift(
    spec: MonitorSpec, model: Model, current: Sequence[WindowProfile], history: History
) -> Iterator[Evidence]:
    """Judge every feature, segment, score and prediction column in every window; and the label
    where the model has no answer that it belongs to.

    ``value``, ``low`` and ``high`` are the share of rows that moved against the same season of the
    baseline (debiased total variation distance); ``effect`` holds the textbook distances against
    the whole baseline, and what moved. Holidays are judged against holidays. Where recent windows
    are the baseline, a further series "creep" says how far the last week lies from the reference
    itself.
    """
    watched = _WATCHED if model.answers else (*_WATCHED, Role.LABEL)
    names = [
        column.name
        for column in model.columns
        if (column.name in spec.columns if spec.columns else column.role in watched)
    ]
    for kind in by_kind(model, current, history):
        for frame, group in _frames(model, names, kind):
            shortage = kind.shortage(frame.windows)
            if shortage:
                yield from _unjudged(spec, kind, group, shortage)
                continue
            for name, at, finding in _findings(frame, group):
                series = Series(spec.name, "drift", column=name)
                yield _evidence(frame, series, frame.current[at], (finding, frame.season_words(at)))
    if history.recent or history.usual_week:
        yield from creep(spec, model, names, frame_of(model, current, history), history)


def _frames(model: Model, names: Sequence[str], kind: Kind) -> list[tuple[Frame, list[str]]]:
    """The columns by the windows that hold them: nearly always all columns, and all windows."""
    frames: dict[tuple[int, ...], tuple[Frame, list[str]]] = {}
    for name in names:
        basis = column_basis(kind.history, model.timezone, name)
        key = tuple(map(id, basis.windows))
        frames.setdefault(key, (Frame(model, tuple(kind.current), basis), []))[1].append(name)
    return list(frames.values())


def _unjudged(
    spec: MonitorSpec, kind: Kind, names: Sequence[str], shortage: str
) -> Iterator[Evidence]:
    """Holidays that there are too few others to judge by."""
    for profile in kind.current:
        why = kind.unjudged(profile, shortage)
        for name in names:
            column = profile.columns.get(name)
            if isinstance(column, NumericProfile | CategoricalProfile):
                yield Evidence(
                    Series(spec.name, "drift", column=name),
                    profile.window,
                    Status.INSUFFICIENT_DATA,
                    f"{name}: drift cannot be judged, {why}",
                    column.n,
                    profiles=(profile.id,) if profile.id else (),
                )


def _findings(frame: Frame, names: Sequence[str]) -> Iterator[Found]:
    numeric, categorical = [], []
    for name in names:
        kinds = {type(p.columns[name]) for p in frame.current if name in p.columns}
        if NumericProfile in kinds:
            numeric.append(name)
        elif CategoricalProfile in kinds:
            categorical.append(name)
    if not frame.windows:
        return
    yield from numeric_findings(frame, numeric)
    yield from categorical_findings(frame, categorical)


def _evidence(
    frame: Frame, series: Series, profile: WindowProfile, found: tuple[Finding, str]
) -> Evidence:
    finding, season = found
    ids = (profile.id,) if profile.id else ()
    effect = finding.effect
    if finding.p_value is None or effect is None or effect.low is None:
        message = f"{series.column}: drift cannot be judged, {finding.why}"
        return Evidence(
            series, profile.window, Status.INSUFFICIENT_DATA, message, finding.n, profiles=ids
        )
    gate = frame.model.materiality
    critical = effect.low > _CRITICAL * (gate or _DEFAULT_MATERIALITY)
    return Evidence(
        series=series,
        window=profile.window,
        status=Status.OK,
        message=_sentence(series, finding, season, gate),
        n=finding.n,
        value=effect.value,
        low=effect.low,
        high=effect.high,
        p_value=finding.p_value,
        reference_p_values=finding.reference_p_values,
        material=gate == 0.0 or effect.low > gate,
        severity=Severity.CRITICAL if critical else Severity.WARNING,
        provisional=finding.provisional or frame.basis.provisional,
        effect={**finding.figures, "moved": list(finding.moved), "p_value": finding.p_value},
        profiles=ids,
    )


def _sentence(series: Series, finding: Finding, season: str, gate: float) -> str:
    effect = finding.effect
    if effect is None or effect.value is None or effect.low is None or effect.high is None:
        raise AssertionError("a judged finding has an effect")
    against = f" than on {season} before" if season else " than before"
    size = f"{share(effect.value)} of rows lie elsewhere{against} (95 %: {share(effect.low)} to {share(effect.high)})"
    if effect.low <= gate and not finding.moved:
        return f"{series.column}: as usual; {size}"
    what = "; ".join(finding.moved) or "the distribution moved"
    return f"{series.column}: {what}; {size}"
