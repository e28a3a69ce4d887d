"""Deviation from the baseline: a figure more than k standard deviations, or a share, from usual.

::

    - {name: volume, type: deviation, options: {figure: rows, sd: 4}}
    - {name: fare, type: deviation, columns: [fare], options: {figure: mean, relative: 0.2}}

The standard deviation is that of the reference windows of the same season, plus what the size of
this window adds (`watchkeeper.stats.variation`). The rule is the owner's own, so it stands
outside the alarm budget: at ``sd: 3`` expect an alarm in about 370 windows of a normal figure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from watchkeeper.domain.model import Model, MonitorSpec
from watchkeeper.domain.profile import WindowProfile
from watchkeeper.domain.verdict import Status
from watchkeeper.errors import InvalidDefinition
from watchkeeper.monitors.basis import basis_of
from watchkeeper.monitors.evidence import Evidence, History
from watchkeeper.monitors.rule import Reader, option_number, readers_of, shown
from watchkeeper.monitors.words import number
from watchkeeper.stats.variation import ENOUGH_WINDOWS, Variation

__all__ = ["deviates", "deviation"]

_DEFAULT_SD = 3.0


@dataclass(frozen=True, slots=True)
class _Limit:
    """``sd`` standard deviations, or a ``relative`` change."""

    sd: float | None
    relative: float | None

    @classmethod
    def of(cls, spec: MonitorSpec) -> _Limit:
        sd, relative = option_number(spec, "sd"), option_number(spec, "relative")
        given = [limit for limit in (sd, relative) if limit is not None]
        if len(given) > 1 or any(limit <= 0.0 for limit in given):
            raise InvalidDefinition(
                f"monitor {spec.name!r} needs one of the options sd and relative, above 0, got "
                f"sd = {sd} and relative = {relative}"
            )
        return cls(sd if given else _DEFAULT_SD, relative)


def deviation(
    spec: MonitorSpec, model: Model, current: Sequence[WindowProfile], history: History
) -> Iterator[Evidence]:
    """Whether ``figure`` lies within ``sd`` or ``relative`` of usual, in every window."""
    for reader in readers_of(spec, model, windows=(current, history)):
        yield from deviates(reader, current, history)


def deviates(
    reader: Reader, current: Sequence[WindowProfile], history: History
) -> Iterator[Evidence]:
    """Hold one figure against the windows of the baseline."""
    limit = _Limit.of(reader.spec)
    point = _Point(reader)
    basis = basis_of(history, reader.model.timezone, lambda profile: point(profile) is not None)
    # A relative change needs no spread: one window of reference is enough for it.
    usual = basis.figure(point, assumed_tau=None if limit.sd is not None else 0.0)
    for profile in current:
        found = shown(reader, profile, reader.read(profile))
        if found.value is None:
            yield found
        elif usual is None:
            needed = f"{ENOUGH_WINDOWS} windows" if limit.sd is not None else "a window"
            message = f"{found.message}: {needed} of reference with it are needed to compare to"
            yield replace(found, status=Status.INSUFFICIENT_DATA, message=message)
        else:
            here = (found.value, (reader.read(profile).se or 0.0) ** 2)
            yield _held(found, here, (usual, basis.seasons.of(profile.window)), limit)


@dataclass(frozen=True, slots=True)
class _Point:
    reader: Reader

    def __call__(self, profile: WindowProfile) -> tuple[float, float] | None:
        found = self.reader.read(profile)
        return None if found.value is None else (found.value, (found.se or 0.0) ** 2)


def _held(
    found: Evidence, point: tuple[float, float], usual: tuple[Variation, int], limit: _Limit
) -> Evidence:
    (value, variance), (variation, season) = point, usual
    expected, _ = variation.expected(season)
    deviations, _ = variation.z(value, variance, season)
    effect: dict[str, object] = {"expected": expected, "change": value - expected}
    if limit.relative is not None:
        outside = abs(value - expected) > limit.relative * abs(expected)
        words = f"more than {100.0 * limit.relative:g} % from the usual {number(expected)}"
    else:
        outside = abs(deviations) > (limit.sd or 0.0)
        words = f"{abs(deviations):.3g} standard deviations from the usual {number(expected)}"
        effect["standard_deviations"] = deviations
    if not outside:
        return replace(found, message=f"{found.message}, usually {number(expected)}", effect=effect)
    return replace(found, status=Status.ALERT, message=f"{found.message}, {words}", effect=effect)
