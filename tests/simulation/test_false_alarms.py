"""How often the drift monitor alarms where nothing changed, and how often where something did.

Small, so that CI can afford it; ``benchmarks/false_alarms.py`` measures the same through
``wk.compare`` with intervals that mean something.
"""

from __future__ import annotations

from collections import defaultdict

import pytest

from watchkeeper.domain.model import MonitorSpec
from watchkeeper.domain.verdict import Status
from watchkeeper.monitors.budget import decide
from watchkeeper.monitors.drift import drift
from watchkeeper.monitors.evidence import History
from watchkeeper.testing.streams import Shift, Stream

_REFERENCE = 56


def _alert_days(stream: Stream, *, materiality: float = 0.0) -> int:
    """Days of the 90 after the reference on which any feature alarms."""
    model, profiles = stream.model(materiality=materiality), stream.profiles()
    history = History(tuple(profiles[:_REFERENCE]), timed=True)
    days = defaultdict(list)
    for evidence in drift(MonitorSpec("drift", "drift"), model, profiles[_REFERENCE:], history):
        days[evidence.window].append(evidence)
    alpha = model.alarm_budget.per_tick(model.granularity)
    return sum(
        any(status is Status.ALERT for _, status in decide(found, alpha=alpha))
        for found in days.values()
    )


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["iid", "weekly", "ar1", "bursty"])
def test_false_alarm_days_stay_near_the_budget(kind):
    """Two models of 50 features together: at most three times their budget of one per 90 days.

    Three, not two: the counts of two models vary by ±1.4 around a mean of 2 at the most.
    """
    days = sum(_alert_days(Stream(kind, rows=300, seed=seed)) for seed in range(2))

    assert days <= 6


@pytest.mark.slow
def test_a_shift_of_three_features_is_seen_every_day():
    """3 of 50 features move by 0.3 sd amid a weekly cycle: at least nine days of ten alarm."""
    stream = Stream("weekly", rows=1000, seed=3, shift=Shift(3, 0.3, _REFERENCE))

    assert _alert_days(stream) >= 81


@pytest.mark.slow
def test_the_materiality_gate_only_makes_it_quieter():
    """What is too small to matter never alarms, and nothing new does."""
    stream = Stream("weekly", rows=500, seed=11, windows=100)

    assert _alert_days(stream, materiality=0.02) <= _alert_days(stream)
