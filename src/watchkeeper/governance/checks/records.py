"""The records: whole, at the newest schema, and in step with the inbox and the lake."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial

import sqlalchemy as sa

from watchkeeper.catalog.catalog import Catalog
from watchkeeper.catalog.database import Database, insert_into
from watchkeeper.catalog.migrate import migrate, revisions
from watchkeeper.catalog.schema import claims, inbox, inbox_identity, moves
from watchkeeper.governance.checks.finding import Finding, Health, Subject
from watchkeeper.ingest.mover import Mover, longest_wait, writer_of
from watchkeeper.lake.layout import LakeTable

__all__ = ["databases", "leftovers", "migrations", "positions"]

_PATIENCE_SECONDS = 5.0


def databases(subject: Subject) -> Iterator[Finding]:
    """Each database answers, and SQLite's files are whole."""
    for name, database in _databases(subject):
        with database.read() as connection:
            if not database.is_sqlite:
                yield Finding("databases", Health.OK, f"the {name} database answers")
                continue
            said = connection.exec_driver_sql("PRAGMA quick_check(5)").scalars().all()
        if said == ["ok"]:
            yield Finding("databases", Health.OK, f"{database.url.database} is whole")
        else:
            yield Finding(
                "databases",
                Health.FAIL,
                f"{database.url.database} is damaged: {'; '.join(map(str, said))[:300]}",
                "stop the server and restore the latest backup",
            )


def migrations(subject: Subject) -> Iterator[Finding]:
    """Both groups of tables are at the newest schema."""
    for group, database in (
        ("catalog", subject.installation.records),
        ("inbox", subject.installation.inbox),
    ):
        held, newest = revisions(database, group)
        if held == newest:
            yield Finding("migrations", Health.OK, f"the {group} is at {newest}, the newest")
            continue
        behind = held is None or held < newest
        yield Finding(
            "migrations",
            Health.FAIL,
            f"the {group} must be at {newest}, it is at {held or 'nothing'}",
            "start the server, which brings it there"
            if behind
            else "a newer version of the program wrote it: use that",
            partial(_migrate, database, group) if behind else None,
        )


def _migrate(database: Database, group: str) -> str:
    migrate(database, group)
    return f"the {group} is at the newest schema now"


def leftovers(subject: Subject) -> Iterator[Finding]:
    """No rows wait in the inbox for a mover that does not come."""
    first = _oldest(subject)
    if first is not None and subject.serving:
        wait = longest_wait(len(subject.models)).total_seconds() + _PATIENCE_SECONDS
        threading.Event().wait(wait)  # its mover may let them wait for others so long
        if _oldest(subject) != first:
            first = None
    if first is None:
        yield Finding("inbox", Health.OK, "no rows are left behind in the inbox")
        return
    waiting, open_claims = _waiting(subject)
    yield Finding(
        "inbox",
        Health.WARN,
        f"{waiting:,} batches wait in the inbox"
        + (f", {open_claims:,} moves of them are half done" if open_claims else ""),
        "its mover stands still: see the server's log for `move failed`"
        if subject.serving
        else "they are moved when the server starts, or with --repair",
        partial(_move, subject),
    )


def positions(subject: Subject) -> Iterator[Finding]:
    """Neither records nor lake are ahead of the inbox: they would take new rows for known ones."""
    ahead = []
    identity, claimed, recorded = _numbers(subject)
    for model in subject.models:
        made = claimed.get(model, 0)
        stored = [
            subject.installation.lake.sequence(model, table, writer_of(identity)) or 0
            for table in LakeTable
        ]
        reached = max(recorded.get(model, 0), *stored)
        if reached > made:
            ahead.append(model)
            yield Finding(
                "positions",
                Health.FAIL,
                f"{model}: lake or records know move {reached}, the inbox has made {made} only: "
                "the next moves would be taken for known, and their rows be lost",
                "the inbox is older than the rest (was it restored alone?)",
                partial(_go_on_from, subject, model, reached),
            )
    if not ahead:
        yield Finding("positions", Health.OK, "inbox, lake and records agree on what was moved")


def _databases(subject: Subject) -> list[tuple[str, Database]]:
    held = subject.installation
    if held.records is held.inbox:
        return [("one", held.records)]
    return [("catalog", held.records), ("inbox", held.inbox)]


def _oldest(subject: Subject) -> int | None:
    with subject.installation.inbox.read() as connection:
        found: int | None = connection.execute(sa.select(sa.func.min(inbox.c.position))).scalar()
    return found


def _waiting(subject: Subject) -> tuple[int, int]:
    number = sa.func.count()
    half = sa.func.count(sa.distinct(inbox.c.model)).filter(inbox.c.claim.is_not(None))
    with subject.installation.inbox.read() as connection:
        batches, open_claims = connection.execute(sa.select(number, half).select_from(inbox)).one()
    return int(batches), int(open_claims)


def _move(subject: Subject) -> str:
    held = subject.installation
    moved = Mover(Catalog(held.records, held.inbox), held.lake).move()
    return f"{sum(done.rows for done in moved):,} rows moved to the lake"


def _numbers(subject: Subject) -> tuple[str, dict[str, int], dict[str, int]]:
    with subject.installation.inbox.read() as connection:
        identity: str = connection.execute(sa.select(inbox_identity.c.id)).scalar_one()
        claimed = {row.model: row.number for row in connection.execute(sa.select(claims))}
    told = sa.select(moves.c.model, moves.c.number).where(moves.c.inbox == identity)
    with subject.installation.records.read() as connection:
        recorded = {row.model: row.number for row in connection.execute(told)}
    return identity, claimed, recorded


def _go_on_from(subject: Subject, model: str, number: int) -> str:
    with subject.installation.inbox.write() as connection:
        change = insert_into(connection, claims).values(model=model, number=number)
        connection.execute(
            change.on_conflict_do_update(index_elements=["model"], set_={"number": number})
        )
        # What was claimed under a number that is taken is claimed anew, under a new one.
        connection.execute(sa.update(inbox).where(inbox.c.model == model).values(claim=None))
    return f"{model}: moves go on after {number}"
