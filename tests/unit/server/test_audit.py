"""The daily audit: three records of the same rows agree, or a verdict says what does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pytest
import sqlalchemy as sa

from watchkeeper.catalog.chores import Chore, ChoreKey
from watchkeeper.catalog.schema import account_days, batches
from watchkeeper.definitions.document import load_model, model_to_dict
from watchkeeper.domain.verdict import Status
from watchkeeper.ingest.rows import RowKind
from watchkeeper.lake.layout import LakeTable

START = datetime(2024, 3, 4, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture
def day(stage):
    """A day with repeats, bad rows, labels of its own and labels that came with predictions."""
    table = stage.send(START, known_at=START + 20 * HOUR)
    again = table.slice(0, 30).drop_columns(["repaid"])
    stage.receive(RowKind.PREDICTIONS, again, "again", START + 21 * HOUR)
    bad = pa.table({"loan": ["x"], "at": [START], "income": ["a lot"]})
    stage.receive(RowKind.PREDICTIONS, bad, "bad", START + 21 * HOUR)
    whole = stage.loans(START, rows=20, seed=3, loan=[f"w{place}" for place in range(20)])
    stage.receive(RowKind.PREDICTIONS, whole, "whole", START + 22 * HOUR)
    return stage


def go_on(stage, hours=1):
    """The next day begins, and the worker works."""
    stage.advance(START + DAY + hours * HOUR)
    stage.parts.worker().step()


def audited(stage):
    """The day's faults by kind, after an audit."""
    stage.parts.upkeep().audit.step(lambda: True)
    days = stage.parts.catalog.accounts.days("loans", start=START.date(), end=date(2024, 3, 5))
    assert all(item.checked_at is not None for item in days)
    return {item.kind: item.fault for item in days}


def verdict(stage):
    """The verdict on the day's accounts that holds now."""
    (found,) = stage.verdicts(what=("unaccounted_rows",))
    return found


def change(stage, table, **values):
    """Somebody meddles with a record."""
    database = stage.parts.catalog.inbox if table is batches else stage.parts.catalog.accounts
    with database._database.write() as connection:
        connection.execute(sa.update(table).values(**values))


def test_a_day_that_agrees_is_checked_once(day):
    """Whatever became of its rows, the day adds up; it is not looked at again."""
    go_on(day)

    assert audited(day) == {"predictions": "", "labels": ""}
    assert day.parts.upkeep().audit.step(lambda: True) == 0
    assert verdict(day).status is Status.OK


def test_a_day_waits_for_its_end_and_for_its_rows(day):
    """A day is compared when it is over on the model's clock, and nothing of it waits."""
    audit = day.parts.upkeep().audit
    day.parts.worker().step()
    assert audit.step(lambda: True) == 0

    over = replace(audit, time_of=lambda _: START + 2 * DAY)
    day.receive(RowKind.PREDICTIONS, day.loans(START, rows=3), "late", START + 23 * HOUR)
    assert over.step(lambda: True) == 0
    day.parts.worker().step()
    assert over.step(lambda: True) == 1


def test_a_row_too_many_in_the_lake_is_a_verdict(day):
    """What nobody acknowledged is found, told, and forgiven once it is mended."""
    go_on(day)
    stored = day.parts.lake.rows("loans", LakeTable.PREDICTIONS, start=START, end=START + DAY)
    extra = stored.slice(0, 2).drop_columns(["_wk_seq"])
    day.parts.lake.append("loans", LakeTable.PREDICTIONS, extra, app_id="meddler", sequence=1)

    assert "170 rows of predictions were counted and 172 are stored" in audited(day)["predictions"]
    go_on(day, hours=3)
    assert verdict(day).status is Status.ALERT
    assert "172 are stored" in verdict(day).message


def test_a_lost_acknowledgement_is_a_verdict(day):
    """An account that lacks rows of a receipt is found, whichever count it is."""
    go_on(day)
    change(day, account_days, accepted=100)

    assert "accepted were acknowledged" in audited(day)["predictions"]


def test_expired_receipts_say_nothing(day):
    """Where receipts are gone only the lake is compared with."""
    go_on(day)
    with day.parts.catalog.inbox._database.write() as connection:
        connection.execute(sa.delete(batches).where(batches.c.batch == "bad"))

    assert audited(day) == {"predictions": "", "labels": ""}


def test_rows_that_were_let_go_are_not_missed(day):
    """Old rows that retention may have deleted are no fault."""
    go_on(day)
    change(day, account_days, labels=1, quarantined=9)
    for table in LakeTable:
        day.parts.catalog.chores.record(
            ChoreKey("retain", "loans", table), Chore(START, before=START + DAY)
        )

    assert audited(day) == {"predictions": "", "labels": ""}


def test_days_before_accounts_were_kept_are_left_out(day):
    """After an update in the middle of a day its rows are more than its accounts: no alarm."""
    go_on(day)
    change(day, account_days, received=5, accepted=5)

    assert audited(day) == {"predictions": "", "labels": ""}


def test_a_day_that_grows_is_compared_again(day):
    """Late rows of a day that was compared make it due again."""
    go_on(day)
    audited(day)
    late = day.loans(START, rows=3, loan=["l1", "l2", "l3"]).drop_columns(["repaid"])
    day.receive(RowKind.PREDICTIONS, late, "late", START + 23 * HOUR)
    go_on(day, hours=2)

    assert audited(day) == {"predictions": "", "labels": ""}


def test_rows_that_their_table_refuses_are_accounted_for(day, definition):
    """A column that differs from a stored one in case alone is set aside whole: the day agrees."""
    go_on(day)
    text = definition.replace("income:", "INCOME:")
    day.parts.models.apply("loans", model_to_dict(load_model(text)), by="test", now=START)
    table = day.loans(START + DAY, rows=7)
    renamed = table.rename_columns(
        ["INCOME" if name == "income" else name for name in table.column_names]
    )
    day.receive(RowKind.PREDICTIONS, renamed, "renamed", START + DAY + 2 * HOUR)
    go_on(day, hours=26)

    day.parts.upkeep().audit.step(lambda: True)

    (account,) = day.parts.catalog.accounts.days(
        "loans", start=date(2024, 3, 5), end=date(2024, 3, 6)
    )
    assert (account.received, account.accepted, account.rejected) == (7, 0, 7)
    assert (account.set_aside, account.labels, account.quarantined) == (7, 7, 7)
    assert account.checked_at is not None
    assert account.fault == ""
