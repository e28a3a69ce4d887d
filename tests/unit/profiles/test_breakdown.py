"""Answers and errors by the cells of every feature."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from watchkeeper.domain.model import Column, ColumnType, Model, Role, Task
from watchkeeper.domain.profile import BreakdownProfile, CategoricalBinning, NumericBinning
from watchkeeper.profiles import breakdown
from watchkeeper.profiles.binning import fit_binnings, numeric_binning
from watchkeeper.profiles.compute import profile
from watchkeeper.profiles.merge import merge
from watchkeeper.profiles.readers import open_table

OUTCOME = {"binary": ColumnType.CATEGORICAL, "regression": ColumnType.NUMERIC}
BINNINGS = {
    "x": NumericBinning(0.0, 1.0, breaks=(1.0, 2.0)),
    "c": CategoricalBinning(("a", "b"), frozenset({"rare"})),
}


def broken_down(table, model, column="x", binnings=BINNINGS) -> BreakdownProfile:
    """The breakdown of all rows by one column."""
    found = profile(open_table(table), model, binnings, granularity=None, breakdown=True)
    return found[0].breakdowns[column]


def defined(task, *, score=True, kind=ColumnType.CATEGORICAL) -> Model:
    """A model of one numeric and one categorical feature."""
    columns = [
        Column("x", ColumnType.NUMERIC),
        Column("c", ColumnType.CATEGORICAL),
        Column("p", kind, Role.PREDICTION),
        Column("y", kind, Role.LABEL),
    ]
    if score:
        columns.append(Column("s", ColumnType.NUMERIC, Role.SCORE))
    return Model("m", task, tuple(columns), positive_class="1", classes=("0", "1"))


def test_errors_of_a_binary_model_by_hand():
    """Every cell holds score less label, its square, and wrong answers, of its rows with labels."""
    table = pa.table(
        {
            "x": [0.0, 1.5, 1.5, 9.0, None],
            "c": ["a", "a", "b", "b", "b"],
            "p": ["0", "1", "0", "1", "1"],
            "y": ["0", "0", "1", None, "1"],
            "s": [0.1, 0.6, 0.4, 0.9, 0.8],
        }
    )

    found = broken_down(table, defined(Task.BINARY))

    assert found.rows.tolist() == [1, 2, 1, 1]
    assert found.labelled.tolist() == [1, 2, 0, 1]
    assert found.sums["answer"] == pytest.approx([0.1, 1.0, 0.9, 0.8])
    assert found.sums["signed"] == pytest.approx([0.1, 0.0, 0.0, -0.2])
    assert found.sums["squared"] == pytest.approx([0.01, 0.72, 0.0, 0.04])
    assert found.sums["squared_2"] == pytest.approx([1e-4, 2 * 0.36**2, 0.0, 0.0016])
    assert found.sums["wrong"] == pytest.approx([0.0, 2.0, 0.0, 0.0])


def test_categories_by_hand():
    """Known values have cells of their own; then rarer ones, new ones, and missing ones."""
    table = pa.table(
        {
            "x": np.zeros(5), "c": ["b", "rare", "new", None, "newer"],
            "p": ["1"] * 5, "y": ["0"] * 5, "s": [0.5] * 5,
        }
    )  # fmt: skip

    assert broken_down(table, defined(Task.BINARY), "c").rows.tolist() == [0, 1, 1, 2, 1]


def test_a_model_that_only_answers():
    """Without scores there are wrong answers and the share of positive ones, and nothing made up."""
    table = pa.table({"x": [0.0, 0.0], "c": ["a", "a"], "p": ["1", "0"], "y": ["1", "1"]})

    found = broken_down(table, defined(Task.BINARY, score=False))

    assert set(found.sums) == {"answer", "answer_2", "wrong"}
    assert found.sums["wrong"][0] == 1.0
    assert found.sums["answer"][0] == 1.0


def test_errors_of_a_regressor():
    """Prediction less label, its size and its square; a label that is no number is none."""
    table = pa.table(
        {
            "x": [0.0, 0.0, 5.0], "c": ["a"] * 3,
            "p": [1.0, 5.0, 2.0], "y": [3.0, 4.0, float("nan")],
        }
    )  # fmt: skip

    found = broken_down(table, defined(Task.REGRESSION, score=False, kind=ColumnType.NUMERIC))

    assert found.labelled.tolist() == [2, 0, 0, 0]
    assert found.rows.tolist() == [2, 0, 1, 0]
    assert found.sums["signed"][0] == pytest.approx(-1.0)
    assert found.sums["absolute"][0] == pytest.approx(3.0)
    assert found.sums["squared"][0] == pytest.approx(5.0)


def test_errors_of_a_multiclass_model():
    """Brier's score over all classes, and wrong answers."""
    scores = {"s0": [0.2, 0.1], "s1": [0.3, 0.8], "s2": [0.5, 0.1]}
    table = pa.table({"x": [0.0, 0.0], "p": ["2", "1"], "y": ["0", "1"], **scores})
    columns = (
        Column("x", ColumnType.NUMERIC),
        Column("p", ColumnType.CATEGORICAL, Role.PREDICTION),
        Column("y", ColumnType.CATEGORICAL, Role.LABEL),
        *(Column(f"s{k}", ColumnType.NUMERIC, Role.SCORE, score_of=str(k)) for k in range(3)),
    )
    model = Model("m", Task.MULTICLASS, columns, classes=("0", "1", "2"))

    found = broken_down(table, model)

    assert set(found.sums) == {"squared", "squared_2", "wrong"}
    expected = (0.8**2 + 0.3**2 + 0.5**2) + (0.1**2 + 0.2**2 + 0.1**2)
    assert found.sums["squared"][0] == pytest.approx(expected)
    assert found.sums["wrong"][0] == 1.0


def test_only_where_it_is_asked_for(rows, model):
    """Without being asked, and for a model without outputs, there is none."""
    table = open_table(rows)
    binnings = fit_binnings(table, model)
    outputs = {Role.SCORE, Role.PREDICTION, Role.LABEL}
    bare = Model("m", Task.NONE, tuple(c for c in model.columns if c.role not in outputs))

    assert profile(table, model, binnings, granularity=None)[0].breakdowns == {}
    assert profile(table, bare, binnings, granularity=None, breakdown=True)[0].breakdowns == {}


def test_slices_add_up(rows, model, differences):
    """Segments broken down apart, with windows, are together the breakdown of all rows."""
    table = open_table(rows)
    found = profile(
        table, model, fit_binnings(table, model), granularity=model.granularity, breakdown=True
    )
    segments = [part for part in found if part.segment is not None]
    whole = [part for part in found if part.segment is None]

    assert {part.segment for part in segments} == {"place=a", "place=b", "place=ü"}
    assert differences(merge(segments).breakdowns, merge(whole).breakdowns) == []
    assert sum(merge(whole).breakdowns["text"].labelled) == rows.num_rows


def many(n: int, **ids) -> pa.Table:
    return pa.table(
        {
            "x": np.arange(n) % 3 + 0.0, "c": ["a"] * n, "p": ["1"] * n, "y": ["1"] * n,
            "s": [0.5] * n, **ids,
        }
    )  # fmt: skip


def test_a_large_window_is_looked_at_in_part(monkeypatch):
    """Of more rows than the limit a share is taken by the id, the same whenever it is asked."""
    monkeypatch.setattr(breakdown, "_WINDOW_ROWS", 1_000)
    plain = defined(Task.BINARY)
    named = Column("id", ColumnType.CATEGORICAL, Role.PREDICTION_ID)
    model = Model("m", Task.BINARY, (*plain.columns, named), positive_class="1", classes=("0", "1"))
    table = many(10_000, id=[f"r{i}" for i in range(10_000)])

    first, again = broken_down(table, model), broken_down(table, model)

    assert 850 < first.rows.sum() < 1_150
    assert first.rows.tolist() == again.rows.tolist()


def test_a_large_window_without_ids_is_not_looked_at(monkeypatch):
    """Where nothing says which rows to take, none are, and no part is taken for the whole."""
    monkeypatch.setattr(breakdown, "_WINDOW_ROWS", 1_000)
    model = defined(Task.BINARY)

    (found,) = profile(open_table(many(2_000)), model, BINNINGS, granularity=None, breakdown=True)

    assert found.breakdowns == {}


@pytest.mark.parametrize("values", [np.random.default_rng(1).normal(size=5_000), np.arange(7.0)])
def test_breaks_part_the_reference_evenly(values):
    """No coarse cell of the reference holds much more than a twelfth, nor a single value less."""
    breaks = np.array(numeric_binning(values).breaks)

    counts = np.bincount(np.searchsorted(breaks, values, side="right"), minlength=len(breaks) + 1)

    assert counts.max() <= max(1, 0.09 * len(values))
    assert list(breaks) == sorted(set(breaks))


def test_a_value_that_is_most_has_its_own_cell():
    """A column that is mostly zero has zero apart from the smallest of its other values."""
    values = np.concatenate([np.zeros(900), np.random.default_rng(2).exponential(size=100) + 0.001])

    binning = numeric_binning(values)

    assert binning.breaks[0] == 0.0
    assert 0.0 < binning.breaks[1] <= values[values > 0].min()
