"""Latency and errors."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from watchkeeper.domain.model import Model, MonitorSpec, Task
from watchkeeper.domain.profile import NumericBinning, NumericProfile, ServiceProfile, WindowProfile
from watchkeeper.domain.window import Window
from watchkeeper.monitors.budget import decide
from watchkeeper.monitors.evidence import History
from watchkeeper.monitors.service import latency_quantile, service
from watchkeeper.stats.grid import cell_of

_START = datetime(2024, 1, 1, tzinfo=UTC)
_MODEL = Model("m", Task.NONE, ())


def _latency(values: np.ndarray) -> NumericProfile:
    cells, place = np.unique(cell_of(values, 0.0, 1.0), return_inverse=True)
    counts = np.bincount(place).astype(np.int64)
    ends = float(values.min()), float(values.max())
    sums = np.bincount(place, values)
    n = len(values)
    return NumericProfile(
        NumericBinning(0.0, 1.0), n, 0, 0, 0, 0, 0, 0, cells, counts, sums, 0.0, 0.0, *ends
    )


def _window(day: int, *, factor: float = 1.0, errors: int = 5, n: int = 2000) -> WindowProfile:
    values = factor * np.random.default_rng(day).lognormal(3.0, 0.5, n)
    start = _START + timedelta(days=day)
    window = Window(start, start + timedelta(days=1))
    return WindowProfile("m", window, n, {}, service=ServiceProfile(n, errors, _latency(values)))


def _judge(current: WindowProfile, history: History) -> dict[str, str]:
    found = list(service(MonitorSpec("service", "service"), _MODEL, [current], history))
    return {e.series.what: str(status) for e, status in decide(found, alpha=0.01)}


_NORMAL = History((), timed=True, recent=tuple(_window(day) for day in range(20)))


def test_a_day_like_the_others_is_fine():
    """Latency and errors as in the last windows are no alarm."""
    assert set(_judge(_window(30), _NORMAL).values()) == {"ok"}


def test_a_slower_service_alarms_in_every_quantile():
    """Half as slow again is an alarm at p50, p95 and p99, and not of the errors."""
    assert _judge(_window(30, factor=1.5), _NORMAL) == {
        "error_rate": "ok",
        "latency_p50": "alert",
        "latency_p95": "alert",
        "latency_p99": "alert",
    }


def test_errors_alarm():
    """Five percent of failures where a quarter of one percent were usual is an alarm."""
    assert _judge(_window(30, errors=100), _NORMAL)["error_rate"] == "alert"


def test_too_little_history_is_said():
    """Without latency in the reference, the first windows have nothing to be compared with."""
    empty = WindowProfile("m", _window(0).window, 100, {})

    found = _judge(_window(30), History((empty,), timed=True))

    assert set(found.values()) == {"insufficient_data"}


def test_a_high_quantile_of_few_answers_is_none():
    """The 99th percentile of a hundred answers does not exist."""
    few = _window(30, n=100).service.latency

    assert latency_quantile(few, 0.99) is None
    assert latency_quantile(few, 0.5) is not None


def test_quantiles_are_right_to_the_grid():
    """Within 1 % of numpy's, inside their interval."""
    values = np.random.default_rng(1).lognormal(3.0, 0.5, 20_000)

    value, low, high = latency_quantile(_latency(values), 0.95)

    assert abs(value / np.quantile(values, 0.95) - 1.0) < 0.011
    assert low <= value <= high
