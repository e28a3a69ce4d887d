"""From rows to an alarm that says what it comes from."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest

from watchkeeper.domain.model import Column, ColumnType, Model, Role, Task
from watchkeeper.domain.verdict import Status
from watchkeeper.monitors import boundary
from watchkeeper.monitors.evidence import History
from watchkeeper.monitors.judge import judge
from watchkeeper.monitors.slices import grouped
from watchkeeper.profiles.binning import fit_binnings
from watchkeeper.profiles.compute import profile
from watchkeeper.profiles.readers import open_table

DAYS, ROWS = 35, 400
MODEL = Model(
    "m",
    Task.BINARY,
    (
        Column("t", ColumnType.TIMESTAMP, Role.TIME),
        Column("place", ColumnType.CATEGORICAL),
        Column("noise", ColumnType.NUMERIC),
        Column("s", ColumnType.NUMERIC, Role.SCORE),
        Column("p", ColumnType.CATEGORICAL, Role.PREDICTION),
        Column("y", ColumnType.CATEGORICAL, Role.LABEL),
    ),
    positive_class="1",
    classes=("0", "1"),
)


def table(days, *, first=0, hard=0.1, relation=0.0) -> pa.Table:
    """Rows of some days; at the place "hard" the score is ½, at "b" ``relation`` more come true."""
    rng = np.random.default_rng(first)
    n = days * ROWS
    place = rng.choice(["a", "b", "hard"], n, p=[0.5, 0.5 - hard, hard])
    score = np.where(place == "hard", 0.5, rng.uniform(0.05, 0.2, n))
    truth = rng.random(n) < score + relation * (place == "b")
    seconds = (first + np.arange(n) // ROWS) * 86_400 + rng.integers(0, 86_400, n)
    return pa.table(
        {
            "t": np.datetime64("2024-01-01", "us") + seconds.astype("timedelta64[s]"),
            "place": place,
            "noise": rng.normal(size=n),
            "s": score,
            "p": np.where(score >= 0.5, "1", "0"),
            "y": np.where(truth, "1", "0"),
        }
    )


@pytest.fixture(scope="module")
def judged():
    """Judges a table against five weeks in which nothing happens."""
    reference = open_table(table(DAYS))
    binnings = fit_binnings(reference, MODEL)

    def profiled(rows):
        return profile(rows, MODEL, binnings, granularity=MODEL.granularity, breakdown=True)

    histories = {
        key: History(tuple(found), timed=True)
        for key, found in grouped(profiled(reference)).items()
    }

    def alarms(rows):
        found = judge(MODEL, profiled(open_table(rows)), histories)
        return {v.what: v for v in found if v.status is Status.ALERT and v.column in (None, "s")}

    return alarms


def test_an_alarm_of_performance_names_the_mix(judged):
    """More rows of the hard kind: the alarm of the loss says so, as JSON can say it."""
    alarms = judged(table(1, first=40, hard=0.45))

    cause = json.loads(json.dumps(alarms["log_loss"].effect["cause"]))
    assert cause["contributions"][0]["cells"] == "place hard"
    assert cause["contributions"][0]["sure"]
    assert not cause["within"]["sure"]


def test_an_alarm_of_the_score_is_traced_too(judged):
    """The drift of the score names the same place, and that it is of an output."""
    effect = judged(table(1, first=40, hard=0.45))["drift"].effect

    assert effect["role"] == "output"
    assert effect["cause"]["contributions"][0]["cells"] == "place hard"


def test_an_alarm_of_another_relation(judged):
    """Outcomes that changed at one place, while the rows are like ever: that place is named."""
    cause = judged(table(1, first=41, relation=0.5))["calibration_gap"].effect["cause"]

    assert not any(each["sure"] for each in cause["contributions"])
    assert cause["within"]["sure"]
    assert cause["within"]["where"]["cells"] == "place b"


def test_an_alarm_stays_where_its_causes_fail(judged, monkeypatch):
    """What breaks while a cause is looked for does not cost the alarm."""

    def broken(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(boundary, "causes_of", broken)

    alarms = judged(table(1, first=40, hard=0.45))

    assert "cause" not in alarms["log_loss"].effect
