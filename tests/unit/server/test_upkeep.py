"""Upkeep: what is due, when, and that rows go first."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from watchkeeper.catalog.database import to_micros
from watchkeeper.catalog.id_runs import Run
from watchkeeper.ingest.rows import RowKind
from watchkeeper.lake.care import TableCare
from watchkeeper.lake.delta import open_delta
from watchkeeper.lake.layout import LakeTable, table_uri
from watchkeeper.server import upkeep as upkeeping

START = datetime(2024, 3, 4, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def files(stage, table=LakeTable.PREDICTIONS):
    """How many files a table has now."""
    return len(open_delta(table_uri(stage.parts.lake.root, "loans", table)).file_uris())


def trickle(stage, batches):
    """Send a day's rows in small batches, each moved by itself."""
    day = stage.loans(START, rows=batches)
    for place in range(batches):
        row = day.slice(place, 1)
        stage.receive(RowKind.PREDICTIONS, row.drop_columns(["repaid"]), f"b{place}", START + HOUR)
        stage.parts.worker().mover.move()


def test_many_small_files_become_few(stage):
    """What was moved in many commits lies in one file a day afterwards, no row changed."""
    trickle(stage, 17)
    before = stage.parts.lake.rows("loans", LakeTable.PREDICTIONS, start=START, end=START + DAY)

    stage.parts.upkeep().step()

    after = stage.parts.lake.rows("loans", LakeTable.PREDICTIONS, start=START, end=START + DAY)
    assert files(stage) == 1
    assert after.sort_by("_wk_seq").equals(before.sort_by("_wk_seq"))


def test_few_files_stay(stage):
    """A day of a few files is not written again."""
    trickle(stage, 5)

    stage.parts.upkeep().step()

    assert files(stage) == 5


def test_nothing_is_due_twice(stage, clock):
    """Without new rows there is nothing to do, until ids expire an hour or a day later; also after
    a restart.
    """
    trickle(stage, 2)

    assert stage.parts.upkeep().step() > 0
    assert stage.parts.upkeep().step() == 0
    clock.advance(HOUR)
    assert stage.parts.upkeep().step() == 1
    clock.advance(DAY)
    assert stage.parts.upkeep().step() > 1


def test_one_step_is_short(stage):
    """What does not fit into half a minute is done by the next steps."""
    trickle(stage, 1)
    upkeep = stage.parts.upkeep()
    told = itertools.count(0, 16)
    upkeep.seconds = lambda: float(next(told))

    done = [upkeep.step() for _ in range(20)]

    assert max(done) == 1
    assert done[-1] == 0


def test_expired_ids_are_forgotten(stage, clock):
    """What is remembered longer than its time is gone."""
    ids = stage.parts.catalog.inbox.ids
    runs = [Run(0, True, 0, 1, 1, 1, to_micros(clock() + step)) for step in (-HOUR, HOUR)]
    with ids.write() as store:
        numbers = [store.add(run, {0: b""}, live=True, now=clock()) for run in runs]

    stage.parts.upkeep().step()

    with ids.read() as store:
        assert [run.run for run in store.live()] == numbers[1:]


def test_rows_go_first_but_not_for_ever(stage, clock, monkeypatch):
    """While much waits nothing is begun; after ten minutes it is done all the same."""
    trickle(stage, 17)
    row = stage.loans(START + DAY, rows=1).drop_columns(["repaid"])
    stage.receive(RowKind.PREDICTIONS, row, "waits", START + HOUR)
    monkeypatch.setattr(upkeeping, "_MUCH_BYTES", 1)
    upkeep = stage.parts.upkeep()

    assert (upkeep.step(), files(stage)) == (0, 17)
    clock.advance(timedelta(minutes=9))
    assert upkeep.step() == 0
    clock.advance(timedelta(minutes=1))
    assert upkeep.step() > 0
    assert files(stage) == 1


def test_a_table_that_fails_holds_up_nothing(stage, monkeypatch):
    """What failed is tried again in the next step; the rest is done."""
    trickle(stage, 17)
    upkeep = stage.parts.upkeep()

    def fail(*_args, **_options):
        raise RuntimeError("the store said something new")

    with monkeypatch.context() as away:
        away.setattr(TableCare, "crowded", fail)
        assert upkeep.step() > 0
    assert files(stage) == 17
    assert upkeep.step() == 1
    assert files(stage) == 1


@pytest.mark.parametrize("commits", [0, 60])
def test_replaced_files_are_deleted_in_the_end(stage, commits):
    """A file that nothing needs any more is deleted, though the log has forgotten it meanwhile."""
    lake = stage.parts.lake
    trickle(stage, 17)
    care = lake.care("loans", LakeTable.PREDICTIONS)
    care.merge(*care.crowded(min_files=16))
    folder = table_uri(lake.root, "loans", LakeTable.PREDICTIONS)
    open_delta(folder).alter.set_table_properties(
        {"delta.deletedFileRetentionDuration": "interval 0 seconds"}
    )
    for place in range(commits):  # each fiftieth writes a checkpoint, which drops what was removed
        rows = pa.table({"_wk_id": [f"x{place}"], "_wk_day": pa.array([START.date()])})
        lake.append("loans", LakeTable.PREDICTIONS, rows, app_id="x", sequence=place)

    care.vacuum(hours=0)

    assert files(stage) == 1 + commits
    assert len([*Path(folder).glob("_wk_day=*/*.parquet")]) == 1 + commits
