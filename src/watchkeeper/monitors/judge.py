"""From profiles to verdicts: every monitor over every slice, then one alarm budget per window.

Severity: a monitor says how bad its finding would be (critical: an unusable column, a gap, a large
effect; warning: everything else that alarms; info: worth knowing). A specification's ``severity``
of ``info`` caps that, ``critical`` raises it, and ``warning``, the default, leaves it as it is.
Verdicts that are not alarms carry ``info``.

The budget of a window is split in halves where there are segments, versions or arms: one for all
rows together, one for the slices. However many slices there are, they never cost the view of the
whole more than that half.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from watchkeeper.domain.model import Model, MonitorSpec
from watchkeeper.domain.profile import WindowProfile
from watchkeeper.domain.verdict import Inputs, Severity, Status, Verdict
from watchkeeper.domain.window import Window
from watchkeeper.monitors.boundary import explained, run
from watchkeeper.monitors.budget import decide
from watchkeeper.monitors.defaults import monitors_of
from watchkeeper.monitors.evidence import Evidence, History, Series
from watchkeeper.monitors.identity import config_hash, verdict_id
from watchkeeper.monitors.slices import TOTAL, SliceKey, grouped, history_of, specs_for

__all__ = ["FAMILY_WISE", "Kept", "SliceKey", "judge"]

Kept = dict[tuple[SliceKey, str], list[Evidence]]
"""Evidence by slice and monitor."""

_LABELLESS = frozenset({"quality", "drift", "service", "resources"})
FAMILY_WISE = 0.05  # of a report without time: one test over everything it says


@dataclass(frozen=True, slots=True)
class _Stamp:
    """What all verdicts of one call share."""

    model: Model
    config: str
    code: str
    known_at: datetime | None


def judge(
    model: Model,
    current: Sequence[WindowProfile],
    references: Mapping[SliceKey, History],
    *,
    known_at: datetime | None = None,
    code_version: str = "",
    evidence: Kept | None = None,
) -> list[Verdict]:
    """Judge every window and slice of ``current``.

    Parameters
    ----------
    model
        The definition; its monitors are merged with the defaults by name.
    current
        The profiles to judge: any windows, any slices, in any order.
    references
        What each slice is judged against; see `watchkeeper.monitors.slices.history_of`.
    known_at
        As of when the profiles were known.
    code_version
        Told in the verdicts' inputs.
    evidence
        What monitors that read no label found in the same rows against the same history, when
        only labels have come since: these monitors are not asked again. What is found is added.

    Returns
    -------
    list of Verdict
        By window, then slice, then monitor. One per series and window.
    """
    specs = monitors_of(model)
    kept: Kept = {} if evidence is None else evidence
    everything: list[Evidence] = []
    judged: dict[SliceKey, tuple[Sequence[WindowProfile], History]] = {}
    for key, profiles in grouped(current).items():
        history = history_of(key, references)
        if history is not None:
            judged[key] = (profiles, history)
            wanted = specs_for(key, specs, model)
            everything += _slice(key, wanted, model, (profiles, history), kept)
    stamp = _Stamp(model, config_hash(model), code_version, known_at)
    severities = {spec.name: spec.severity for spec in specs}
    return [
        _verdict(
            _explained(found, model, judged) if status is Status.ALERT else found,
            status,
            stamp,
            severities.get(found.series.monitor, "warning"),
        )
        for window, group in _by_window(everything)
        for found, status in _decided(group, _alpha(model, window))
    ]


def _slice(
    key: SliceKey,
    specs: Iterable[MonitorSpec],
    model: Model,
    slices: tuple[Sequence[WindowProfile], History],
    kept: Kept,
) -> list[Evidence]:
    current, history = slices
    found: list[Evidence] = []
    for spec in specs:
        told = kept.get((key, spec.name))
        if told is None:
            told = list(run(spec, model, current=current, history=history))
            if spec.kind in _LABELLESS:
                kept[key, spec.name] = told
        found += told
    return found if key == TOTAL else [replace(e, series=_sliced(e.series, key)) for e in found]


def _sliced(series: Series, key: SliceKey) -> Series:
    return replace(series, version=key.version, arm=key.arm, segment=key.segment)


def _by_window(evidence: Sequence[Evidence]) -> list[tuple[Window | None, list[Evidence]]]:
    groups: dict[Window | None, list[Evidence]] = {}
    for found in evidence:
        groups.setdefault(found.window, []).append(found)
    return sorted(groups.items(), key=lambda item: (item[0] is not None, item[0]))


def _alpha(model: Model, window: Window | None) -> float:
    return FAMILY_WISE if window is None else model.alarm_budget.per_tick(model.granularity)


def _decided(group: Sequence[Evidence], alpha: float) -> list[tuple[Evidence, Status]]:
    whole = [found for found in group if _key(found) == TOTAL]
    parts = [found for found in group if _key(found) != TOTAL]
    if not parts:
        return decide(whole, alpha=alpha)
    return [*decide(whole, alpha=alpha / 2.0), *decide(parts, alpha=alpha / 2.0)]


def _key(found: Evidence) -> SliceKey:
    return SliceKey(found.series.version, found.series.arm, found.series.segment)


def _explained(
    found: Evidence,
    model: Model,
    judged: Mapping[SliceKey, tuple[Sequence[WindowProfile], History]],
) -> Evidence:
    profiles, history = judged[_key(found)]
    profile = next(profile for profile in profiles if profile.window == found.window)
    return explained(found, model, profile, history)


def _verdict(found: Evidence, status: Status, stamp: _Stamp, wanted: str) -> Verdict:
    series = found.series
    known = "" if stamp.known_at is None else stamp.known_at.isoformat()
    inputs = Inputs(found.profiles, stamp.config, stamp.code)
    return Verdict(
        id=verdict_id(
            stamp.model.name,
            series,
            found.window,
            inputs=(known, stamp.config, stamp.code, *found.profiles),
        ),
        monitor=series.monitor,
        model=stamp.model.name,
        status=status,
        what=series.what,
        message=found.message + _where(series),
        version=series.version,
        arm=series.arm,
        column=series.column,
        segment=series.segment,
        window=found.window,
        known_at=stamp.known_at,
        provisional=found.provisional,
        severity=_severity(found.severity, wanted) if status is Status.ALERT else Severity.INFO,
        value=found.value,
        low=found.low,
        high=found.high,
        n=found.n,
        maturity=found.maturity,
        effect=found.effect,
        inputs=inputs,
    )


def _where(series: Series) -> str:
    slices = (("segment", series.segment), ("version", series.version), ("arm", series.arm))
    named = [f"{name} {value}" for name, value in slices if value is not None]
    return f" (in {', '.join(named)})" if named else ""


def _severity(found: Severity, wanted: str) -> Severity:
    if wanted == Severity.INFO:
        return Severity.INFO
    return Severity.CRITICAL if wanted == Severity.CRITICAL else found
