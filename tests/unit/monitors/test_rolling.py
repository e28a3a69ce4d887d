"""What of a judged window may serve to judge later ones."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from watchkeeper.domain.profile import (
    CountProfile,
    NumericBinning,
    RegressionProfile,
    ServiceProfile,
    WindowProfile,
)
from watchkeeper.domain.verdict import Status, Verdict
from watchkeeper.domain.window import Window
from watchkeeper.monitors.rolling import without_alarms

_DAY = timedelta(days=1)
_START = datetime(2024, 1, 1, tzinfo=UTC)
_WINDOW = Window(_START, _START + _DAY)
_ERRORS = RegressionProfile(
    n=10,
    labelled=0,
    invalid=0,
    moments=(0.0, 0.0, 0.0, 0.0),
    ape=(0.0, 0.0, 0),
    label_center=0.0,
    label=(0.0, 0.0),
    error_binning=NumericBinning(0.0, 1.0),
    error_cells=(),
    error_counts=(),
)
_PROFILE = WindowProfile(
    "m",
    _WINDOW,
    10,
    {"a": CountProfile(10, 0), "b": CountProfile(10, 0)},
    performance=_ERRORS,
    service=ServiceProfile(10, 0),
    figures={"fare": 3.0, "tips": 1.0},
)
_JFK, _LGA = (replace(_PROFILE, segment=f"origin={name}") for name in ("JFK", "LGA"))


def _alarm(what: str, column: str | None = None, **more) -> Verdict:
    given = {"status": Status.ALERT, "window": _WINDOW} | more
    return Verdict("vd", "any", "m", what=what, message="", column=column, **given)


def _held(profile: WindowProfile) -> set[str]:
    """Everything that a profile can still be a baseline of."""
    there = {
        "performance": profile.performance is not None,
        "service": profile.service is not None,
        "rows": profile.complete,
    }
    return {*profile.columns, *profile.figures, *(name for name, held in there.items() if held)}


_ALL = {"a", "b", "fare", "tips", "performance", "service", "rows"}


@pytest.mark.parametrize(
    ("alarm", "lost"),
    [
        (_alarm("missing_rate", "a"), "a"),
        (_alarm("drift", "b"), "b"),
        (_alarm("rmse"), "performance"),
        (_alarm("recall:late"), "performance"),
        (_alarm("label_rate"), "performance"),
        (_alarm("latency_p95"), "service"),
        (_alarm("error_rate"), "service"),
        (_alarm("volume"), "rows"),
        (_alarm("custom:fare"), "fare"),
    ],
)
def test_only_what_alarmed_is_left_out(alarm, lost):
    """One alarm takes its own part of the profile and nothing else."""
    [kept] = without_alarms([_PROFILE], [alarm])

    assert _ALL - _held(kept) == {lost}
    assert kept.rows == _PROFILE.rows


@pytest.mark.parametrize(
    "said",
    [
        _alarm("creep", "a"),
        _alarm("missing_rate", "a", status=Status.OK),
        _alarm("missing_rate", "a", status=Status.ERROR),
        _alarm("missing_rate", "a", window=Window(_START + _DAY, _START + 2 * _DAY)),
        _alarm("schema", "new column"),
    ],
)
def test_what_is_no_alarm_of_this_window_takes_nothing(said):
    """Slow creep, other states and other windows leave the profile as it is."""
    [kept] = without_alarms([_PROFILE], [said])

    assert _held(kept) == _ALL


def test_rows_that_came_twice_spoil_the_whole_window():
    """Where rows are duplicated every count is wrong."""
    assert without_alarms([_PROFILE], [_alarm("duplicate_rate")]) == ()


def test_an_alarm_of_all_rows_holds_in_every_slice():
    """What went wrong in all rows is no baseline of any segment."""
    kept = without_alarms([_PROFILE, _JFK, _LGA], [_alarm("missing_rate", "a")])

    assert [_ALL - _held(profile) for profile in kept] == [{"a"}] * 3


def test_an_alarm_of_a_segment_holds_in_all_rows_but_not_in_the_others():
    """All rows hold the segment's rows, another segment does not."""
    alarm = _alarm("missing_rate", "a", segment="origin=JFK")

    kept = without_alarms([_PROFILE, _JFK, _LGA], [alarm])

    assert [_ALL - _held(profile) for profile in kept] == [{"a"}, {"a"}, set()]


def test_several_windows_are_told_apart():
    """Every profile meets the verdicts of its own window."""
    later = replace(_PROFILE, window=Window(_START + _DAY, _START + 2 * _DAY))

    kept = without_alarms([_PROFILE, later], [_alarm("drift", "a"), _alarm("volume")])

    assert [_ALL - _held(profile) for profile in kept] == [{"a", "rows"}, set()]


def test_a_profile_without_alarms_stays_the_same_object():
    """What is remembered of it stays remembered."""
    assert without_alarms([_PROFILE], [])[0] is _PROFILE


def test_a_fault_that_lasts_spoils_all_windows_since_it_began():
    """What was told on the third day began on the first: neither is a baseline."""
    days = [
        replace(_PROFILE, window=Window(_START + n * _DAY, _START + (n + 1) * _DAY))
        for n in range(3)
    ]
    since = (_START + _DAY).isoformat()
    said = _alarm("missing_rate", "a", window=days[2].window, effect={"since": since})

    kept = without_alarms(days, [said])

    assert ["a" in profile.columns for profile in kept] == [True, False, False]
