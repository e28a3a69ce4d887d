"""The join of predictions and labels, against a plain reading of the rule."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from watchkeeper.domain.model import Column, ColumnType, Model, Role, Task
from watchkeeper.lake.joined import attach_labels, first_of_each_id
from watchkeeper.lake.schemas import SEQUENCE, STAMP, label_type

START = datetime(2013, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
TRUTHS = st.tuples(st.sampled_from("abc"), st.sampled_from(["x", "y"]), st.integers(0, 4))


def model(task=Task.BINARY, kind=ColumnType.CATEGORICAL):
    return Model("m", task, (Column("truth", kind, Role.LABEL),))


def predictions(ids):
    return pa.table({"_wk_id": pa.array(ids, pa.string())})


def labels(told, kind=None):
    return pa.table(
        {
            "_wk_id": pa.array([identity for identity, _, _ in told], pa.string()),
            "_wk_label": pa.array([truth for _, truth, _ in told], kind or pa.string()),
            "_wk_known_at": pa.array([START + hours * HOUR for _, _, hours in told], STAMP),
            SEQUENCE: pa.array(range(len(told)), pa.int64()),
        }
    )


def plain(told, identity):
    """The latest known truth of an id, and since when it was told without a break."""
    mine = sorted((hours, n, truth) for n, (i, truth, hours) in enumerate(told) if i == identity)
    if not mine:
        return None, None
    since = len(mine) - 1
    while since and mine[since - 1][2] == mine[-1][2]:
        since -= 1
    return mine[-1][2], START + mine[since][0] * HOUR


@settings(deadline=None)
@given(st.lists(TRUTHS, max_size=12), st.permutations(["a", "b", "d"]))
def test_the_latest_known_truth_of_each_id_is_joined(told, ids):
    """Ties of time go to the later told; the same truth told again keeps its first time."""
    found = attach_labels(predictions(ids), labels(told), model())

    expected = [plain(told, identity) for identity in ids]
    assert found.column("truth").to_pylist() == [truth for truth, _ in expected]
    assert found.column("_wk_label_known_at").to_pylist() == [since for _, since in expected]


@settings(deadline=None)
@given(st.lists(TRUTHS, min_size=1, max_size=8), st.randoms())
def test_the_order_in_which_files_are_read_does_not_matter(told, random):
    """The sequence decides, not the place in the table."""
    rows = labels(told)
    order = list(range(len(told)))
    random.shuffle(order)
    ids = predictions(["a", "b", "c"])

    assert attach_labels(ids, rows.take(pa.array(order, pa.int64())), model()).equals(
        attach_labels(ids, rows, model())
    )


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 3)), max_size=10), st.randoms())
def test_each_id_counts_once_in_the_order_of_time(rows, random):
    """Of rows with one id the first moved is kept."""
    table = pa.table(
        {
            "_wk_id": pa.array([identity for identity, _ in rows], pa.string()),
            "_wk_time": pa.array([START + hours * HOUR for _, hours in rows], STAMP),
            SEQUENCE: pa.array(range(len(rows)), pa.int64()),
        }
    )
    order = list(range(len(rows)))
    random.shuffle(order)
    found = first_of_each_id(table.take(pa.array(order, pa.int64()))).to_pylist()

    first = {}
    for n, (identity, hours) in enumerate(rows):
        first.setdefault(identity, (hours, n))
    kept = sorted((*place, identity) for identity, place in first.items())
    assert [item["_wk_id"] for item in found] == [identity for _, _, identity in kept]


def test_labels_take_the_type_of_their_column():
    """Numbers, truth values and text; what an older definition let in and this one cannot hold is
    missing; without a label column only the time is added.
    """
    ids = predictions(["a", "b"])
    number = labels([("a", 1.5, 0)], label_type(model(Task.REGRESSION)))

    def truths(rows, *, task=Task.BINARY, kind):
        return attach_labels(ids, rows, model(task, kind)).column("truth").to_pylist()

    assert truths(number, task=Task.REGRESSION, kind=ColumnType.NUMERIC) == [1.5, None]
    assert truths(labels([("a", "true", 0)]), kind=ColumnType.BOOLEAN) == [True, None]
    assert truths(labels([("a", "7", 0)]), kind=ColumnType.NUMERIC) == [7.0, None]
    mixed = labels([("a", "yes", 0), ("b", "2", 0)])
    assert truths(mixed, kind=ColumnType.NUMERIC) == [None, 2.0]
    bare = attach_labels(ids, labels([("a", "x", 0)]), Model("m", Task.NONE, ()))
    assert bare.schema.names == ["_wk_id", "_wk_label_known_at"]
