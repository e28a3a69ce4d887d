"""The mover: each acknowledged row reaches the lake exactly once, whatever breaks on the way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from dataclasses import replace
from datetime import timedelta

import pytest

from watchkeeper.domain.model import Column, ColumnType, Role
from watchkeeper.errors import Unavailable
from watchkeeper.ingest import Mover
from watchkeeper.ingest.conflicts import set_aside
from watchkeeper.lake import Lake

from .conftest import NOON, Installation, make_model


class Crash(BaseException):
    """Not an Exception: nothing in the product may catch it, as nothing catches a kill."""


def crash_at(patch, owner, name, *, call, before):
    """Make the ``call``-th call of a method crash, before or after its work."""
    original = getattr(owner, name)
    calls = iter(range(1, 1000))

    def broken(*args, **kwargs):
        now = next(calls) == call
        if now and before:
            raise Crash
        result = original(*args, **kwargs)
        if now:
            raise Crash
        return result

    patch.setattr(owner, name, broken)


STEPS = [("claim", 1), ("append", 1), ("append", 2), ("append", 3), ("record", 1), ("finish", 1)]


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize(("step", "call"), STEPS, ids=[f"{name}-{call}" for name, call in STEPS])
def test_a_crash_between_any_two_steps_applies_nothing_twice(
    place, monkeypatch, step, call, before
):
    """Rows, labels, rejections and counts are the same as without the crash."""
    rows = [{"id": str(i), "time": NOON.isoformat(), "wind": i} for i in range(5)]
    place.send([*rows, {"id": "x", "wind": "strong"}])
    place.label([{"id": str(i), "label": i % 2 == 0} for i in range(5)])
    owners = {"claim": place.catalog.inbox, "append": place.lake, "finish": place.catalog.inbox}
    owner = owners.get(step, place.catalog.windows)

    with monkeypatch.context() as patch:
        crash_at(patch, owner, step, call=call, before=before)
        with pytest.raises(Crash):
            place.mover.move()
    place.send([{"id": "later", "time": NOON.isoformat(), "wind": 9.0}])
    after = Mover(place.catalog, Lake(place.home / "lake"))
    after.move()
    after.move()

    labels = [item["late"] for item in place.joined()]
    assert sorted(labels, key=str) == [None, "false", "false", "true", "true", "true"]
    assert len(place.quarantine()) == 1
    assert (place.stored("predictions"), place.stored("labels")) == (6, 5)
    done = place.window().accounting
    assert (done.received, done.accepted, done.rejected, done.duplicate) == (7, 6, 1, 0)
    assert [item.rows for item in place.catalog.windows.rejections("flights")] == [1]
    assert place.catalog.inbox.waiting() == (0, 0)


def test_two_movers_at_once_move_once(place):
    """A second mover that has the same claim in hand changes nothing."""
    place.send([{"id": "a", "time": NOON.isoformat(), "wind": 1}])
    other = Mover(place.catalog, Lake(place.home / "lake"))
    claim = place.catalog.inbox.claim("flights")
    place.mover.move()
    move, _ = other._append(claim, set_aside(claim, Lake(place.home / "lake")))

    assert not place.catalog.windows.record(move)
    assert len(place.joined()) == 1


def test_nothing_waiting_is_nothing_moved(place):
    """An empty inbox is left alone."""
    assert place.mover.move() == ()


def test_a_move_names_what_it_touched(place):
    """Touched windows are those of the predictions and of the predictions of late labels."""
    yesterday = NOON - timedelta(days=1)
    place.send([{"id": "a", "time": yesterday.isoformat(), "wind": 1}])
    place.mover.move()
    place.send([{"id": "b", "time": NOON.isoformat(), "wind": 1}])
    place.label([{"id": "a", "label": True}, {"id": "unheard-of", "label": True}])
    (moved,) = place.mover.move()

    assert moved.rows == 3
    assert [window.start.day for window in moved.windows] == [28, 1]


def test_a_model_that_fails_does_not_hold_up_another(place, monkeypatch):
    """The failure is raised in the end, the other model's rows are moved."""
    other = make_model()
    other = type(other)("second", other.task, other.columns)
    place.send([{"id": "a", "time": NOON.isoformat(), "wind": 1}])
    place.send([{"id": "a", "time": NOON.isoformat(), "wind": 1}], model=other)
    append = place.lake.append

    def refuse(model, *args, **kwargs):
        if model == "flights":
            raise Unavailable("the object store is away")
        return append(model, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(place.lake, "append", refuse)
        with pytest.raises(Unavailable):
            place.mover.move()

    assert [wait.model for wait in place.catalog.inbox.waits()] == ["flights"]
    assert len(place.joined()) == 1


def retyped(model, kind):
    """The model with another type of its first column."""
    columns = [Column(c.name, kind, c.role) if c.name == "wind" else c for c in model.columns]
    return replace(model, columns=tuple(columns))


def test_a_column_that_changed_its_type_loses_nothing(place):
    """Values of either type are kept, and read as the definition asks where they allow it."""
    place.send([{"id": "a", "time": NOON.isoformat(), "wind": 1.5}])
    place.mover.move()
    changed = retyped(place.model, ColumnType.CATEGORICAL)
    place.send([{"id": "b", "time": NOON.isoformat(), "wind": "N"}], model=changed)
    place.send([{"id": "c", "time": NOON.isoformat(), "wind": "3"}], model=changed)
    place.send([{"id": "d", "time": NOON.isoformat(), "wind": 2.5}])

    assert [item["wind"] for item in place.joined()] == [1.5, None, 3.0, 2.5]
    assert [item["wind"] for item in place.joined(model=changed)] == ["1.5", "N", "3", "2.5"]
    assert place.quarantine() == []


def test_a_move_of_two_types_is_repeated_alike(place):
    """Both types within one claim, whose append is done again after a crash, are stored once."""
    place.send([{"id": "a", "time": NOON.isoformat(), "wind": 1.5}])
    place.send(
        [{"id": "b", "time": NOON.isoformat(), "wind": "N"}],
        model=retyped(place.model, ColumnType.CATEGORICAL),
    )
    claim = place.catalog.inbox.claim("flights")
    place.mover._append(claim, set_aside(claim, Lake(place.home / "lake")))

    assert [item["wind"] for item in place.joined()] == [1.5, None]


@pytest.mark.parametrize(
    ("kind", "values", "expected"),
    [
        (ColumnType.NUMERIC, [1, 2.5, "x", None], [1.0, 2.5, None, None]),
        (ColumnType.CATEGORICAL, ["a", True, 3.0, [1]], ["a", "true", "3", "[1]"]),
        (ColumnType.BOOLEAN, [True, "false", "x", 2], [True, False, None, None]),
        (ColumnType.TIMESTAMP, ["2013-03-01T12:00:00Z", "x", 5, None], [NOON, None, None, None]),
        (ColumnType.EMBEDDING, [[1, 2], "x", 5, None], [[1.0, 2.0], None, None, None]),
    ],
)
def test_what_came_before_its_column_was_known_is_found_later(place, kind, values, expected):
    """A new feature is kept beside the row; a definition that names it reads it from there."""
    rows = [{"id": str(n), "time": NOON.isoformat(), "gust": v} for n, v in enumerate(values)]
    place.send(rows)
    place.send([{"id": "z", "time": NOON.isoformat()}])
    later = replace(place.model, columns=(*place.model.columns, Column("gust", kind)))

    assert [item["gust"] for item in place.joined(model=later)] == [*expected, None]
    assert "gust" not in place.joined()[0]


def test_a_new_column_joins_the_table(place):
    """A definition may gain columns: older rows have no value there."""
    place.send([{"id": "a", "time": NOON.isoformat(), "wind": 1.5}])
    place.mover.move()
    wider = make_model(Column("rain", ColumnType.NUMERIC, Role.FEATURE))
    place.send([{"id": "b", "time": NOON.isoformat(), "rain": 0.5}], model=wider)

    assert [item["rain"] for item in place.joined(model=wider)] == [None, 0.5]
    assert "rain" not in place.joined()[0]


SENDER = """
    import sys
    from datetime import UTC, datetime
    from pathlib import Path
    from tests.unit.ingest.conftest import Installation, NOON

    place = Installation(Path(sys.argv[1]))
    for batch in range(10_000):
        rows = [{"id": f"{batch}-{i}", "time": NOON.isoformat(), "wind": i} for i in range(20)]
        receipt = place.send(rows, batch=f"b{batch}")
        print(batch, receipt.accepted, flush=True)
        if batch % 3 == 0:
            place.mover.move()
"""


def test_what_was_acknowledged_survives_a_kill(tmp_path, migrated):
    """After `kill -9` at any moment every acknowledged row is in the lake, once."""
    import shutil
    from pathlib import Path

    home = tmp_path / "home"
    shutil.copytree(migrated, home)
    root = Path(__file__).parents[3]
    paths = os.pathsep.join([str(root), str(root / "src")])
    command = [sys.executable, "-c", textwrap.dedent(SENDER), str(home)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": paths}
    ) as process:
        acknowledged = [process.stdout.readline() for _ in range(11)]
        process.send_signal(signal.SIGKILL)
        acknowledged += process.stdout.readlines()
    said = [line.split() for line in acknowledged if line.endswith("\n")]

    place = Installation(home)
    ids = [item["_wk_id"] for item in place.joined()]
    place.catalog.close()
    assert len(said) >= 11
    assert len(ids) == len(set(ids)) == place.window().accounting.accepted
    assert {f"{batch}-{i}" for batch, _ in said for i in range(20)} <= set(ids)


def test_what_waits_is_moved_by_age_or_size(place, monkeypatch):
    """A batch is moved at once where few models wait; where many do, each waits its turn, unless it
    is large.
    """
    place.send([{"id": "1", "time": NOON.isoformat(), "wind": 1.0}], known_at=NOON)
    (wait,) = place.catalog.inbox.waits()
    others = tuple(replace(wait, model=f"m{i}") for i in range(99))
    monkeypatch.setattr(place.catalog.inbox, "waits", lambda: (wait, *others))
    soon, late = wait.since + timedelta(seconds=9), wait.since + timedelta(seconds=11)

    assert place.mover.move_due(soon) == ()
    assert [moved.model for moved in place.mover.move_due(late)] == ["flights"]

    monkeypatch.setattr(place.catalog.inbox, "waits", lambda: (replace(wait, size=2**24), *others))
    place.send([{"id": "2", "time": NOON.isoformat(), "wind": 1.0}])
    assert [moved.model for moved in place.mover.move_due(soon)] == ["flights"]


def test_history_is_moved_in_larger_pieces(place, monkeypatch):
    """Of a backfill, whose rows were known long ago, not every batch is a commit of its own."""
    monkeypatch.setattr("watchkeeper.ingest.mover._REST_SECONDS", 3_600.0)
    years_later = NOON + timedelta(days=4_000)
    place.send([{"id": "1", "time": NOON.isoformat(), "wind": 1.0}])
    assert len(place.mover.move_due(years_later)) == 1
    place.send([{"id": "2", "time": NOON.isoformat(), "wind": 1.0}])

    assert place.mover.move_due(years_later) == ()
