"""The alarm budget."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from watchkeeper.domain.verdict import Status
from watchkeeper.domain.window import Window
from watchkeeper.errors import InvalidInput
from watchkeeper.monitors.budget import decide
from watchkeeper.monitors.evidence import Evidence, Series


def _evidence(name, p_value=None, **more):
    figures = {"status": Status.OK, "message": "", "n": 100, "window": None, **more}
    return Evidence(series=Series("drift", "drift", column=name), p_value=p_value, **figures)


def _statuses(evidence, alpha=0.05):
    return [status for _, status in decide(evidence, alpha=alpha)]


def test_small_p_values_alarm_together():
    """Benjamini-Hochberg over all series: 0.02 alarms beside 0.01, and would not alone of four."""
    found = [_evidence("a", 0.01), _evidence("b", 0.02), _evidence("c", 0.6), _evidence("d", 0.9)]
    alone = [_evidence("b", 0.02), *(_evidence(x, 0.6) for x in "cde")]

    assert _statuses(found) == [Status.ALERT, Status.ALERT, Status.OK, Status.OK]
    assert _statuses(alone) == [Status.OK] * 4


def test_what_is_not_material_does_not_alarm():
    """A sure but irrelevant change stays a verdict that is fine."""
    assert _statuses([_evidence("a", 1e-12, material=False)]) == [Status.OK]


def test_evidence_outside_the_budget_keeps_its_own_status():
    """A static threshold alarms by itself and takes nothing from the others."""
    found = [_evidence("a", status=Status.ALERT), _evidence("b", 0.04)]
    insufficient = _evidence("c", status=Status.INSUFFICIENT_DATA)

    assert _statuses([*found, insufficient]) == [
        Status.ALERT,
        Status.ALERT,
        Status.INSUFFICIENT_DATA,
    ]


def test_heavy_tails_of_the_reference_are_held_against_the_monitor():
    """The same p-value alarms after a calm reference and not after one that was full of them."""
    calm, wild = np.linspace(0.001, 1, 500), np.linspace(0.001, 1, 500) ** 4
    few = [_evidence("x", 0.5) for _ in range(9)]

    assert _statuses([_evidence("a", 1e-4, reference_p_values=calm), *few])[0] is Status.ALERT
    assert _statuses([_evidence("a", 1e-4, reference_p_values=wild), *few])[0] is Status.OK


def test_a_week_that_is_odd_as_a_whole_alarms_where_no_window_does():
    """The p-value of the last week counts beside the window's own, the smaller of them twice."""
    quiet, lasting = _evidence("a", 0.2), _evidence("b", 0.2, run_p_value=1e-4)

    (first, second) = decide([quiet, lasting], alpha=0.01)

    assert (first[1], second[1]) == ("ok", "alert")
    assert second[0].effect["p_value"] == 2e-4


def test_faults_that_never_were_do_not_take_the_budget():
    """Beside hundreds of checks that never speak a drift of 0.001 still alarms."""
    silent = [_evidence(f"q{i}", 1.0, weight=0.05) for i in range(300)]
    loud = [_evidence(f"q{i}", 1.0) for i in range(300)]

    assert _statuses([_evidence("a", 0.001), *silent])[0] is Status.ALERT
    assert _statuses([_evidence("a", 0.001), *loud])[0] is Status.OK


def test_the_order_is_kept_and_nothing_gives_nothing():
    """Decisions come in the order of the evidence."""
    found = [_evidence("b", 0.9), _evidence("a", 1e-9)]

    assert [e.series.column for e, _ in decide(found, alpha=0.05)] == ["b", "a"]
    assert decide([], alpha=0.05) == []


def test_two_windows_are_not_one_tick():
    """Evidence of several windows must be decided window by window."""
    start = datetime(2024, 1, 1, tzinfo=UTC)
    window = Window(start, start + timedelta(days=1))

    with pytest.raises(InvalidInput, match="group the evidence by window"):
        decide([_evidence("a", 0.1), _evidence("a", 0.1, window=window)], alpha=0.05)
