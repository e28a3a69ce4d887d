"""Schema changes: columns that went, came, or changed their type. Outside the alarm budget.

Only a change of kind counts (number, text, boolean, time): that a column of whole numbers comes as
floats because a null came along is no change. Nor has a column without any value a kind: files of
text, and frames, store it as whatever they please. A label may be absent: it arrives later.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from watchkeeper.domain.model import Model, MonitorSpec, Role
from watchkeeper.domain.profile import WindowProfile
from watchkeeper.domain.verdict import Severity, Status
from watchkeeper.monitors.evidence import Evidence, History, Series

__all__ = ["schema"]

_WHAT = "schema"
_SYSTEM = "_wk_"
_NEEDED = (Role.FEATURE, Role.SEGMENT, Role.SCORE, Role.PREDICTION)
_MAY_BE_ABSENT = (Role.LABEL, Role.ERROR, Role.PREDICTION_ID, Role.WEIGHT, Role.VALUE)
_KINDS = (
    ("nested", ("array", "list", "struct", "map")),
    ("text", ("string", "utf8", "char", "text", "dictionary", "categor", "object")),
    ("time", ("timestamp", "date", "time")),
    ("number", ("int", "float", "double", "decimal", "real", "numeric", "half")),
    ("boolean", ("bool",)),
)


def schema(
    spec: MonitorSpec, model: Model, current: Sequence[WindowProfile], history: History
) -> Iterator[Evidence]:
    """Every column that went, came or changed its kind; one verdict per window where none did."""
    before = _union(history.reference) or _union(history.recent)
    if not before:
        return
    known = _valued((*history.reference, *history.recent))
    for profile in current:
        if profile.schema:
            valued = known & _valued([profile])
            changes = list(_changes(spec, model, before, (profile, valued)))
            yield from changes or [_unchanged(spec, before, profile)]


def _union(profiles: Sequence[WindowProfile]) -> dict[str, str]:
    return {
        name: kind
        for profile in profiles
        for name, kind in profile.schema.items()
        if not name.startswith(_SYSTEM)
    }


def _valued(profiles: Sequence[WindowProfile]) -> set[str]:
    """The columns that hold any value, or of which that is not known."""
    empty = [{n for n, c in p.columns.items() if c.null >= c.n} for p in profiles]
    return {
        name for p, gone in zip(profiles, empty, strict=True) for name in p.schema.keys() - gone
    }


def _changes(
    spec: MonitorSpec,
    model: Model,
    before: Mapping[str, str],
    judged: tuple[WindowProfile, set[str]],
) -> Iterator[Evidence]:
    profile, valued = judged
    now = _union([profile])
    roles = {column.name: column.role for column in model.columns}
    wanted = [n for n in before if n in roles and (not spec.columns or n in spec.columns)]
    for name in wanted:
        if name not in now and roles[name] not in _MAY_BE_ABSENT:
            critical = roles[name] in _NEEDED
            severity = Severity.CRITICAL if critical else Severity.WARNING
            yield _found(spec, profile, name, severity, "the column is gone")
        elif name in now and name in valued and _kind(now[name]) != _kind(before[name]):
            words = f"the type changed from {before[name]} to {now[name]}"
            yield _found(spec, profile, name, Severity.CRITICAL, words)
    for name in sorted(set(now) - set(before) - set(roles)):
        words = "a new column, which the definition does not know"
        yield _found(spec, profile, name, Severity.INFO, words)


def _found(
    spec: MonitorSpec, profile: WindowProfile, name: str, severity: Severity, words: str
) -> Evidence:
    return Evidence(
        series=Series(spec.name, _WHAT, column=name),
        window=profile.window,
        status=Status.ALERT,
        message=f"{name}: {words}",
        n=profile.rows,
        severity=severity,
        profiles=(profile.id,) if profile.id else (),
    )


def _unchanged(spec: MonitorSpec, before: Mapping[str, str], profile: WindowProfile) -> Evidence:
    return Evidence(
        series=Series(spec.name, _WHAT),
        window=profile.window,
        status=Status.OK,
        message=f"all {len(before)} columns of the reference are there, with their types",
        n=profile.rows,
        profiles=(profile.id,) if profile.id else (),
    )


def _kind(storage: str) -> str:
    lowered = storage.lower()
    for kind, marks in _KINDS:
        if any(mark in lowered for mark in marks):
            return kind
    return lowered
