"""Labels before, with and after their prediction; corrected, repeated and never."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from watchkeeper.catalog import WindowState
from watchkeeper.domain.model import Column, ColumnType, Role, Task
from watchkeeper.ingest import Reason

from .conftest import NOON, make_model

HOUR = timedelta(hours=1)


def row(identity, hours=0):
    return {"id": identity, "time": (NOON + hours * HOUR).isoformat(), "wind": 1.0}


def truths(rows):
    return {item["_wk_id"]: item["late"] for item in rows}


def test_a_late_label_joins_its_prediction(place):
    """A label that comes weeks later lands in the window of its prediction, which turns dirty."""
    place.send([row("a"), row("b")])
    place.mover.move()
    for window in place.catalog.windows.pending(WindowState.DIRTY):
        place.catalog.windows.profiled(window, joined=0)
    place.label([{"id": "a", "label": True}], known_at=NOON + timedelta(days=20))

    assert truths(place.joined()) == {"a": "true", "b": None}
    assert WindowState.DIRTY is place.window().state


def test_a_label_before_its_prediction_waits_for_it(place):
    """A label without prediction is kept, and joined when the prediction appears."""
    receipt = place.label([{"id": "a", "label": "false"}])
    assert place.joined() == []
    place.send([row("a")])

    assert receipt.accepted == 1
    assert truths(place.joined()) == {"a": "false"}


def test_a_label_in_the_same_move_as_its_prediction_joins(place):
    """Label first, prediction second, one move."""
    place.label([{"id": "a", "label": 1}])
    place.send([row("a")])

    assert truths(place.joined()) == {"a": "1"}


def test_a_correction_wins_and_history_is_kept(place):
    """The latest known label counts now; what was known then can still be asked."""
    place.send([row("a")])
    place.label([{"id": "a", "label": True}], known_at=NOON + HOUR)
    place.label([{"id": "a", "label": False}], known_at=NOON + 2 * HOUR)

    assert truths(place.joined()) == {"a": "false"}
    assert truths(place.joined(known_at=NOON + HOUR)) == {"a": "true"}
    assert truths(place.joined(known_at=NOON)) == {"a": None}
    assert place.joined(known_at=NOON - HOUR) == []


def test_a_repeated_truth_counts_since_it_was_first_told(place):
    """Telling the same again does not make the label late; within a batch it is a duplicate."""
    place.send([row("a")])
    place.label([{"id": "a", "label": True}], known_at=NOON + HOUR)
    again = place.label([{"id": "a", "label": True}] * 2, known_at=NOON + 5 * HOUR)
    (stored,) = place.joined()

    assert (again.accepted, again.duplicate) == (1, 1)
    assert stored["_wk_label_known_at"] == NOON + HOUR


def test_labels_told_out_of_order_are_ordered_by_when_they_were_known(place):
    """A backfilled older label does not overrule a newer one."""
    place.send([row("a")])
    place.label([{"id": "a", "label": "new"}], known_at=NOON + 5 * HOUR)
    place.label([{"id": "a", "label": "old"}], known_at=NOON + HOUR)

    assert truths(place.joined()) == {"a": "new"}
    assert truths(place.joined(known_at=NOON + 2 * HOUR)) == {"a": "old"}


def test_within_a_batch_the_last_label_wins(place):
    """Two truths of one id in one batch: the later row is the correction."""
    place.send([row("a")])
    place.label([{"id": "a", "label": "x"}, {"id": "a", "label": "y"}])

    assert truths(place.joined()) == {"a": "y"}


@pytest.mark.parametrize("told", [[(0, "y"), (1, "y"), (0, "x")], [(2, "x"), (1, "y"), (2, "z")]])
@pytest.mark.parametrize("move_each", [True, False])
def test_the_latest_known_truth_wins_in_any_order(place, told, move_each):
    """Whatever was told in whatever order and moves, the latest known truth is joined."""
    place.send([row("a")])
    for hours, truth in told:
        place.label([{"id": "a", "label": truth}], known_at=NOON + hours * HOUR)
        if move_each:
            place.mover.move()

    latest = max(hours for hours, _ in told)
    expected = [truth for hours, truth in told if hours == latest][-1]
    assert {"a": expected} == truths(place.joined())


@pytest.mark.parametrize(
    ("label", "reason"),
    [
        ({"label": True}, Reason.MISSING_ID),
        ({"id": "a"}, Reason.MISSING_LABEL),
        ({"id": "a", "label": float("nan")}, Reason.BAD_LABEL),
        ({"id": "a", "label": {"deep": 1}}, Reason.BAD_LABEL),
        ({"id": "a", "label": "x" * 70_000}, Reason.OVERSIZED_VALUE),
        ({"id": "a", "label": 1, "time": "2099-01-01"}, Reason.FUTURE_TIME),
    ],
)
def test_a_bad_label_is_quarantined(place, label, reason):
    """A label that cannot be understood is rejected with its reason; the others are unharmed."""
    receipt = place.label([label, {"id": "b", "label": "fine"}])

    assert (receipt.accepted, receipt.rejected) == (1, 1)
    assert reason is receipt.rejections[0].reason
    assert [reason.value] == [item["_wk_reason"] for item in place.quarantine()]


def test_a_regression_label_is_a_finite_number(place):
    """Numbers are stored as such; NaN, infinity and text are no truth."""
    place.model = make_model(task=Task.REGRESSION)
    rows = [{"id": str(i), "label": v} for i, v in enumerate([1.5, float("inf"), "2", None])]
    place.send([row("0")])
    receipt = place.label(rows)

    assert (receipt.accepted, receipt.rejected) == (1, 3)
    assert truths(place.joined()) == {"0": "1.5"}


@pytest.mark.parametrize(
    ("kind", "told", "joined"),
    [
        (ColumnType.BOOLEAN, [1, 0, "true", "late"], [True, False, True, None]),
        (ColumnType.NUMERIC, [1, 0.5, True, "late"], [1.0, 0.5, 1.0, None]),
        (ColumnType.CATEGORICAL, [1, 1.0, True, "late"], ["1", "1", "true", "late"]),
    ],
)
def test_a_label_has_the_type_of_its_column(place, kind, told, joined):
    """What the column cannot hold is rejected; the rest is joined as the column's own type."""
    columns = [c for c in place.model.columns if c.role is not Role.LABEL]
    place.model = replace(place.model, columns=(*columns, Column("late", kind, Role.LABEL)))
    place.send([row(str(n)) for n in range(4)])
    receipt = place.label([{"id": str(n), "label": value} for n, value in enumerate(told)])

    assert receipt.rejected == joined.count(None)
    assert list(truths(place.joined()).values()) == joined
