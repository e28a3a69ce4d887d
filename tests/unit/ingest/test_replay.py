"""Rejected rows sent again: each at most once, and what is still wrong stays."""

from __future__ import annotations

from dataclasses import replace

import pytest

from watchkeeper.domain.model import Column, ColumnType, Policy
from watchkeeper.ingest import RowKind
from watchkeeper.ingest.fixes import Fix
from watchkeeper.ingest.replay import HeldRow, Replay

from .conftest import NOON, make_model

TIMED = {"time": NOON.isoformat()}


@pytest.fixture
def replay(place):
    """Replays what lies in quarantine."""

    def run(fix=None, *, model=None, only_say=False):
        rows = [
            HeldRow(
                row["_wk_seq"],
                str(row["_wk_seq"]),
                row["_wk_known_at"],
                RowKind(row["_wk_kind"]),
                row["_wk_row"],
            )
            for row in place.quarantine()
        ]
        replaying = Replay(place.catalog, place.receiver)
        return replaying.run(model or place.model, rows, fix or Fix(), now=NOON, only_say=only_say)

    return run


def test_a_fixed_row_is_taken_once(place, replay):
    """However often it is replayed; the row keeps its own id and time."""
    place.send(
        [{**TIMED, "id": "a", "speed": 3, "wind": "calm"}, {**TIMED, "id": "b", "wind": "x"}]
    )
    fix = Fix(values={"wind": {"calm": 0}})
    first, second = replay(fix), replay(fix)

    assert (first.rows, first.ready, first.held, first.accepted) == (2, 1, 1, 1)
    assert (second.rows, second.ready, second.accepted) == (1, 0, 0)
    assert [(row["_wk_id"], row["wind"]) for row in place.joined()] == [("a", 0.0)]
    assert len(place.quarantine()) == 2  # history stays
    assert "cannot hold 'x'" in second.examples[0].problem


def test_a_plan_changes_nothing(place, replay):
    """It says what would be taken, and shows the fixed rows."""
    place.send([{**TIMED, "id": "a", "wind": "1,5"}])
    told = replay(Fix(values={"wind": {"1,5": 1.5}}), only_say=True)

    assert (told.ready, told.accepted, told.examples[0].row["wind"]) == (1, 0, 1.5)
    assert place.joined() == []
    assert replay(Fix(values={"wind": {"1,5": 1.5}})).accepted == 1


def test_rows_without_id_and_time_get_the_same_ones_at_every_replay(place, replay):
    """They are minted from the place in the quarantine, and the time is that of the receipt."""
    place.send([{"wind": "x"}, {"wind": "y"}])
    fix = Fix(drop=["wind"])
    assert replay(fix).accepted == 2

    assert len({row["_wk_id"] for row in place.joined()}) == 2
    assert {row["_wk_time"] for row in place.joined()} == {NOON}


def test_a_definition_that_was_mended_takes_the_rows_as_they_are(place, replay):
    """No fix is needed where the definition was wrong."""
    place.send([{**TIMED, "id": "a", "wind": "strong"}])
    columns = [Column("wind", ColumnType.CATEGORICAL), *place.model.columns[1:]]
    mended = replace(place.model, columns=tuple(columns))

    assert replay(model=mended).accepted == 1
    assert [row["wind"] for row in place.joined(model=mended)] == ["strong"]


def test_labels_are_replayed_too(place, replay):
    """A label whose id had another name."""
    place.send([{**TIMED, "id": "a"}])
    place.label([{"loan": "a", "label": "true"}])

    assert replay(Fix(rename={"loan": "id"})).accepted == 1
    assert [row["late"] for row in place.joined()] == ["true"]


def test_what_was_withheld_cannot_be_replayed(place, replay):
    """A value that a policy kept out of the quarantine is not made up; a hashed one stays hashed."""
    model = make_model(
        Column("salary", ColumnType.NUMERIC, policy=Policy.BUCKET),
        Column("name", ColumnType.CATEGORICAL, policy=Policy.HASH),
    )
    good = {**TIMED, "wind": 1}
    place.send([{**good, "id": "n", "name": "Ann"}], model=model)
    place.send([{**good, "id": "a", "wind": "x", "salary": 7}], model=model)
    place.send([{**good, "id": "b", "wind": "x", "name": "Ann"}], model=model)
    done = replay(Fix(drop=["wind"]), model=model)

    assert (done.ready, done.accepted) == (1, 1)
    assert "kept out" in done.examples[0].problem
    known, again = (row["name"] for row in place.joined(model=model))
    assert known == again != "Ann"


def test_an_id_that_is_taken_is_rejected_anew(place, replay):
    """The fixed row says something else than the one that is stored under its id."""
    place.send([{**TIMED, "id": "a", "wind": 1}])
    place.send([{**TIMED, "id": "a", "wind": "x"}])
    done = replay(Fix(constant={"wind": 2}))

    assert (done.ready, done.accepted, done.rejected) == (1, 0, 1)
    assert sorted(row["_wk_reason"] for row in place.quarantine()) == ["bad_type", "id_reused"]
