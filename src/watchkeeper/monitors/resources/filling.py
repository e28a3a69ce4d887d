"""Filling: when the disk will be full, at the rate at which it fills.

The rate is the trend (Theil-Sen) of the least free space of the windows, over the last three hours
and over the last day. The alarm waits until even the slowest rate that is plausible would fill the
disk within the time: half a day at the rate of three hours, three days at that of a day (option
``limits``: ``hours_until_full``). Outside the alarm budget.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from watchkeeper.domain.model import Model, MonitorSpec
from watchkeeper.domain.profile import NumericProfile, WindowProfile
from watchkeeper.domain.verdict import Severity, Status
from watchkeeper.domain.window import Window
from watchkeeper.monitors.evidence import Evidence, History, Series
from watchkeeper.monitors.resources.limits import HOURS_UNTIL_FULL, own_limits, shown
from watchkeeper.monitors.words import number
from watchkeeper.stats.estimate import Estimate
from watchkeeper.stats.trend import FEWEST_POINTS, trend

__all__ = ["filling"]

_FREE = "disk_free_bytes"
_HOUR = timedelta(hours=1)
_DAY_LIMIT_HOURS = 72.0
# How far back the rate is taken, and what part of the limit the disk may then be from full.
_SPANS = ((3 * _HOUR, 1.0 / 6.0), (24 * _HOUR, 1.0))
_CRITICAL_PART = 1.0 / 3.0

Points = list[tuple[Window, float]]


def filling(
    spec: MonitorSpec, model: Model, current: Sequence[WindowProfile], history: History
) -> Iterator[Evidence]:
    """When the fullest file system will be full, of every window that can tell."""
    limit = own_limits(spec, model).get(HOURS_UNTIL_FULL, _DAY_LIMIT_HOURS)
    known = all(column.name != _FREE for column in model.columns)
    if limit is None or known or (spec.columns and _FREE not in spec.columns):
        return
    points = sorted(
        (profile.window, free)
        for profile in (*history.week, *current)
        if profile.window is not None and (free := _free(profile)) is not None
    )
    for profile in current:
        if profile.window is not None and _free(profile) is not None:
            yield _judged(
                Series(spec.name, "hours_until_full", column=_FREE), profile, points, limit
            )


def _free(profile: WindowProfile) -> float | None:
    held = profile.columns.get(_FREE)
    return held.minimum if isinstance(held, NumericProfile) else None


def _judged(series: Series, profile: WindowProfile, points: Points, limit: float) -> Evidence:
    window, free = profile.window, _free(profile)
    if window is None or free is None:
        raise AssertionError("only windows with a figure are judged")
    found = [
        (hours, limit * part)
        for span, part in _SPANS
        if (hours := _hours(_until(points, window, span), free)) is not None
    ]
    if not found:
        few = f"fewer than {FEWEST_POINTS} windows to know how fast it fills"
        message = f"{shown(_FREE, free)} free on the fullest disk; {few}"
        return Evidence(series, window, Status.INSUFFICIENT_DATA, message, n=len(points))
    due = [(hours, most) for hours, most in found if hours.high is not None and hours.high < most]
    hours, most = min(due or found[-1:], key=lambda item: item[0].value or 0.0)
    return _evidence(series, profile, hours, most if due else None)


def _until(points: Points, window: Window, span: timedelta) -> Points:
    return [point for point in points if window.end - span <= point[0].start <= window.start]


def _hours(points: Points, free: float) -> Estimate | None:
    """Hours until nothing is free; without a value where it surely or possibly does not fill."""
    found = trend([window.end.timestamp() / 3600.0 for window, _ in points], [y for _, y in points])
    if found.value is None or found.low is None or found.high is None:
        return None
    if found.high >= 0.0:
        return Estimate(None, None, None, len(points))
    value, low, high = (free / -slope for slope in (found.value, found.low, found.high))
    return Estimate(value, low, high, len(points))


def _evidence(
    series: Series, profile: WindowProfile, hours: Estimate, limit: float | None
) -> Evidence:
    free = shown(_FREE, _free(profile) or 0.0)
    if hours.value is None:
        message = f"{free} free on the fullest disk, which is not filling up"
    else:
        span = f"{number(round(hours.low or 0.0))} to {number(round(hours.high or 0.0))}"
        message = (
            f"{free} free on the fullest disk: full in about {number(round(hours.value))} hours "
            f"({span}) at this rate"
        )
    critical = (
        limit is not None and hours.value is not None and hours.value < limit * _CRITICAL_PART
    )
    return Evidence(
        series=series,
        window=profile.window,
        status=Status.OK if limit is None else Status.ALERT,
        message=message,
        n=hours.n,
        value=hours.value,
        low=hours.low,
        high=hours.high,
        severity=Severity.CRITICAL if critical else Severity.WARNING,
        effect={} if limit is None else {"below": limit},
        profiles=(profile.id,) if profile.id else (),
    )
