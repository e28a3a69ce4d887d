"""Which slice of a model is watched how.

All rows together get every monitor. A segment gets what a segment can break on its own: volume,
missing values, unseen categories, the drift of scores and predictions, performance; the drift of
every feature in every segment would cost the power to see any of it. A version or arm gets the
same, and service. A slice that holds all rows says nothing that all rows together do not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from watchkeeper.domain.model import Model, MonitorSpec, Role
from watchkeeper.domain.profile import WindowProfile
from watchkeeper.monitors.evidence import History

__all__ = ["TOTAL", "SliceKey", "grouped", "history_of", "specs_for"]

_SEGMENT_CHECKS = ("volume", "missing", "unseen")


class SliceKey(NamedTuple):
    """A slice of a model's rows; None stands for all."""

    version: str | None = None
    arm: str | None = None
    segment: str | None = None


TOTAL = SliceKey()


def grouped(profiles: Sequence[WindowProfile]) -> dict[SliceKey, list[WindowProfile]]:
    """The profiles by slice, each oldest first; slices that repeat all rows are left out."""
    slices: dict[SliceKey, list[WindowProfile]] = {}
    for profile in profiles:
        key = SliceKey(profile.version, profile.arm, profile.segment)
        slices.setdefault(key, []).append(profile)
    whole = {profile.window: profile.rows for profile in slices.get(TOTAL, [])}
    return {
        key: sorted(found, key=lambda profile: (profile.window is not None, profile.window))
        for key, found in sorted(slices.items(), key=lambda item: [part or "" for part in item[0]])
        if key == TOTAL or any(p.rows != whole.get(p.window) for p in found)
    }


def history_of(key: SliceKey, references: Mapping[SliceKey, History]) -> History | None:
    """What a slice is judged against. A version or arm that the reference never had is judged
    against all rows of it; a segment that it never had against nothing: it is an unseen category.
    """
    found = references.get(key) or references.get(SliceKey(*key))
    if found is not None or key.segment is not None:
        return found
    return references.get(TOTAL)


def specs_for(key: SliceKey, specs: Sequence[MonitorSpec], model: Model) -> list[MonitorSpec]:
    """The monitors of a slice."""
    if key == TOTAL:
        return list(specs)
    found = [narrowed for spec in specs if (narrowed := _narrow(spec, model)) is not None]
    return [spec for spec in found if spec.kind != "service" or key.segment is None]


def _narrow(spec: MonitorSpec, model: Model) -> MonitorSpec | None:
    if spec.kind == "quality":
        wanted = spec.options.get("checks", _SEGMENT_CHECKS)
        listed = [str(name) for name in wanted] if isinstance(wanted, Sequence) else []
        checks = [name for name in _SEGMENT_CHECKS if name in listed]
        return replace(spec, options={**spec.options, "checks": checks}) if checks else None
    if spec.kind == "drift":
        outputs = [column.name for column in model.with_role(Role.SCORE, Role.PREDICTION)]
        columns = tuple(n for n in outputs if not spec.columns or n in spec.columns)
        return replace(spec, columns=columns) if columns else None
    return spec
