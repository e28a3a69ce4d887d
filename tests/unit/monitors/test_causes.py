"""What a change comes from: the right feature, or none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from watchkeeper.domain.model import Column, ColumnType, Model, Role, Task
from watchkeeper.domain.profile import (
    BreakdownProfile,
    CategoricalBinning,
    ClassificationProfile,
    CountProfile,
    NumericBinning,
    WindowProfile,
)
from watchkeeper.domain.verdict import Status
from watchkeeper.domain.window import Window
from watchkeeper.monitors.causes import causes_of
from watchkeeper.monitors.cell_words import kind_of
from watchkeeper.monitors.evidence import Evidence, History, Series

DAY = timedelta(days=1)
START = datetime(2024, 1, 1, tzinfo=UTC)
GRID = NumericBinning(0.0, 1.0, breaks=(-1.0, -0.5, 0.0, 0.5, 1.0))
PLACES = CategoricalBinning(("a", "b", "c", "d"))
BINNINGS = {"place": PLACES, "wind": GRID, "noise": GRID, "other": GRID, "more": PLACES}
KINDS = {"place": ColumnType.CATEGORICAL, "more": ColumnType.CATEGORICAL}
MODEL = Model(
    "m",
    Task.BINARY,
    (
        *(Column(name, KINDS.get(name, ColumnType.NUMERIC)) for name in BINNINGS),
        Column("s", ColumnType.NUMERIC, Role.SCORE),
        Column("y", ColumnType.CATEGORICAL, Role.LABEL),
    ),
)
PERFORMANCE = ClassificationProfile(
    ("0", "1"), 0, 0, 0, *(np.zeros(1) for _ in range(4)), 0, (0.0, 0.0), (0.0, 0.0)
)  # fmt: skip


def window(rng, day, *, place=0.15, wind=0.0, noise=0.0, relation=0.0, rows=900):
    """A day: at place d answers are hard (score ½), with wind above 1 the model is too sure.

    ``place`` is the share of place d (it varies by ± 0.02 by nature), ``wind`` and ``noise`` the
    shift of these features, ``relation`` how much more often the outcome comes true at place b.
    """
    share = np.clip(place + rng.normal(0.0, 0.02), 0.01, 0.97)
    rest = (1.0 - share) / 3.0
    x = {
        "place": rng.choice(4, rows, p=[rest, rest, rest, share]),
        "wind": rng.normal(wind, 1.0, rows),
        "noise": rng.normal(noise, 1.0, rows),
        "other": rng.normal(0.0, 1.0, rows),
        "more": rng.choice(4, rows),
    }
    score = np.where(x["place"] == 3, 0.5, 0.1)
    truth = score + 0.25 * (x["wind"] > 1.0) + relation * (x["place"] == 1)
    y = (rng.random(rows) < truth).astype(float)
    error = score - y
    sums = {"answer": score, "answer_2": score**2, "signed": error, "squared": error**2}
    sums["squared_2"] = error**4
    return WindowProfile(
        "m", Window(START + day * DAY, START + (day + 1) * DAY), rows,
        {name: CountProfile(rows, 0) for name in (*BINNINGS, "s")},
        performance=PERFORMANCE,
        breakdowns={name: broken_down(name, x[name], sums) for name in BINNINGS},
    )  # fmt: skip


def broken_down(name, x, sums):
    binning = BINNINGS[name]
    numeric = isinstance(binning, NumericBinning)
    cell = np.searchsorted(binning.breaks, x, side="right") if numeric else x
    size = 7
    count = np.bincount(cell, minlength=size)
    summed = {figure: np.bincount(cell, weights=v, minlength=size) for figure, v in sums.items()}
    return BreakdownProfile(binning, count, count, summed)


@pytest.fixture(scope="module")
def history() -> History:
    """Eight weeks in which nothing happens."""
    rng = np.random.default_rng(0)
    return History(tuple(window(rng, day) for day in range(56)), timed=True)


def caused(what, current, history, column=None):
    found = Evidence(Series("m", what, column=column), current.window, Status.OK, "", 900)
    return causes_of(found, MODEL, current, history)


def sure(told):
    return [] if told is None else [c["column"] for c in told["contributions"] if c["sure"]]


@pytest.mark.parametrize(
    ("what", "shift", "culprit"),
    [
        ("log_loss", {"place": 0.45, "noise": 2.0}, "place"),
        ("calibration_gap", {"wind": 1.0, "noise": 3.0}, "wind"),
    ],
)
def test_the_shift_that_costs_is_named(history, what, shift, culprit):
    """Nine times in ten or more it is the guilty feature, not one that drifted farther."""
    rng = np.random.default_rng(1)

    told = [sure(caused(what, window(rng, 60, **shift), history)) for _ in range(40)]

    assert sum(names[:1] == [culprit] for names in told) >= 36
    assert sum("noise" in names for names in told) <= 2


@pytest.mark.parametrize("what", ["log_loss", "calibration_gap"])
def test_nothing_is_named_where_nothing_happened(history, what):
    """Days like the others have no cause, in 19 of 20."""
    rng = np.random.default_rng(2)

    told = [caused(what, window(rng, 60 + day), history) for day in range(80)]

    assert sum(bool(sure(each)) for each in told) <= 4
    assert sum(each is not None and each["within"]["sure"] for each in told) <= 8


def test_another_relation_is_no_mix(history):
    """Where outcomes change at one place and the mix stays, no feature is named but the place is."""
    rng = np.random.default_rng(3)

    told = [caused("calibration_gap", window(rng, 60, relation=0.45), history) for _ in range(20)]

    assert all(each["within"]["sure"] and not sure(each) for each in told)
    places = [each["within"]["where"] for each in told]
    assert sum(where is not None and where["cells"] == "place b" for where in places) >= 18


def test_the_parts_of_one_shift_in_figures(history):
    """The share of the change and its interval, the cells in words, and that there is no rest."""
    told = caused("log_loss", window(np.random.default_rng(4), 60, place=0.6), history)

    first = told["contributions"][0]
    assert (first["column"], first["cells"], first["more"]) == ("place", "place d", True)
    assert 0.6 < first["share_low"] < first["share"] < first["share_high"] < 1.5
    assert first["value"] == pytest.approx(0.45 * 0.13, rel=0.4)
    assert not told["within"]["sure"]


def test_a_shift_of_the_scores_is_traced(history):
    """The drift of a score is traced to the feature by which the model answers otherwise."""
    current = window(np.random.default_rng(5), 60, place=0.6)

    told = caused("drift", current, history, column="s")

    assert told["figure"] == "answer"
    assert sure(told) == ["place"]
    assert caused("drift", current, history, column="wind") is None


def test_rows_of_a_new_kind(history):
    """Values that the reference never held are a mix of their own."""
    current = window(np.random.default_rng(6), 60)
    held = current.breakdowns["place"]
    order = [5, 1, 2, 3, 4, 0, 6]  # place a is now a value that was never there
    moved = {name: sums[order] for name, sums in held.sums.items()}
    moved["squared"][5] *= 5.0
    changed = BreakdownProfile(PLACES, held.rows[order], held.labelled[order], moved)
    current.breakdowns["place"] = changed

    told = caused("log_loss", current, history)

    assert sure(told) == ["place"]
    assert told["contributions"][0]["cells"] == "place with a value that was not there before"


@pytest.mark.parametrize(
    ("binning", "cell", "words"),
    [
        (GRID, 0, "x below -1"),
        (GRID, 2, "x from -0.5 to 0"),
        (GRID, 5, "x of 1 or more"),
        (GRID, 6, "x missing"),
        (PLACES, 1, "x b"),
        (PLACES, 4, "x with a rare value"),
        (PLACES, 6, "x missing"),
    ],
)
def test_cells_in_words(binning, cell, words):
    """A cell is called by its bounds or its value."""
    assert kind_of(binning, cell).words("x") == words


def test_neighbours_are_told_together():
    """Numeric cells beside each other that do alike are one range; missing values are apart."""
    alike = np.array([True, False, False, False, True, True, True])

    assert kind_of(GRID, 4, alike=alike).words("x") == "x of 0.5 or more"
    assert kind_of(GRID, 6, alike=alike).words("x") == "x missing"


@pytest.mark.parametrize("what", ["volume", "missing_rate"])
def test_other_alarms_are_not_traced(history, what):
    """What is no error and no answer has no mix."""
    assert caused(what, window(np.random.default_rng(7), 60, place=0.6), history) is None


def test_without_breakdowns_there_is_no_cause(history):
    """A window that was not broken down, or a history that never was, says nothing."""
    current = window(np.random.default_rng(8), 60, place=0.6)
    bare = WindowProfile("m", current.window, 900, current.columns, performance=PERFORMANCE)

    assert caused("log_loss", bare, history) is None
    assert caused("log_loss", current, History((bare,), timed=True)) is None
