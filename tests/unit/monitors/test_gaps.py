"""Histories with holes: what alarmed is missing from them, and every monitor copes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from watchkeeper.domain.model import Column, ColumnType, Model, MonitorSpec, Role, Task
from watchkeeper.domain.profile import WindowProfile
from watchkeeper.domain.verdict import Status
from watchkeeper.domain.window import Granularity
from watchkeeper.monitors.evidence import History
from watchkeeper.monitors.judge import judge
from watchkeeper.monitors.slices import TOTAL
from watchkeeper.profiles.binning import fit_binnings
from watchkeeper.profiles.compute import profile
from watchkeeper.profiles.readers import open_table

_DAYS, _ROWS = 71, 80
_MODEL = Model(
    "m",
    Task.BINARY,
    (
        Column("x", ColumnType.NUMERIC),
        Column("c", ColumnType.CATEGORICAL),
        Column("b", ColumnType.BOOLEAN),
        Column("score", ColumnType.NUMERIC, Role.SCORE),
        Column("prediction", ColumnType.CATEGORICAL, Role.PREDICTION),
        Column("label", ColumnType.CATEGORICAL, Role.LABEL),
    ),
    monitors=(
        MonitorSpec("mean", "deviation", columns=("x",), options={"figure": "mean"}),
        MonitorSpec("right", "deviation", options={"figure": "accuracy"}),
        MonitorSpec("slow", "static", options={"figure": "latency_p50", "above": 1e9}),
    ),
)


@pytest.fixture(scope="module")
def days() -> list[WindowProfile]:
    """A window for each of 71 days, of all rows."""
    random = np.random.default_rng(3)
    n = _DAYS * _ROWS
    start = datetime(2024, 1, 1, 1, tzinfo=UTC)
    score = random.random(n)
    label = random.random(n) < score
    table = pa.table(
        {
            "_wk_time": pa.array(
                [start + timedelta(days=i // _ROWS, minutes=i % _ROWS) for i in range(n)],
                pa.timestamp("us", "UTC"),
            ),
            "_wk_latency_ms": random.lognormal(3.0, 0.3, n),
            "x": random.normal(size=n),
            "c": random.choice(["a", "b", "c"], n),
            "b": random.random(n) < 0.3,
            "score": score,
            "prediction": np.where(score > 0.5, "1", "0"),
            "label": np.where(label, "1", "0"),
        }
    )
    source = open_table(table)
    binnings = fit_binnings(source, _MODEL)
    return profile(source, _MODEL, binnings, granularity=Granularity.parse("1d"), segments=False)


def _holed(window: WindowProfile, random: np.random.Generator, share: float) -> WindowProfile:
    """The window without about that share of its parts."""

    def keeps() -> bool:
        return bool(random.random() >= share)

    return replace(
        window,
        columns={name: held for name, held in window.columns.items() if keeps()},
        performance=window.performance if keeps() else None,
        service=window.service if keeps() else None,
        complete=keeps(),
    )


def _series(verdicts) -> set[tuple[str, str, str | None]]:
    """All but slow creep, which needs rows of the last week."""
    return {(v.monitor, v.what, v.column) for v in verdicts if v.what != "creep"}


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 1.0])
def test_no_monitor_fails_where_the_history_has_holes(days, share):
    """Whatever is left out of recent windows, every series is judged as ever."""
    random = np.random.default_rng(1)
    recent = tuple(_holed(window, random, share) for window in days[28:-1])
    whole = History(tuple(days[:28]), timed=True, recent=tuple(days[28:-1]))

    verdicts = judge(_MODEL, days[-1:], {TOTAL: replace(whole, recent=recent)})

    expected = judge(_MODEL, days[-1:], {TOTAL: whole})
    assert _series(verdicts) == _series(expected)
    assert [v for v in verdicts if v.status not in (Status.OK, Status.INSUFFICIENT_DATA)] == []
    series = {(v.what, v.column): v.status for v in verdicts}
    assert series["missing_rate", "x"] is series["drift", "c"] is series["roc_auc", None]


def test_a_reference_with_holes_is_no_error(days):
    """Columns that come and go in the reference itself are judged by the windows that have them."""
    random = np.random.default_rng(2)
    reference = tuple(_holed(window, random, 0.5) for window in days[:28])

    verdicts = judge(_MODEL, days[28:30], {TOTAL: History(reference, timed=True)})

    assert not [v for v in verdicts if v.status is Status.ERROR]
