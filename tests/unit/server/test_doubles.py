"""Rows that come again after their ids were forgotten: stored twice, counted once, and told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa

from watchkeeper.domain.verdict import Status
from watchkeeper.domain.window import Window
from watchkeeper.ingest.rows import RowKind
from watchkeeper.server.doubles import count_doubles

START = datetime(2024, 3, 4, tzinfo=UTC)
DAY = timedelta(days=1)


def again(stage, clock):
    """A day whose rows come a second time, 20 days later, when their ids are forgotten."""
    table = stage.send(START)
    stage.parts.worker().step()
    clock.advance(400 * DAY)
    stage.parts.catalog.inbox.forget(clock())
    stage.receive(
        RowKind.PREDICTIONS, table.slice(0, 30).drop_columns(["repaid"]), "again", START + 20 * DAY
    )
    stage.parts.worker().step()
    return stage.parts.catalog.windows.get("loans", Window(START, START + DAY)).accounting


def test_rows_that_are_stored_twice_are_counted_once(stage, clock):
    """The window's account says so, the verdict too, and looking again changes nothing."""
    before = again(stage, clock)
    upkeep = stage.parts.upkeep()
    upkeep.doubles.step(lambda: True)
    stage.advance(START + 21 * DAY)
    stage.parts.worker().step()
    clock.advance(2 * DAY)
    upkeep.doubles.step(lambda: True)

    after = stage.parts.catalog.windows.get("loans", Window(START, START + DAY)).accounting
    assert (before.accepted - after.accepted, after.duplicate - before.duplicate) == (30, 30)
    (told,) = stage.verdicts(what=("unaccounted_rows",), start=START, end=START + DAY)
    assert told.status is Status.ALERT
    assert "30 rows came again after their ids were forgotten" in told.message


def test_it_looks_once_a_day_and_only_while_it_may(stage, clock):
    """What was looked through is left alone until the next day."""
    stage.send(START)
    stage.parts.worker().step()
    doubles = stage.parts.upkeep().doubles

    assert [doubles.step(lambda: False), doubles.step(lambda: True)] == [0, 1]
    assert doubles.step(lambda: True) == 0
    clock.advance(DAY)
    assert doubles.step(lambda: True) == 1


def test_doubles_are_counted_within_their_window():
    """Three rows of an id are two too many; the same id in two windows is no double."""
    first, second = Window(START, START + DAY), Window(START + DAY, START + 2 * DAY)
    times = [START, START, START + DAY / 2, START + DAY]
    rows = pa.table(
        {"_wk_id": ["a", "a", "a", "a"], "_wk_time": pa.array(times, pa.timestamp("us", "UTC"))}
    )

    assert count_doubles(rows, [first, second]) == {first: 2, second: 0}
    assert count_doubles(pa.table({}), [first]) == {first: 0}
